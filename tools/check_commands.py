#!/usr/bin/env python3
"""Check the commands of the documents: a test runs each of them, or they state what they need, and each names only what exists.

A block of shell commands is followed by a comment that names the tests that run it, or what it needs that no test has:

    <!-- test: tests/integration/test_make_bench.py::test_what_is_called -->
    <!-- needs: cluster; a word more for the reader of the source -->

Of every command, also of those in the text, these are checked: targets, variables and scenarios of make; playbooks, inventories,
options and variables of ansible-playbook; files of this repository; and in blocks the names of the programs.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import json
import re
import shlex
import sys
from pathlib import Path

import documents
import saf
import specs
import yaml

ROOT = Path(__file__).resolve().parents[1]
# What a command may need that a test does not have.
NEEDS = {
    "mac": "real macOS",
    "cluster": "nodes that are reached over SSH, as the reader has them",
    "person": "a password, an answer or eyes",
    "download": "something from outside of the package indexes",
    "clone": "the address of the repository",
}
# Programs other than this project's, by what they are here for.
PROGRAMS = {
    *("ansible-playbook", "ansible-galaxy", "ansible-doc", "ansible-vault", "make", "saf", "uv", "pytest", "python", "python3"),
    *(
        "git",
        "ssh",
        "ssh-copy-id",
        "ssh-keygen",
        "brew",
        "open",
        "xcode-select",
        "sudo",
        "sh",
        "ray",
        "journalctl",
        "systemctl",
        "tail",
    ),
    *(
        "cd",
        "cp",
        "echo",
        "export",
        "source",
        "true",
        ".",
        "pfctl",
        "nft",
        "pre-commit",
        "pip",
        "ansible-builder",
        "ansible-navigator",
    ),
}
# Inventories that a reader makes, with the one they are copied from.
INVENTORIES = {"inventory/mine": "inventory/studio", "inventory": "inventory/studio"}
_PLACEHOLDER = re.compile(r"<[^<>]+>|…")
_MARK = re.compile(r"(test|needs): *([^;]+?)(?:;.*)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


def simple_commands(code):
    """Return the simple commands of shell code as [words]; comments and redirections to files are left out."""
    # shlex would take a placeholder such as <this repository> for redirections.
    text = _PLACEHOLDER.sub("PLACEHOLDER", code.replace("\\\n", " "))
    commands: list[list[str]] = []
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set("();|&"):
                commands.append(words)
                words = []
            else:
                words.append(word)
        commands.append(words)
    return [words for words in commands if words]


def program(words):
    """Return (name of the program, its arguments) without assignments and without what runs another program."""
    words = list(words)
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] == "sudo" or words[:2] == ["uv", "run"]):
        if words[0] == "sudo":
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[2 if words[0] == "-u" else 1 :]
        elif words[0] == "uv":
            words = words[2:]
        else:
            words = words[1:]
    if words[:1] == ["env"]:
        return program(words[1:])
    return (words[0].rsplit("/", 1)[-1], words[1:]) if words else ("", [])


@functools.lru_cache(maxsize=1)
def make_names():
    """Return (targets, variables) of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    targets = {name for line in re.findall(r"(?m)^([\w./ -]+):(?!=)", text) for name in line.split()}
    variables = set(re.findall(r"(?m)^(?:export )?(\w+) *[:?]?=", text)) | set(re.findall(r"\$\((\w+)\)", text))
    return targets, variables


@functools.lru_cache(maxsize=1)
def playbook_variables():
    """Return the names of variables that a command line may set: the roles' options and what the plays declare or ask for."""
    names = set(specs.all_options())
    for path in [*ROOT.glob("*.yml"), *(ROOT / "playbooks").glob("*.yml")]:
        for play in yaml.safe_load(path.read_text()) or []:
            if isinstance(play, dict):
                names |= set(play.get("vars") or {})
        names |= set(re.findall(r"option_default', '(\w+)'", path.read_text()))
    return {name for name in names if not name.startswith("_")} | {
        *("ansible_become", "ansible_control_path", "ansible_python_interpreter", "ansible_user")
    }


def make_problems(words):
    """Yield what a call of make names that the Makefile does not have."""
    targets, variables = make_names()
    for word in words:
        name, sign, value = word.partition("=")
        if word.startswith("-"):
            continue
        if not sign and name not in targets:
            yield f"the Makefile has no target {name}"
        elif sign and name not in variables:
            yield f"the Makefile does not use {name}"
        elif name == "SCENARIO" and not (ROOT / "molecule" / value / "molecule.yml").exists() and "PLACEHOLDER" not in value:
            yield f"there is no scenario {value}"
        elif name == "ARGS":
            yield from playbook_problems([*shlex.split(value), "site.yml"])


def extra_names(given):
    """Return the names that one -e sets; ValueError when it is not what Ansible reads."""
    if given.startswith("@"):
        return []
    if given.lstrip().startswith(("{", "[")):
        return list(json.loads(given.replace("PLACEHOLDER", "null").replace("...", "")))
    return [part.partition("=")[0] for part in shlex.split(given)]


@functools.lru_cache(maxsize=1)
def _parser():
    from ansible.cli.playbook import PlaybookCLI

    cli = PlaybookCLI(["ansible-playbook", "x"])
    cli.init_parser()
    cli.parser.error = _refuse
    return cli.parser


def _refuse(message):
    raise ValueError(message)


def playbook_problems(words):
    """Yield what a call of ansible-playbook names that does not exist."""
    # A placeholder for the value of an option stands for a number as well.
    filled = ["1" if word == "PLACEHOLDER" and before.startswith("-") else word for before, word in zip(["", *words], words)]
    try:
        given = _parser().parse_args(filled)
    except ValueError as error:
        yield str(error)
        return
    for path in given.args:
        name = path.removeprefix("saf.fabric.")
        if "PLACEHOLDER" in path:
            continue
        if not (ROOT / "playbooks" / f"{name}.yml").exists() if name != path else not (ROOT / path).exists():
            yield f"there is no playbook {path}"
    for path in given.inventory or []:
        if "PLACEHOLDER" not in path and path.rstrip("/") not in INVENTORIES and not (ROOT / path).exists():
            yield f"there is no inventory {path}"
    for extra in given.extra_vars:
        try:
            names = extra_names(extra)
        except ValueError as error:
            yield f"-e {extra}: {error}"
            continue
        for name in names:
            if name not in playbook_variables():
                yield f"no play and no role knows the variable {name}"


def saf_problems(words):
    """Yield what saf refuses of a call."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            _options, rest = saf.parse([word for word in words if word != "PLACEHOLDER"])
    except SystemExit as error:
        if error.code:
            yield str(error.code) if isinstance(error.code, str) else " ".join(said.getvalue().split())
        return
    yield from playbook_problems([*rest, "site.yml"])


def file_problems(name, words):
    """Yield the files of this repository that a command names and that do not exist."""
    for word in words:
        path = word.partition("::")[0]
        ours = re.match(r"(tools|tests|docs|inventory|playbooks|molecule|data|stacks|roles)/", path)
        if ours and not re.search(r"PLACEHOLDER|\*", path):
            made = any(path == mine or path.startswith(f"{mine}/") for mine in INVENTORIES if "/" in mine)
            if not made and not (ROOT / path).exists():
                yield f"{name}: there is no {path}"


def command_problems(words, in_block):
    """Yield what is wrong with a simple command."""
    name, rest = program(words)
    if name == "make":
        yield from make_problems(rest)
    elif name == "ansible-playbook":
        yield from playbook_problems(rest)
    elif name == "saf":
        yield from saf_problems(rest)
    else:
        yield from file_problems(name, [word for word in words if word not in rest] + rest)
        ours = any((ROOT / folder / name).exists() for folder in ("tools", "."))
        if in_block and name and name not in PROGRAMS and not ours and not name.startswith("PLACEHOLDER"):
            yield f"{name} is no program that the documents use (PROGRAMS of this tool)"


@functools.cache
def tests_in(path):
    """Return the names of the test functions of a file, None when there is no such file."""
    file = ROOT / path
    if not file.is_file() or file.suffix != ".py":
        return None
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


def test_problems(identifiers):
    """Yield the tests that do not exist."""
    for identifier in identifiers:
        path, separator, name = identifier.partition("::")
        names = tests_in(path)
        if names is None:
            yield f"there is no file {path}"
        elif not separator or name.partition("[")[0] not in names:
            yield f"there is no test {identifier}"


def mark_problems(block):
    """Yield what is wrong with the marks of a block."""
    kinds = {}
    for mark in block.marks:
        if found := _MARK.fullmatch(mark):
            kinds.setdefault(found[1], []).extend(re.split(r",\s*", found[2]))
    if not kinds:
        yield f"no comment below it names the test that runs it (test: FILE::NAME) or what it needs (needs: {'|'.join(NEEDS)})"
    yield from test_problems(kinds.get("test", []))
    for need in kinds.get("needs", []):
        if need not in NEEDS:
            yield f"needs: {need} is none of {', '.join(NEEDS)}"


def findings(text):
    """Yield (line, sentence) of a document."""
    for block in documents.blocks(text):
        if not block.language:
            yield block.line, f"the block names no language: `{documents.SHELL}` for commands, `{documents.OUTPUT}` for output"
        if block.language == "yaml":
            try:
                yaml.safe_load(block.code)
            except yaml.YAMLError as error:
                yield block.line, f"not YAML: {' '.join(str(error).split())}"
        if block.language == "python":
            try:
                compile(block.code, "document", "exec")
            except SyntaxError as error:
                yield block.line, f"not Python: {error}"
        if block.language in (documents.SHELL, "python"):
            yield from ((block.line, problem) for problem in mark_problems(block))
        if block.language == documents.SHELL:
            for words in simple_commands(block.code):
                yield from ((block.line, problem) for problem in command_problems(words, True))
    for line, code in documents.inline(text):
        if re.match(r"(\S*ansible-playbook|make|python tools/\S+|pytest|(\./)?saf) ", code):
            for words in simple_commands(code):
                yield from ((line, f"{code}: {problem}") for problem in command_problems(words, False))
    for line, words in documents.comments(text):
        if _MARK.fullmatch(words):
            continue
        for path, name in re.findall(r"((?:tests|molecule)/[\w/.-]+\.py)(::test_\w+)?", words):
            if name or tests_in(path) is None:
                yield from ((line, problem) for problem in test_problems([path + name]))
    if found := re.search(r"(?m)(?<=\n\n)(?: {4}|\t)(?:make|ansible-\w+|git|pytest) .*", text):
        yield text.count("\n", 0, found.start()) + 1, "an indented block has no mark: fence it"


def main(arguments):
    lines, count = [], 0
    for path in [Path(name) for name in arguments] or documents.paths():
        text = (ROOT / path).read_text()
        count += sum(block.language == documents.SHELL for block in documents.blocks(text))
        lines += [f"{path}:{line}: {sentence}" for line, sentence in findings(text)]
    print("\n".join([*lines, f"{count} blocks of commands checked, {len(lines)} findings"]))
    return 1 if lines or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
