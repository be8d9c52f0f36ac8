"""The report as one HTML page that needs no other file."""

from __future__ import annotations

from ...model import RunDocument
from ..view import View
from .exporter import Exporter
from .templates import render


def page(view: View, _document: RunDocument) -> str:
    return render("report.html.j2", view, is_html=True)


EXPORTER = Exporter("html", "report.html", page)
