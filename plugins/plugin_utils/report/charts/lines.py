"""Lines over a size or over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .axes import YAxis, number, scale, second_words, spread, ticks, upward, usable, y_ticks
from .marks import mark, path
from .svg import LETTER, drawing, line, shorten, text

_MARKS = 8  # on a line with many points
_LABEL = 14  # letters of a name beside its line
_LABEL_STEP = 14  # px
_DODGE = 9.0  # px between the marks of two series at the same place, less where the places are near
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A ceiling: value in the unit of the axis's metric, and what it is."""

    value: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series; look: its number in the legend; lost_below: the value from which it fell, whose gap is shaded; label: what
    stands at its end, "" for nothing.
    """

    name: str
    points: Sequence[tuple[float | None, float | None]]
    look: int
    lost_below: float | None = None
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing of lines. width, height: px. x_kind: sizes on a logarithmic axis, or seconds from zero. title: within it."""

    name: str
    lines: Sequence[Line]
    axis: YAxis
    x_title: str = ""
    x_kind: Literal["size", "time"] = "size"
    x_words: Callable[[float], str] = second_words
    x_range: tuple[float, float] | None = None
    levels: Sequence[Level] = ()
    behind: Sequence[tuple[float | None, float | None]] = field(default_factory=list)
    title: str = ""
    remark: str = ""
    width: float = 340
    height: float = 210


def draw_lines(spec: Plot) -> str:
    """Return the drawing, "" without a point that can be drawn."""
    series = [(one, points_of(one.points, spec.x_kind)) for one in spec.lines]
    series = [(one, points) for one, points in series if points]
    if not series:
        return ""
    small = spec.width < 200
    labels = y_ticks(spec.axis, 2 if small else 6)
    labelled = any(one.label for one, _points in series)
    left = max(len(words) for _value, words in labels) * LETTER + 12
    right = (_LABEL + 2) * LETTER + 12 if labelled else 14
    top, bottom = (
        (24.0 if spec.title or any(level.name for level in spec.levels) else 8.0),
        spec.height - (36 if spec.x_title else 22),
    )
    xs = sorted({x for _one, points in series for x, _y in points})
    across = _across(spec, xs, left, spec.width - right)
    up = upward(spec.axis, bottom, top)
    parts = []
    for value, words in labels:
        parts.append(line(left, up(value), spec.width - right, up(value), "grid"))
        parts.append(text(left - 6, up(value) + 4, words, "end"))
    parts += _x_labels(spec, xs, across, bottom, small)
    if spec.x_title:
        parts.append(text((left + spec.width - right) / 2, spec.height - 4, spec.x_title, "middle"))
    if spec.title:
        parts.append(text(0, 12, shorten(spec.title, int(spec.width * 0.6 / LETTER)), kind="strong name"))
        parts.append(text(spec.width - 2, 12, spec.remark, "end", "strong"))
    parts += [_lost(one, points, across, up) for one, points in series if one.lost_below]
    behind = points_of(spec.behind, spec.x_kind)
    if behind:
        places = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in behind)
        parts.append(f'<polyline points="{places}" class="median"/>')
    for level in spec.levels:
        y = up(level.value)
        parts.append(line(left, y, spec.width - right, y, "ceiling"))
        if level.name:
            parts.append(text(left + 4, y - 4, level.name, kind="strong"))
    parts += _drawn(spec, series, across, up)
    if labelled:
        parts += _end_labels(series, up, (top, bottom), spec.width - right)
    return drawing(spec.width, spec.height, spec.name, _said(spec, series), parts)


def points_of(points: Sequence[tuple[float | None, float | None]], x_kind: str = "time") -> list[Point]:
    """Return the points that can be drawn, by x; a logarithmic axis has no place for zero."""
    known = [(usable(x), usable(y)) for x, y in points]
    return sorted((x, y) for x, y in known if x is not None and y is not None and (x > 0 or x_kind == "time") and y >= 0)


def _across(spec: Plot, xs: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = spec.x_range or (xs[0], xs[-1])
    if spec.x_kind == "time":
        return scale(0, high, start, end)
    room = min(16.0, (end - start) / 10)
    linear = scale(math.log2(low), math.log2(high), start + room, end - room)
    return lambda value: linear(math.log2(value))


def _x_labels(spec: Plot, xs: Sequence[float], across: Callable[[float], float], bottom: float, small: bool) -> list[str]:
    if spec.x_kind == "time":
        high = (spec.x_range or (0, xs[-1]))[1]
        values = ticks(high, 6)
        values = [values[0], values[-1]] if small and len(values) > 2 else values
    else:
        longest = max(len(spec.x_words(x)) for x in xs) * LETTER + 10
        values = spread(xs, 2 if small else 8)
        values = [values[0], *_apart(values[1:-1], across, longest, values[0], values[-1]), *values[1:][-1:]]
    return [text(across(x), bottom + 15, spec.x_words(x), "middle") for x in values]


def _apart(between: Sequence[float], across: Callable[[float], float], room: float, first: float, last: float) -> Iterator[float]:
    """Yield the values whose labels of ``room`` px touch none before them, nor that of the last one."""
    taken = across(first)
    for value in between:
        if across(value) - taken >= room and across(last) - across(value) >= room:
            taken = across(value)
            yield value


def _drawn(
    spec: Plot, series: Sequence[tuple[Line, list[Point]]], across: Callable[[float], float], up: Callable[[float], float]
) -> list[str]:
    """Draw each line with its marks; those of several series are side by side, so that none hides another."""
    parts, count = [], len(series)
    xs = sorted({across(x) for _one, points in series for x, _y in points})
    nearest = min((after - before for before, after in zip(xs, xs[1:])), default=spec.width)
    dodge = min(_DODGE, nearest * 0.4 / count)
    for place, (one, points) in enumerate(series):
        many = len(points) > _MARKS * 2
        shift = 0.0 if many else (place - (count - 1) / 2) * dodge
        places = [(across(x) + shift, up(y)) for x, y in points]
        parts.append(path(one.look, places))
        shown = range(len(points))
        if many:
            step = len(points) / _MARKS
            shown = range(int(step * (place + 0.5) / count), len(points), max(int(step), 1))
            if spec.width < 200:
                continue  # one line with its name above it needs no marks
        for at in shown:
            x, y = points[at]
            words = f"{one.name}: {spec.x_words(x)}{' s' if spec.x_kind == 'time' else ''}, {_value(spec, y)}"
            parts.append(mark(one.look, *places[at], words))
    return parts


def _value(spec: Plot, value: float) -> str:
    return f"{number(value / spec.axis.factor)} {spec.axis.unit}".rstrip()


def _lost(one: Line, points: Sequence[Point], across: Callable[[float], float], up: Callable[[float], float]) -> str:
    """Return the field between the rate that a line had and the line."""
    level = usable(one.lost_below) or 0.0
    below = [(x, min(y, level)) for x, y in points]
    edge = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in below)
    back = f"{across(points[-1][0]):.1f},{up(level):.1f} {across(points[0][0]):.1f},{up(level):.1f}"
    return f'<polygon points="{edge} {back}" class="lost"><title>lost by throttling</title></polygon>'


def _end_labels(
    series: Sequence[tuple[Line, list[Point]]], up: Callable[[float], float], limits: tuple[float, float], x: float
) -> list[str]:
    """Return the labels at the ends of the lines, pushed apart so that none covers another."""
    wanted = sorted((up(points[-1][1]), number_) for number_, (_one, points) in enumerate(series))
    placed: list[tuple[float, int]] = []
    for y, which in wanted:
        placed.append((max(y, placed[-1][0] + _LABEL_STEP) if placed else max(y, limits[0] + 4), which))
    over = placed[-1][0] - limits[1]
    for place in range(len(placed) - 1, -1, -1):
        y, which = placed[place]
        most = limits[1] if place == len(placed) - 1 else placed[place + 1][0] - _LABEL_STEP
        placed[place] = (min(y, most) if over > 0 else y, which)
    parts = []
    for y, which in placed:
        one = series[which][0]
        parts.append(mark(one.look, x + 9, y))
        parts.append(text(x + 18, y + 4, shorten(one.label, _LABEL), kind="strong"))
    return parts


def _said(spec: Plot, series: Sequence[tuple[Line, list[Point]]]) -> str:
    """Return in words what each line does."""
    said = []
    for one, points in series:
        (x1, y1), (x2, y2) = points[0], points[-1]
        seconds = " s" if spec.x_kind == "time" else ""
        ends = f"{_value(spec, y1)} at {spec.x_words(x1)}{seconds}"
        said.append(f"{one.name}: {ends}" + (f", {_value(spec, y2)} at {spec.x_words(x2)}{seconds}" if len(points) > 1 else ""))
    said += [f"{level.name or 'ceiling'}: {_value(spec, level.value)}" for level in spec.levels]
    return "; ".join(said)
