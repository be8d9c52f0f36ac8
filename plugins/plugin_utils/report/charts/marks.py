"""How the series of a chart differ without color: dashes and the shapes of marks. charts.css has the colors."""

from __future__ import annotations

from collections.abc import Sequence

from .svg import escape

COLORS = 6
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "14 4", "5 2 1 2 1 2")


def path(number: int, places: Sequence[tuple[float, float]]) -> str:
    """Return the line of a series. The earlier is the wider, so that one below another, equal one shows at its sides and gaps."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = f' stroke-dasharray="{_DASHES[number % len(_DASHES)]}"' if number % len(_DASHES) else ""
    width = 4 if number == 0 else 2
    return f'<polyline points="{points}" class="line c{number % COLORS + 1}" stroke-width="{width}"{dash}/>'


def mark(number: int, x: float, y: float, words: str = "") -> str:
    """Return the mark of a series; words: its tooltip. Six shapes, the second round of them hollow."""
    shape = (
        f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8z",
        f"M{x - 5:.1f} {y + 4:.1f}h10l-5 -9z",
        f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
        f"M{x - 5:.1f} {y - 4:.1f}h10l-5 9z",
        f"M{x - 1.5:.1f} {y - 5:.1f}h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    )[number % 6]
    look = f"{'hollow c' if number // COLORS % 2 else 'm'}{number % COLORS + 1}"
    title = f"<title>{escape(words)}</title>" if words else ""
    return f'<path d="{shape}" class="mark {look}">{title}</path>'


def legend(names: Sequence[str], extra: Sequence[tuple[str, str]] = ()) -> str:
    """Return what each series looks like; extra: (class of a field, words)."""
    keys = [_key(path(number, [(1, 7), (33, 7)]) + mark(number, 17, 7), name) for number, name in enumerate(names)]
    keys += [_key(field(kind), words) for kind, words in extra]
    return f'<ul class="legend">{"".join(keys)}</ul>' if keys else ""


def _key(drawn: str, words: str) -> str:
    return f'<li><svg class="plot key" width="34" height="14" aria-hidden="true">{drawn}</svg>{escape(words)}</li>'


def field(kind: str) -> str:
    """Return the swatch of a line ("ceiling", "median") or of a field ("lost", "band", "part1")."""
    if kind in ("ceiling", "median", "change"):
        return f'<line x1="1" y1="7" x2="33" y2="7" class="{kind}"/>'
    return f'<rect x="1" y="2" width="32" height="10" class="{kind}"/>'
