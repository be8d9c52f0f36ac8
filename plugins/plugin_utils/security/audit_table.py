"""The audit as people read it: a table of findings, what to type below it, notes, gaps, and a sentence at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..text import table
from ..text.width import fold
from .audit import FINDINGS, SAFE

_COLUMNS: Final = [("number", "#"), ("severity", "SEVERITY"), ("node", "NODE"), ("what", "WHAT")]
_MOST_NUMBERS: Final = 6


def render(document: Mapping[str, Any], width: int) -> str:
    """Return the document of audit.judge() as text."""
    lines: list[str] = []
    rows = [{**one, "number": number} for number, one in enumerate(document["findings"], start=1)]
    if rows:
        title, _rule, *body = table.render(rows, _COLUMNS, width - 1).rstrip("\n").split("\n")
        lines += [f" {line}" for line in [title, *body]] + [""]
        lines += [*_to_do(rows, width), ""]
    for one in document["notes"]:
        lines += fold(f"{one['node']}: {one['what']}", width, " ! ", "   ")
    for one in document["gaps"]:
        lines += fold(f"{one['node']}: {one['what']} not looked at. {one['why']} {one['remedy']}".rstrip(), width, " ? ", "   ")
    for one in document["accepted"]:
        lines += fold(f"{one['node']}: {one['id']} is accepted: {one['reason']}", width, " - ", "   ")
    lines += [""] if lines and lines[-1] else []
    return "\n".join([*lines, *fold(closing(document), width, " ", "   ")]) + "\n"


def _to_do(rows: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    """Return what to do: each remedy once, with the numbers that it is for and what to type on a separate line."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        groups.setdefault((row["remedy"], row["command"], row["where"]), []).append(row["number"])
    lines: list[str] = []
    for (remedy, command, where), numbers in groups.items():
        shown = ", ".join(map(str, numbers[:_MOST_NUMBERS])) + (" …" if len(numbers) > _MOST_NUMBERS else "")
        lines += fold(f"{shown}: {remedy}{f' On {where}:' if command and where else ''}", width, " ", "   ")
        lines += [f"   {command}"] if command else []
    return lines


def closing(document: Mapping[str, Any]) -> str:
    """Return the sentence at the end."""
    gaps = len(document["gaps"])
    rest = f" {gaps} {'thing' if gaps == 1 else 'things'} could not be looked at." if gaps else ""
    if document["verdict"] == FINDINGS:
        counts = ", ".join(f"{number} {severity}" for severity, number in document["counts"].items() if number)
        return f"✗ findings: {counts}.{rest}"
    if document["verdict"] == SAFE:
        return "✓ safe as documented: nothing differs from docs/security.md, which says what stays open."
    return f"? unknown: nothing was found, but{rest.lower()}"
