"""The elements of a drawing. Lengths are in CSS pixels; every text from a node is cleaned and escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape as escape_html

from ...trust.untrusted import clean_text

LETTER = 6.6  # px, about the width of a letter at 12 px
_TEXT = 12  # px, as charts.css has it


def escape(words: str) -> str:
    """Return a text for any place of the page."""
    return escape_html(clean_text(words))


def shorten(words: str, most: int) -> str:
    """Return a text of at most ``most`` letters: the end of a name often holds its number, so the middle goes."""
    words = clean_text(words)
    if len(words) <= most:
        return words
    tail = (most - 1) // 2
    return f"{words[: most - 1 - tail]}…{words[len(words) - tail :]}"


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return a line of text; kind: "" for labels of axes, "strong" for names and values."""
    look = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{look}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    """Return a rectangle; a negative size is drawn as none."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'<rect {place} class="{kind}"' + (f"><title>{escape(title)}</title></rect>" if title else "/>")


def drawing(width: float, height: float, name: str, description: str, parts: Iterable[str]) -> str:
    """Return the SVG; name and description: what a screen reader says instead of the picture."""
    said = f"<title>{escape(name)}</title>" + (f"<desc>{escape(description)}</desc>" if description else "")
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg class="plot" role="img" {size}>{said}{"".join(parts)}</svg>'
