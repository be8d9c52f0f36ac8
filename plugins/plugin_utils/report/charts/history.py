"""The runs of one metric beside what the earlier ones let expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...text.units import in_unit
from .axes import number, scale, usable
from .svg import LETTER, drawing, escape, line, rect, shorten, text

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 340, 164, 56, 22  # px


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run; name: its date; changed: the software is not that of the run before; bad: it is a regression."""

    name: str
    value: float | None
    changed: bool = False
    bad: bool = False


def draw_history(
    title: str,
    subtitle: str,
    points: Sequence[Point],
    center: float | None,
    spread: float | None,
    unit: str,
    direction: str,
    verdict: str,
) -> str:
    """Return a point for each run, oldest first, and the field center +- spread; both None with too little history.

    direction: whether more is better; verdict: how the last run compares; title, subtitle: what is measured, and where. The
    axis need not begin at zero.
    """
    shown = [(point, usable(point.value)) for point in points]
    known = [(point, value) for point, value in shown if value is not None]
    if not known:
        return ""
    middle, room = usable(center), usable(spread)
    edges = [middle - room, middle + room] if middle is not None and room is not None else []
    values = [value for _point, value in known]
    low, high = min([*values, *edges]), max([*values, *edges])
    factor, name = in_unit(max(abs(low), abs(high)), unit)
    air = (high - low) * 0.12 or abs(high) * 0.05 or 1.0
    bottom = _HEIGHT - _BOTTOM
    up = scale(low - air, high + air, bottom, _TOP)
    labels = [low, high] if up(low) - up(high) > 24 else [high]
    left = max(len(number(value / factor)) for value in labels) * LETTER + 10
    across = scale(0, max(len(known) - 1, 1), left + 10, _WIDTH - 12)
    parts = [
        text(0, 12, shorten(title, 34), kind="strong name"),
        text(_WIDTH - 2, 12, verdict, "end", "strong"),
        text(0, 27, shorten(subtitle, 46)),
        text(0, 43, ", ".join(words for words in (name, direction) if words)),
    ]
    if edges:
        parts.append(rect(left, up(edges[1]), _WIDTH - left, up(edges[0]) - up(edges[1]), "band"))
    for value in labels:
        parts.append(line(left, up(value), _WIDTH, up(value), "grid"))
        parts.append(text(left - 5, up(value) + 4, number(value / factor), "end"))
    path = " ".join(f"{across(place):.1f},{up(value):.1f}" for place, (_point, value) in enumerate(known))
    parts.append(f'<polyline points="{path}" class="line past"/>')
    for place, (point, value) in enumerate(known):
        x, y = across(place), up(value)
        if point.changed:
            parts.append(line(x, _TOP - 6, x, bottom, "change"))
        words = f"{point.name}: {number(value / factor)} {name}" + (", software changed" if point.changed else "")
        parts.append(_run(x, y, words, point.bad, place == len(known) - 1))
    parts.append(text(across(0) - 8, _HEIGHT - 6, known[0][0].name))
    if len(known) > 1:
        parts.append(text(_WIDTH - 2, _HEIGHT - 6, known[-1][0].name, "end"))
    said = "; ".join(f"{point.name}: {number(value / factor)} {name}" for point, value in known)
    return drawing(_WIDTH, _HEIGHT, f"{title}, {subtitle}" + (f": {verdict}" if verdict else ""), said, parts)


def _run(x: float, y: float, words: str, bad: bool, last: bool) -> str:
    title = f"<title>{escape(words)}</title>"
    if bad:
        return f'<path d="M{x - 6:.1f} {y - 5:.1f}h12l-6 11z" class="worse">{title}</path>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 if last else 3.5}" class="run">{title}</circle>'
