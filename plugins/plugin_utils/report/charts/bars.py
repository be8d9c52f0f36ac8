"""One value for each node: bars from zero, or points on a logarithmic axis where the large would hide the small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .axes import number, upward, usable, y_axis
from .svg import LETTER, drawing, line, rect, shorten, text

_ROW, _NAME, _VALUE = 22, 14, 56  # px, letters, px


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row; ceiling: drawn as a tick, None where none is known."""

    name: str
    value: float | None
    ceiling: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A drawing of rows; values and ceilings: those of the drawings beside it, for the same scale."""

    name: str
    title: str
    rows: Sequence[Bar]
    unit: str
    values: Sequence[float] = ()
    ceilings: Sequence[float] = ()
    width: float = 340


def draw_bars(spec: Bars) -> str:
    """Return the drawing, "" without rows."""
    rows = [(row, usable(row.value), usable(row.ceiling)) for row in spec.rows]
    known = [(row, value, ceiling) for row, value, ceiling in rows if value is not None and value >= 0]
    if not known:
        return ""
    values = [*spec.values, *(value for _row, value, _ceiling in known)]
    axis = y_axis(values, [*spec.ceilings, *(ceiling for _row, _value, ceiling in known if ceiling)], spec.unit)
    left = max(len(shorten(row.name, _NAME)) for row, _value, _ceiling in known) * LETTER + 10
    top, height = 24, 24 + len(known) * _ROW + 4
    right = spec.width - _VALUE
    across = upward(axis, left, right)
    parts = [text(0, 12, spec.title, kind="strong name"), line(left, top, left, height - 4, "grid")]
    said = []
    for place, (row, value, ceiling) in enumerate(known):
        y = top + place * _ROW
        words = f"{row.name}: {number(value / axis.factor)} {axis.unit}"
        words += f", ceiling {number(ceiling / axis.factor)}" if ceiling else ""
        said.append(words)
        parts.append(text(left - 6, y + 14, shorten(row.name, _NAME), "end", "strong"))
        if axis.kind == "linear":
            parts.append(rect(left, y + 4, max(across(value) - left, 1.5), 13, "bar", words))
        else:
            parts.append(line(left, y + 10.5, right, y + 10.5, "grid"))
            parts.append(rect(across(value) - 4.5, y + 6, 9, 9, "bar", words))
        if ceiling:
            parts.append(line(across(ceiling), y + 1, across(ceiling), y + 20, "tick"))
        parts.append(text(spec.width - 2, y + 14, number(value / axis.factor), "end", "strong"))
    return drawing(spec.width, height, spec.name, "; ".join(said), parts)
