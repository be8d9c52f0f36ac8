"""Bars whose parts add up to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...text.units import percent
from .axes import usable
from .svg import drawing, rect, text

PARTS = 4  # that charts.css has a color for
_WIDTH, _ROW = 340, 62  # px


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One bar; shares: {part: fraction}."""

    name: str
    shares: Mapping[str, float]


def draw_stack(rows: Sequence[Stack], parts: Sequence[str], name: str) -> str:
    """Return the bars, each with its name above it and all its parts in words below it."""
    if not rows:
        return ""
    drawn, said = [], []
    for number, row in enumerate(rows):
        y, x = number * _ROW, 0.0
        shares = {part: max(usable(row.shares.get(part)) or 0.0, 0.0) for part in parts}
        total = sum(shares.values()) or 1.0
        words = ", ".join(f"{part} {share / total * 100:.0f}" for part, share in shares.items()) + " %"
        drawn.append(text(0, y + 13, row.name, kind="strong name"))
        for place, (part, share) in enumerate(shares.items()):
            wide = share / total * _WIDTH
            drawn.append(rect(x, y + 19, wide, 18, f"part{place % PARTS + 1}", f"{row.name}: {part} {percent(share / total)}"))
            x += wide
        drawn.append(text(0, y + 51, words))
        said.append(f"{row.name}: {words}")
    return drawing(_WIDTH, len(rows) * _ROW, name, "; ".join(said), drawn)
