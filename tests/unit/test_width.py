"""Text folded to the width of the terminal, and commands that stay whole."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.text import problem_list, width


@pytest.mark.parametrize(("given", "columns"), [("120", 120), ("7", 40), ("99999999", 500), ("wide", 80), ("0", 80), ("²", 80)])
def test_columns(monkeypatch, given, columns):
    monkeypatch.setenv("SAF_COLUMNS", given)
    monkeypatch.setattr("ansible.utils.display.Display.columns", 79, raising=False)
    assert width.columns() == columns


def test_without_a_terminal_there_are_80_columns(monkeypatch):
    monkeypatch.delenv("SAF_COLUMNS")
    monkeypatch.setattr("ansible.utils.display.Display.columns", 79, raising=False)
    assert width.columns() == 80


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


@pytest.mark.parametrize(
    ("rows", "words"), [(ROWS, "3 problems on 2 nodes"), (ROWS[:1], "1 problem on 1 node"), ([], "0 problems")]
)
def test_how_many_problems(rows, words):
    assert problem_list.count(rows) == words
