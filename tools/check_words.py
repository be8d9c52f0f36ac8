#!/usr/bin/env python3
"""Check the prose of the repository for the phrases of tools/banned_words.txt. Usage: check_words.py [FILE ...]

Prose is Markdown without code; comments and texts (name, description, msg ...) of YAML; comments, docstrings and texts of Python
and Jinja; comments of shell scripts and Makefiles. Code in backticks, C(...) or {{ ... }} is not prose, a text without white
space is an identifier. Everything that is not prose is replaced by a character that no phrase matches, so positions stay.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tokenize
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tools" / "banned_words.txt"
CODE = "\0"
# The phrases themselves, and the texts of others: recorded outputs, licenses, generated files.
SKIPPED = {"tests/unit/test_check_words.py", "LICENSE", "docs/variables.md"}
SKIPPED_FOLDERS = {"collections", "node_modules", "results", "fixtures", "samples", "__pycache__"}
TEXTS = {"name", "description", "short_description", "msg", "fail_msg", "success_msg", "label", "title", "prompt", "notes"}
_INLINE_CODE = re.compile(r"(`+)(?:(?!\1).)+\1|\b[CVOMPL]\([^()]*\)", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def blank(text):
    """Return the text as code: white space stays, all else becomes CODE."""
    return re.sub(r"\S", CODE, text)


def without_code(text):
    """Return a text whose code in backticks, C(...) and the like is blank."""
    return _INLINE_CODE.sub(lambda found: blank(found.group()), text)


def without_expressions(text):
    """Return a text whose Jinja expressions are blank, but for the texts in them."""
    literal = re.compile(r"'[^']*\s[^']*'|\"[^\"]*\s[^\"]*\"")

    def mask(found):
        code, end, parts = found.group(), 0, []
        for part in literal.finditer(code):
            parts += [blank(code[end : part.start()]), part.group()]
            end = part.end()
        return "".join([*parts, blank(code[end:])])

    return _EXPRESSION.sub(mask, text)


class Prose:
    """A text of which nothing is prose until it is uncovered; spans are offsets."""

    def __init__(self, text):
        self.text = text
        self.shown = list(blank(text))
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def offset(self, line, column):
        """Return the offset of a place; the first line is 0."""
        return self.lines[min(line, len(self.lines) - 1)] + column

    def uncover(self, start, end, clean=without_code):
        """Take a span for prose, after clean has blanked what of it is code."""
        self.shown[start:end] = clean(self.text[start:end])

    def space(self, start, end):
        """Take a span for white space: quotes and the signs of comments, across which a phrase may continue."""
        self.shown[start:end] = re.sub(r"\S", " ", self.text[start:end])

    def comments(self):
        """Uncover the comments that begin with #."""
        for found in re.finditer(r"(?m)(?:^|(?<=\s))(#+!?)(.*)$", self.text):
            self.space(*found.span(1))
            self.uncover(*found.span(2))

    def result(self):
        return "".join(self.shown)


def of_markdown(text):
    """Return the prose of Markdown: no code, no targets of links."""
    text = re.sub(r"(?ms)^\s*```.*?^\s*```", lambda found: blank(found.group()), text)
    text = re.sub(r"(?m)(?<=\n\n)(?: {4}.*\n)+", lambda found: blank(found.group()), text)
    return without_code(re.sub(r"(?<=\])\([^)\s]*\)", lambda found: blank(found.group()), text))


def of_jinja(text):
    """Return the prose of a template."""
    return without_code(without_expressions(text))


def _python_text(literal):
    """Return a literal of Python as prose; quotes are white space, the expressions of an f-string are code."""
    start = re.match(r"(?s)(\w*)('''|\"\"\"|'|\")", literal)
    assert start, literal
    prefix, quotes = start.groups()
    body = literal[len(prefix) + len(quotes) : len(literal) - len(quotes)]
    if "f" in prefix.lower():
        body = re.sub(r"\{[^{}]*\}", lambda found: blank(found.group()), body)
    if not re.search(r"\s", body):
        return blank(literal)
    return " " * (len(prefix) + len(quotes)) + without_code(without_expressions(body)) + " " * len(quotes)


def of_python(text):
    """Return the prose of Python: comments, docstrings, texts."""
    prose, starts = Prose(text), []
    # FSTRING_* exist since Python 3.12; before it an f-string is one STRING.
    start, end = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, close = prose.offset(token.start[0] - 1, token.start[1]), prose.offset(token.end[0] - 1, token.end[1])
        if token.type == tokenize.COMMENT:
            prose.space(begin, begin + 1)
            prose.uncover(begin + 1, close)
        elif token.type == start:
            starts.append(begin)
        elif token.type == end and len(starts) > 1:
            starts.pop()
        elif token.type == tokenize.STRING or token.type == end:
            begin = starts.pop() if token.type == end else begin
            if not starts:
                prose.uncover(begin, close, _python_text)
    return prose.result()


def _scalars(node, key=""):
    """Yield (name of the key, scalar) of everything below a node of YAML; the items of a list have the list's key."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(value, name.value if isinstance(name, yaml.ScalarNode) else "")
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value, key)
    elif isinstance(node, yaml.ScalarNode):
        yield key, node


def of_yaml(text):
    """Return (prose of YAML, [offsets at which the name of a task or play begins])."""
    prose, names = Prose(text), []
    prose.comments()
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        for key, node in _scalars(document):
            if key in TEXTS:
                begin, end = node.start_mark.index, node.end_mark.index
                prose.uncover(begin, end, of_jinja)
                if key == "name":
                    names.append(begin + (text[begin] in "'\""))
    return prose.result(), names


def of_comments(text):
    """Return the comments of a shell script or a Makefile."""
    prose = Prose(text)
    prose.comments()
    return prose.result()


def prose_of(path, text):
    """Return (prose, offsets of task names) of a file; (None, []) when its kind has no prose."""
    name, suffix = os.path.basename(path), os.path.splitext(path)[1]
    if suffix in (".yml", ".yaml"):
        return of_yaml(text)
    kinds = {".md": of_markdown, ".py": of_python, ".j2": of_jinja, ".sh": of_comments, ".cfg": of_comments}
    reader = of_comments if name == "Makefile" else kinds.get(suffix)
    return (reader(text) if reader else None), []


def read_list(text):
    """Return {section: [(compiled phrase, replacement)]} of banned_words.txt."""
    sections: dict = {}
    section = ""
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(.+)\]", line):
            section = found.group(1)
        elif line.strip() and not line.startswith("#"):
            phrase, replacement = line.split(" -> ")
            pattern = phrase.replace(" ", r"\s+")
            flags = 0 if section == "task names" else re.IGNORECASE
            sections.setdefault(section, []).append((re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", flags), replacement))
    return sections


def findings(path, text, banned):
    """Yield (line, phrase as it is written, replacement) of one file."""
    prose, names = prose_of(path, text)
    if prose is None:
        return
    found: dict = {}
    for phrase, replacement in banned["everywhere"]:
        for match in phrase.finditer(prose):
            found.setdefault(match.start(), (" ".join(match.group().split()), replacement))
    for phrase, replacement in banned["task names"]:
        for begin in names:
            if match := phrase.match(prose, begin):
                found.setdefault(begin, (match.group(), replacement))
    for begin in sorted(found):
        yield text.count("\n", 0, begin) + 1, *found[begin]


def files():
    """Yield the paths of everything that may hold prose, relative to the repository; links are not followed."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED_FOLDERS and (name == ".github" or not name.startswith("."))
        )
        for name in sorted(names):
            path = Path(folder, name).relative_to(ROOT).as_posix()
            if path not in SKIPPED and not os.path.islink(ROOT / path):
                yield path


def main(arguments):
    banned, count, lines = read_list(LIST.read_text()), 0, []
    for path in arguments or files():
        if prose_of(path, "")[0] is None:
            continue
        count += 1
        for line, phrase, replacement in findings(path, (ROOT / path).read_text(), banned):
            lines.append(f"{path}:{line}: {phrase}: write {replacement}")
    print("\n".join([*lines, f"{count} files checked, {len(lines)} findings"]))
    return 1 if lines or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
