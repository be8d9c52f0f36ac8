"""Charts as HTML with inline SVG: no script, no style attribute, nothing fetched. Pure functions from values to text.

Each chart has a name, its unit once, its direction and a legend; each SVG has a name and a description for screen
readers. Colors are custom properties of templates/charts.css, which light, dark and print set separately. Series differ in dash
and shape of the marks, too. A chart is drawn at the size it is shown in; one for a desk has another for a telephone.
"""

from __future__ import annotations

from .axes import byte_words, number, size_words, y_axis
from .bars import Bar, Bars, draw_bars
from .frame import figure
from .history import Point, draw_history
from .lines import Level, Line, Plot, draw_lines
from .marks import legend
from .multiples import MOST_LINES, grid
from .stack import Stack, draw_stack
from .svg import shorten

__all__ = [
    "MOST_LINES",
    "Bar",
    "Bars",
    "Level",
    "Line",
    "Plot",
    "Point",
    "Stack",
    "byte_words",
    "draw_bars",
    "draw_history",
    "draw_lines",
    "draw_stack",
    "figure",
    "grid",
    "legend",
    "number",
    "shorten",
    "size_words",
    "y_axis",
]
