"""The check of prose: what it must find, where it says so, and what it must leave alone."""

import sys

import pytest

LIST = """
# a comment
[everywhere]
at hand -> available
ways? back -> rollback
tells -> reports
[task names]
Ask -> Get, Check
"""


@pytest.fixture
def check(root, monkeypatch):
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(root / "tools"))
    import check_words

    monkeypatch.delitem(sys.modules, "check_words")
    return check_words


@pytest.fixture
def found(check):
    """Return the findings of a file: found("a.md", text) is [(line, phrase, replacement)]."""
    return lambda path, text: list(check.findings(path, text, check.read_list(LIST)))


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.md", "Title\n\nOne is at hand.\n", 3),
        ("a.md", "Broken over two lines, at\nhand.", 1),
        ("a.md", "- at\n  hand in a list", 1),
        ("a.yml", "# at hand\nkey: value\n", 1),
        ("a.yml", "key: value  # it tells\n", 1),
        ("a.yml", "- name: Use what is at hand\n", 1),
        ("a.yml", "- x:\n    description:\n      - First.\n      - At hand.\n", 4),
        ("a.yml", "- msg: >-\n    It is\n    at hand {{ here }}.\n", 3),
        ("a.yml", "- msg: \"{{ 'none at hand' if x else y }}\"\n", 1),
        ("a.py", '"""Docstring.\n\nAt hand.\n"""\n', 3),
        ("a.py", "x = 1  # at hand\n", 1),
        ("a.py", "# broken at\n# hand\n", 1),
        ("a.py", 'f("one is "\n  "at "\n  "hand now")\n', 2),
        ("a.py", 'f(f"{name} is at hand on {node}")\n', 1),
        ("a.py", "f(f\"{', '.join(names)} is at hand\")\n", 1),
        ("a.html.j2", "<p>\nOne is at hand: {{ value }}</p>\n", 2),
        ("a.md.j2", "{{ 'One is at hand' if value }}\n", 1),
        ("a.sh", "echo x\n# at hand\n", 2),
        ("Makefile", "help: ## what is at hand\n", 1),
    ],
)
def test_prose_of_each_kind_is_checked_and_the_line_is_right(found, path, text, line):
    assert [finding[0] for finding in found(path, text)] == [line]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", "```\nat hand\n```\n"),
        ("a.md", "Type:\n\n    at hand\n"),
        ("a.md", "Type `at hand`, then ``at hand``.\n"),
        ("a.md", "See [this](at/hand/tells).\n"),
        ("a.md", "At handover, a retells b.\n"),
        ("a.md", "at `x` hand\n"),
        ("a.yml", "at hand: at hand\ncommand: at hand\n"),
        ("a.yml", "- msg: \"{{ tells }} and {{ x['tells'] }}\"\n"),
        ("a.yml", "- description: Set C(tells) or O(at hand).\n"),
        ("a.py", "tells = tells(x['tells'])\n"),
        ("a.py", 'f("at", "hand")\n'),
        ("a.py", "f(f\"{tells} is {x['at hand']} here\")\n"),
        ("a.py", 'x = 1  # at\ny = "x"  # hand\n'),
        ("a.html.j2", "{% if tells %}{{ tells }}{% endif %}\n"),
        ("a.sh", "tells at hand\n"),
        ("a.csv", "at hand\n"),
    ],
)
def test_code_and_identifiers_are_left_alone(found, path, text):
    assert found(path, text) == []


def test_a_finding_has_the_phrase_as_written_and_its_replacement(found):
    assert found("a.md", "Two ways\nback, and it Tells.\n") == [(1, "ways back", "rollback"), (2, "Tells", "reports")]


def test_the_first_word_of_a_task_name_is_checked_but_no_other_name(found):
    text = "- name: Ask for it\n- name: 'Ask for it'\n- name: ask\n- name: Get what they Ask\n- title: Ask\n"
    assert found("a.yml", text) == [(1, "Ask", "Get, Check"), (2, "Ask", "Get, Check")]


def test_the_output_names_file_line_phrase_and_replacement(check, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("All is well.\n\nA way back.\n")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "report.md").write_text("A way back.\n")
    assert check.main([]) == 1
    assert capsys.readouterr().out.splitlines() == ["page.md:3: way back: write rollback", "1 files checked, 1 findings"]
    (tmp_path / "page.md").write_text("All is well.\n")
    assert check.main([]) == 0


def test_the_list_of_the_repository_can_be_read(check):
    sections = check.read_list(check.LIST.read_text())
    assert set(sections) == {"everywhere", "task names"}
    assert all(replacement.strip() for entries in sections.values() for _phrase, replacement in entries)


@pytest.mark.parametrize(
    "text",
    [
        "Each end looks up the interface of its own route.",
        "It leaves the file as it is written.",
        "The user nobody to whom it belongs.",
        "This goes on to the next node.",
        "Figures 1 and 2 show the shared memory.",
    ],
)
def test_the_list_of_the_repository_gives_no_false_alarm(check, text):
    assert list(check.findings("a.md", text, check.read_list(check.LIST.read_text()))) == []
