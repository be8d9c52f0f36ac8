"""Text folded to the width of the terminal, and commands that stay whole."""

import os

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.text import problem_list, width


@pytest.fixture
def terminal_of(monkeypatch):
    """Set how wide the terminal is, None for none: terminal_of(columns, NAME=value of the environment)."""

    def terminal_of(columns, **environment):
        for name in ("SAF_COLUMNS", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def size(_descriptor):
            if columns is None:
                raise OSError
            return os.terminal_size((columns, 24))

        monkeypatch.setattr(width.os, "get_terminal_size", size)
        width._of_terminal.cache_clear()

    yield terminal_of
    width._of_terminal.cache_clear()


@pytest.mark.parametrize(("given", "columns"), [("120", 120), ("7", 40), ("99999999", 500), ("wide", 80), ("0", 80), ("²", 80)])
def test_columns(terminal_of, given, columns):
    terminal_of(None, SAF_COLUMNS=given)
    assert width.columns() == columns


@pytest.mark.parametrize(
    ("terminal", "environment", "columns"),
    [
        (100, {"SAF_COLUMNS": "90", "COLUMNS": "120"}, 90),
        (100, {"COLUMNS": "120"}, 120),
        (100, {}, 100),
        (64, {}, 64),
        (0, {}, 80),  # a terminal that does not know its size
        (None, {}, 80),
    ],
)
def test_one_rule_says_how_wide_the_output_is(terminal_of, terminal, environment, columns):
    terminal_of(terminal, **environment)
    assert width.columns() == columns


def test_a_worker_without_the_terminal_has_its_width(terminal_of, monkeypatch):
    terminal_of(132)
    assert width.columns() == 132
    monkeypatch.setattr(width.os, "get_terminal_size", lambda _descriptor: pytest.fail("asked twice"))
    assert width.columns() == 132


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["- short"]),
        ("", ["-"]),
        ("one two three four five six", ["- one two", "  three", "  four", "  five six"]),
        ("averyverylongword", ["- averyverylongword"]),
        ("  ind ent ed text", ["-   ind", "    ent ed", "    text"]),
        ("ansible-playbook -i inventory/mine site.yml", ["- ansible-playbook -i inventory/mine site.yml"]),
        ("a b: ansible-playbook -i inventory/mine x", ["- a b:", "  ansible-playbook -i inventory/mine x"]),
        ("ssh -N -L 8265:127.0.0.1:8265 admin@alpha", ["- ssh -N -L 8265:127.0.0.1:8265 admin@alpha"]),
    ],
)
def test_fold(text, lines):
    assert width.fold(text, 10, "- ", "  ") == lines


ROWS = [
    {
        "node": "alpha",
        "check": "port",
        "wanted": "8265 free",
        "found": "process 4077 (nginx)",
        "fix": "Stop it.",
        "commands": ["x y"],
    },
    {"node": "a-node-with-a-long-name", "check": "memory", "wanted": "8 GiB", "found": "4 GiB", "fix": "Use " + "another " * 12},
    {"node": "alpha", "check": "disk", "wanted": "9 GiB", "found": "1 GiB", "fix": "Free space."},
]


def test_each_node_of_the_list_is_named_once():
    text = problem_list.render(ROWS, 80)
    assert text.splitlines()[:8] == [
        "alpha             port: process 4077 (nginx)",
        "                    wanted: 8265 free",
        "                    fix: Stop it.",
        "                    x y",
        "                  disk: 1 GiB",
        "                    wanted: 9 GiB",
        "                    fix: Free space.",
        "a-node-with-a-long-name",
    ]
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("alpha") == 1


def test_a_problem_of_the_inventory_has_no_node():
    row = {"node": "-", "check": "head", "wanted": "one host in group head", "found": "none", "fix": "Name one."}
    lines = problem_list.render([row], 80).splitlines()
    assert lines == ["head: none", "  wanted: one host in group head", "  fix: Name one."]
    assert problem_list.count([row]) == "1 problem"
    assert problem_list.count([row, ROWS[0]]) == "2 problems on 1 node"
    assert problem_list.render([row, ROWS[0]], 80).splitlines()[0] == "       head: none"


@pytest.mark.parametrize(
    ("rows", "words"), [(ROWS, "3 problems on 2 nodes"), (ROWS[:1], "1 problem on 1 node"), ([], "0 problems")]
)
def test_how_many_problems(rows, words):
    assert problem_list.count(rows) == words
