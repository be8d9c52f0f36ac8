"""The Markdown documents that people read, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHELL, OUTPUT = "sh", "text"
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)


@dataclass
class Block:
    """A fenced block of code with the comments right below it."""

    line: int
    language: str
    code: str
    marks: list[str] = field(default_factory=list)


def paths():
    """Return the documents whose commands people type, relative to the repository."""
    fixed = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [path.relative_to(ROOT) for path in [*fixed, *sorted((ROOT / "docs").rglob("*.md"))] if path.exists()]


def blocks(text):
    """Return the fenced blocks of a document."""
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = re.fullmatch(r"(\s*)```(\S*)\s*", lines[number])
        number += 1
        if not opening:
            continue
        block, code = Block(number, opening[2], ""), []
        while number < len(lines) and lines[number].strip() != "```":
            code.append(lines[number].removeprefix(opening[1]))
            number += 1
        block.code = "\n".join(code)
        number += 1
        rest = "\n".join(lines[number:])
        while comment := re.match(r"\s*<!--(.*?)-->", rest, re.DOTALL):
            block.marks.append(" ".join(comment[1].split()))
            rest = rest[comment.end() :]
        found.append(block)
    return found


def without_blocks(text):
    """Return the document with empty lines in the place of its fenced blocks."""
    return re.sub(r"(?ms)^\s*```.*?^\s*```", lambda found: "\n" * found.group().count("\n"), text)


def inline(text):
    """Return [(line, code)] of what is in backticks in the prose."""
    prose = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), without_blocks(text))
    return [
        (prose.count("\n", 0, found.start()) + 1, " ".join(found[2].split()))
        for found in re.finditer(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", prose, re.DOTALL)
    ]


def comments(text):
    """Return [(line, words)] of all comments."""
    return [(text.count("\n", 0, found.start()) + 1, " ".join(found[1].split())) for found in _COMMENT.finditer(text)]


def links(text):
    """Return [(line, target)] of the links and pictures."""
    prose = re.sub(r"`+[^`]*`+", "", without_blocks(text))
    return [
        (prose.count("\n", 0, found.start()) + 1, found[1]) for found in re.finditer(r"\]\(([^()\s]+(?:\([^()]*\))?)\)", prose)
    ]


def anchors(text):
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ +(.+?) *$", without_blocks(text))
    return [re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", name)).lower().replace(" ", "-") for name in headings]
