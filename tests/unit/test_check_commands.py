"""The check of documented commands: what it must find, and what it must leave alone."""

import documents
import pytest
from check_commands import command_problems, findings, program, simple_commands

TESTED = "<!-- test: tests/unit/test_check_commands.py::test_each_document_is_right -->"


def problems(code, in_block=True):
    return [problem for words in simple_commands(code) for problem in command_problems(words, in_block)]


@pytest.mark.parametrize("path", documents.paths(), ids=str)
def test_each_document_is_right(root, path):
    assert list(findings((root / path).read_text())) == []


def test_documents_have_commands(root):
    texts = {str(path): (root / path).read_text() for path in documents.paths()}
    shown = {path: sum(block.language == documents.SHELL for block in documents.blocks(text)) for path, text in texts.items()}
    assert shown["README.md"] >= 5
    assert shown["docs/use.md"] >= 10


@pytest.mark.parametrize(
    ("code", "fragment"),
    [
        ("make bensh", "no target bensh"),
        ("make bench QIUCK=1", "does not use QIUCK"),
        ("make molecule SCENARIO=sight", "no scenario sight"),
        ("make bench ARGS='-e bench_profil=quick'", "variable bench_profil"),
        ("ansible-playbook playbooks/stat.yml", "no playbook playbooks/stat.yml"),
        ("ansible-playbook saf.fabric.stat", "no playbook saf.fabric.stat"),
        ("ansible-playbook -i inventory/mien site.yml", "no inventory inventory/mien"),
        ("ansible-playbook site.yml --chekc", "--chekc"),
        ("ansible-playbook site.yml -e ray_prot=1", "variable ray_prot"),
        ("""ansible-playbook bench.yml -e '{"bench_overides": {}}'""", "variable bench_overides"),
        ("""ansible-playbook bench.yml -e '{"bench_overrides": }'""", "Expecting value"),
        ("cd x && sudo -u saf ansible-playbook no.yml", "no playbook no.yml"),
        ("uv run ansible-playbook no.yml", "no playbook no.yml"),
        ("A=1 .venv/bin/ansible-playbook no.yml", "no playbook no.yml"),
        ("./saf bensh", "Did you mean bench"),
        ("./saf bench --quik", "unrecognized arguments"),
        ("./saf bench -- --limti beta", "--limti"),
        ("python tools/no.py", "no tools/no.py"),
        ("pytest tests/unit/test_no.py::test_x", "no tests/unit/test_no.py"),
        ("gti clone <this repository>", "gti is no program"),
    ],
)
def test_what_does_not_exist_is_found(code, fragment):
    assert any(fragment in problem for problem in problems(code)), problems(code)


@pytest.mark.parametrize(
    "code",
    [
        "git clone <this repository> && cd studio-air-fabric",
        "make bench KEEP=1  # a comment",
        "make molecule SCENARIO=<name>",
        "make compare RUNS=<one>,<other> INVENTORY=<folder>",
        "./saf bench --quick -- --limit beta -K",
        "saf compare latest previous",
        "ansible-playbook -i inventory/mine site.yml bench.yml --check --diff -K",
        "ansible-playbook -i inventory/<yours> site.yml -f <number> --limit beta",
        'ansible-playbook bench.yml -e bench_profile=quick \\\n  -e \'{"bench_overrides": {"network": null}}\'',
        "ansible-playbook -i inventory saf.fabric.site",
        "cd / && sudo -u saf env HOME=/opt/saf/ray /opt/saf/current/bin/ray job submit -- python -c 'make nothing'",
        "ansible-playbook playbooks/status.yml; echo $?",
        "pytest tests/unit/test_check_commands.py::test_what_does_not_exist_is_found",
    ],
)
def test_what_exists_is_left_alone(code):
    assert problems(code) == []


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("```sh\nmake help\n```\n", "no comment below it"),
        (f"```\nmake help\n```\n{TESTED}\n", "names no language"),
        ("```sh\nmake help\n```\n<!-- needs: luck -->\n", "luck is none of"),
        ("```sh\nmake help\n```\n<!-- test: tests/unit/test_no.py::test_x -->\n", "no file tests/unit/test_no.py"),
        ("```sh\nmake help\n```\n<!-- test: tests/unit/test_check_commands.py::test_x -->\n", "no test tests/unit"),
        ("```sh\nmake help\n```\n<!-- test: tests/unit/test_check_commands.py -->\n", "no test tests/unit"),
        ("```sh\nmake help\n```\nText.\n\n" + TESTED, "no comment below it"),
        ("```python\nx = 1\n```\n", "no comment below it"),
        (f"```python\nx = = 1\n```\n{TESTED}\n", "not Python"),
        ("```yaml\na: b: c\n```\n", "not YAML"),
        ("Type `make nothing`.\n", "no target nothing"),
        ("Text <!-- see tests/unit/test_check_commands.py::test_no -->\n", "no test tests/unit"),
        ("Type\n\n    make help\n", "fence it"),
    ],
)
def test_a_document_that_is_wrong_is_found(text, fragment):
    assert any(fragment in sentence for _line, sentence in findings(text)), list(findings(text))


@pytest.mark.parametrize(
    "text",
    [
        f"```sh\nmake help\n```\n{TESTED}\n",
        "```sh\nmake help\n```\n\n<!-- needs: mac, cluster; why -->\n",
        "1. Step\n\n   ```sh\n   make help\n   ```\n   " + TESTED + "\n",
        "```text\nmake nothing\n```\n",
        "`make` alone, `make_nothing`, `x.make nothing`\n",
    ],
)
def test_a_document_that_is_right_is_left_alone(text):
    assert list(findings(text)) == []


def test_the_line_is_that_of_the_block():
    assert [line for line, _sentence in findings("one\n\n```sh\nmake help\n```\n")] == [3]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["sudo", "-u", "saf", "env", "A=1", "ray", "x"], "ray"),
        (["A=1", "/opt/x/bin/ray"], "ray"),
        (["uv", "run", "ansible-playbook"], "ansible-playbook"),
        ([], ""),
    ],
)
def test_the_program_of_a_command(words, name):
    assert program(words)[0] == name
