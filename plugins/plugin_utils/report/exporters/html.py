"""The report as one HTML page that needs no other file and may fetch none: its policy names the style and the script in it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from ...model import RunDocument
from ..view import View
from .exporter import Exporter
from .templates import FOLDER, render


@dataclass(frozen=True)
class Inline:
    """A file of this product within the page. source: how the page's Content-Security-Policy names it."""

    text: Markup
    source: str


def inline(*names: str) -> Inline:
    """Return files of templates/ as they stand within one element."""
    text = "".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Inline(Markup(text), f"'sha256-{digest}'")  # noqa: S704 files of this product


def page(view: View, _document: RunDocument) -> str:
    return render("report.html.j2", view, is_html=True, style=inline("report.css", "charts.css"), script=inline("report.js"))


EXPORTER = Exporter("html", "report.html", page)
