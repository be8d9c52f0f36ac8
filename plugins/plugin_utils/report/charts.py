"""Charts as inline SVG: no script, nothing fetched. Pure functions from lists to text.

Colors are custom properties of the page (--ink --soft --line --bar --fault --s1 ... --s6), which light, dark and print set
separately. A mark has a title for the pointer and for screen readers; marks and dashes differ where colors do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TypedDict

from ..text.units import human, percent
from ..thresholds import LINK_FAULT, LINK_LIMIT

_WIDTH, _LEFT, _RIGHT, _TOP = 720, 96, 16, 14
_SERIES = 6
Scale = Callable[[float], float]


class Series(TypedDict):
    """One line of a chart: its points (x, y), x above 0."""

    name: str
    points: list[tuple[float, float]]


class Cell(TypedDict):
    """One cell of a matrix; share: 0 to 1 of its ceiling, None where it has none; short: for small cells."""

    text: str
    short: str
    share: float | None
    title: str


class Bar(TypedDict):
    """One bar; shares: {part: fraction}."""

    name: str
    shares: Mapping[str, float]


class Point(TypedDict):
    """One run of a history; mark: the software changed here; bad: it is a regression."""

    name: str
    value: float
    mark: bool
    bad: bool


def lines(
    series: Sequence[Series], x_title: str, unit: str, label: str, ceiling: float | None = None, ceiling_label: str = ""
) -> str:
    """Return a line chart over a logarithmic x axis; unit: of y, as units.human takes it; ceiling: y of a dashed line."""
    points = [point for one in series for point in one["points"]]
    if not points:
        return ""
    height, bottom = 300 + 18 * -(-len(series) // 3), 44 + 18 * -(-len(series) // 3)
    xs = sorted({x for x, _y in points})
    top = max([y for _x, y in points] + ([ceiling] if ceiling else [])) * 1.08 or 1.0
    across = _scale(math.log2(xs[0]), math.log2(xs[-1]), _LEFT + 20, _WIDTH - _RIGHT - 20)
    up = _scale(0, top, height - bottom, _TOP)
    parts = [_grid(ticks(top), up, unit)]
    for x in _spread(xs, 8):
        parts.append(_text(across(math.log2(x)), height - bottom + 16, _size(x), "middle"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - bottom + 32, x_title, "middle"))
    if ceiling:
        parts.append(_level(up(ceiling), ceiling_label or f"ceiling {human(ceiling, unit)}"))
    for number, one in enumerate(series):
        places = [(across(math.log2(x)), up(y)) for x, y in sorted(one["points"])]
        dash = ' stroke-dasharray="6 3"' if number >= _SERIES else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{_color(number)}" stroke-width="2"{dash}/>')
        for (x, y), (at, value) in zip(places, sorted(one["points"])):
            parts.append(_mark(number, x, y, f"{one['name']}: {_size(at)}, {human(value, unit)}"))
        row, column = divmod(number, 3)
        x, y = _LEFT + column * 215, height - 18 * (-(-len(series) // 3) - row) + 10
        parts.append(_mark(number, x, y - 4, one["name"]))
        parts.append(_text(x + 10, y, one["name"], "start", "var(--ink)"))
    return _svg(_WIDTH, height, label, parts)


def heat_map(names: Sequence[str], cells: Mapping[tuple[str, str], Cell], label: str) -> str:
    """Return a matrix; rows send, columns receive.

    From seven nodes on the cells are small. Cells that are a fault or a limit by thresholds.py have separate colors.
    """
    count = len(names)
    if not count:
        return ""
    side = 110 if count <= 6 else 44
    left, top = 110, 30 if count <= 6 else 90
    small = 12 if count <= 6 else 9
    width, height = left + count * side + (4 if count <= 6 else 50), top + count * side * 0.6 + 4
    tall = side * 0.6
    parts = []
    for number, name in enumerate(names):
        x = left + (number + 0.5) * side
        turn = f' transform="rotate(-45 {x:.0f} {top - 8})"' if count > 6 else ""
        anchor = "start" if count > 6 else "middle"
        parts.append(f'<text x="{x:.0f}" y="{top - 8}" text-anchor="{anchor}"{turn} fill="var(--soft)">{escape(name)}</text>')
        parts.append(_text(left - 8, top + (number + 0.5) * tall + 4, name, "end"))
    for row, sender in enumerate(names):
        for column, receiver in enumerate(names):
            x, y = left + column * side, top + row * tall
            cell = cells.get((sender, receiver))
            place = f'x="{x + 1}" y="{y + 1:.1f}" width="{side - 2}" height="{tall - 2:.1f}" rx="3"'
            if sender == receiver:
                continue
            if cell is None:
                parts.append(
                    f'<rect {place} fill="none" stroke="var(--line)" stroke-dasharray="3 3"><title>not measured</title></rect>'
                )
                continue
            color, strength = _shade(min(max(cell["share"] or 0, 0), 1))
            parts.append(
                f'<rect {place} fill="{color}" fill-opacity="{strength:.2f}"><title>{escape(cell["title"])}</title></rect>'
            )
            parts.append(
                f'<text x="{x + side / 2}" y="{y + tall / 2 + small / 3:.1f}" text-anchor="middle" font-size="{small}" '
                f'fill="var(--ink)">{escape(cell["text"] if count <= 6 else cell["short"])}</text>'
            )
    return _svg(width, height, label, parts, wide=count > 6)


def _shade(share: float) -> tuple[str, float]:
    """Return (color, opacity) of a cell: one far from its ceiling is strong and not pale."""
    if share < LINK_FAULT:
        return "var(--fault)", 0.75 - 0.5 * share / LINK_FAULT
    if share < LINK_LIMIT:
        return "var(--limit)", 0.4
    return "var(--bar)", 0.15 + 0.6 * (share - LINK_LIMIT) / (1 - LINK_LIMIT)


def stack(rows: Sequence[Bar], parts: Sequence[tuple[str, str]], label: str) -> str:
    """Return horizontal bars that add up to 100 %; parts: [(part, title)] in order."""
    if not rows:
        return ""
    left, width, each = 150, _WIDTH - 150 - _RIGHT, 34
    height = len(rows) * each + 34
    drawn = []
    for number, row in enumerate(rows):
        y, x = number * each + 4, float(left)
        drawn.append(_text(left - 8, y + 17, row["name"], "end", "var(--ink)"))
        total = sum(row["shares"].get(part, 0) for part, _title in parts) or 1
        for place, (part, title) in enumerate(parts):
            share = row["shares"].get(part, 0) / total
            wide = share * width
            words = f"{row['name']}: {title} {percent(share)}"
            bar = f'x="{x:.1f}" y="{y}" width="{wide:.1f}" height="24" fill="{_color(place)}"'
            drawn.append(f"<rect {bar}><title>{escape(words)}</title></rect>")
            if wide > 42:
                drawn.append(_text(x + wide / 2, y + 17, percent(share), "middle", "var(--paper)"))
            x += wide
    for place, (_part, title) in enumerate(parts):
        x = left + place * 130
        drawn.append(f'<rect x="{x}" y="{height - 22}" width="12" height="12" fill="{_color(place)}"/>')
        drawn.append(_text(x + 18, height - 12, title, "start", "var(--ink)"))
    return _svg(_WIDTH, height, label, drawn)


def band(points: Sequence[Point], centre: float | None, spread: float | None, unit: str, label: str) -> str:
    """Return the history of one metric: a dot for each run, the band centre +- spread; both None with too little history."""
    if not points:
        return ""
    height, bottom = 190, 34
    edges = [centre - spread, centre + spread] if centre and spread is not None else []
    values = [point["value"] for point in points] + edges
    low, high = min(values), max(values)
    room = (high - low) * 0.15 or abs(high) * 0.05 or 1.0
    up = _scale(low - room, high + room, height - bottom, _TOP)
    across = _scale(0, max(len(points) - 1, 1), _LEFT + 20, _WIDTH - _RIGHT - 20)
    parts = [_grid([low, (low + high) / 2, high] if high > low else [high], up, unit)]
    if edges:
        y = up(edges[1])
        parts.append(
            f'<rect x="{_LEFT}" y="{y:.1f}" width="{_WIDTH - _LEFT - _RIGHT}" height="{up(edges[0]) - y:.1f}" '
            'fill="var(--bar)" fill-opacity=".15"/>'
        )
    path = " ".join(f"{across(number):.1f},{up(point['value']):.1f}" for number, point in enumerate(points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="var(--soft)"/>')
    for number, point in enumerate(points):
        x, y = across(number), up(point["value"])
        words = escape(f"{point['name']}: {human(point['value'], unit)}" + (", software changed" if point["mark"] else ""))
        if point["mark"]:
            upright = f'x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - bottom}"'
            parts.append(f'<line {upright} stroke="var(--soft)" stroke-dasharray="2 4"/>')
        last = number == len(points) - 1
        if point["bad"]:
            parts.append(f'<path d="M{x - 6:.1f} {y - 5:.1f}h12l-6 11z" fill="var(--fault)"><title>{words}</title></path>')
        else:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 if last else 3.5}" fill="var(--bar)"><title>{words}</title></circle>'
            )
    parts.append(_text(across(0), height - 12, points[0]["name"], "start"))
    if len(points) > 1:
        parts.append(_text(across(len(points) - 1), height - 12, points[-1]["name"], "end"))
    return _svg(_WIDTH, height, label, parts)


def series(values: Sequence[float], times: Sequence[float], unit: str, label: str) -> str:
    """Return a time series of one metric; times in seconds."""
    if len(values) < 2:
        return ""
    height, bottom = 180, 34
    top = max(values) * 1.08
    across = _scale(0, times[-1] or 1, _LEFT, _WIDTH - _RIGHT)
    up = _scale(0, top, height - bottom, _TOP)
    path = " ".join(f"{across(at):.1f},{up(value):.1f}" for at, value in zip(times, values))
    parts = [_grid(ticks(top), up, unit)]
    parts.append(f'<polyline points="{path}" fill="none" stroke="var(--bar)" stroke-width="1.5"/>')
    parts.append(_text(_LEFT, height - 12, "0 s", "start"))
    parts.append(_text(_WIDTH - _RIGHT, height - 12, f"{times[-1]:.0f} s", "end"))
    return _svg(_WIDTH, height, label, parts)


def ticks(top: float) -> list[float]:
    """Return 3 to 6 round values from 0 up to ``top``."""
    if top <= 0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(top))
    for factor in (0.2, 0.25, 0.5, 1, 2):
        if top / (step * factor) <= 5:
            step *= factor
            break
    return [step * number for number in range(int(top / step) + 1)]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    """Return the linear map of low ... high to start ... end; without a range everything is in the middle."""
    if high == low:
        return lambda _value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _grid(values: Iterable[float], up: Scale, unit: str) -> str:
    return "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="var(--line)"/>'
        + _text(_LEFT - 6, up(value) + 4, human(value, unit), "end")
        for value in values
    )


def _level(y: float, words: str) -> str:
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--ink)" stroke-dasharray="7 4"/>'
        + _text(_WIDTH - _RIGHT, y - 4, words, "end", "var(--ink)")
    )


def _spread(values: Sequence[float], most: int) -> Sequence[float]:
    step = -(-len(values) // most)
    return values[::step]


def _size(value: float) -> str:
    """Return a size without a unit: powers of two of 1024 and above as Ki, Mi, Gi."""
    for factor, prefix in ((2**30, "Gi"), (2**20, "Mi")):
        if value >= factor:
            return f"{value / factor:g} {prefix}" if value % factor == 0 else f"{value / factor:.3g} {prefix}"
    return f"{value:g}"


def _color(number: int) -> str:
    return f"var(--s{number % _SERIES + 1})"


def _mark(number: int, x: float, y: float, words: str) -> str:
    color, title = _color(number), f"<title>{escape(words)}</title>"
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}">{title}</circle>',
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{color}">{title}</rect>',
        f'<path d="M{x - 5:.1f} {y + 4:.1f}h10l-5 -9z" fill="{color}">{title}</path>',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="{color}">{title}</path>',
    )
    return shapes[number % len(shapes)]


def _text(x: float, y: float, words: str, anchor: str, color: str = "var(--soft)") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'


def _svg(width: float, height: float, label: str, parts: Iterable[str], wide: bool = True) -> str:
    limit = "" if wide else f' style="max-width:{width}px"'
    return (
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {width:.0f} {height:.0f}"{limit}>'
        + "".join(parts)
        + "</svg>"
    )
