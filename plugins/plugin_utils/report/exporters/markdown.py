"""The report as Markdown."""

from __future__ import annotations

from ...model import RunDocument
from ..escaping import escape_all
from ..view import View
from .exporter import Exporter
from .templates import render


def page(view: View, _document: RunDocument) -> str:
    return render("report.md.j2", escape_all(view), is_html=False)


EXPORTER = Exporter("markdown", "report.md", page)
