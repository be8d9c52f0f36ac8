"""Plain-text tables for a terminal and for a log."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any


def render(rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]], width: int = 150) -> str:
    """Return a table as text.

    rows: list of dicts; columns: list of (key, title). Columns share ``width`` characters: short ones get what they
    need, long ones are wrapped.
    """
    cells = [[str(row.get(key, "")) for key, _title in columns] for row in rows]
    titles = [title for _key, title in columns]
    widths = _widths([titles, *cells], width - 2 * (len(columns) - 1))
    lines = [_line(titles, widths), _line(["-" * size for size in widths], widths)]
    for row in cells:
        wrapped = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, widths)]
        for number in range(max(len(cell) for cell in wrapped)):
            lines.append(_line([cell[number] if number < len(cell) else "" for cell in wrapped], widths))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(size) for cell, size in zip(cells, widths)).rstrip()


def _widths(rows: Sequence[Sequence[str]], available: int) -> list[int]:
    """Return column widths: natural where they fit, the widest ones cut until all fit."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    while sum(widths) > available and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    return widths
