"""The templates of the report's pages: they place what the view holds and compute nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from ...text.units import unbroken

FOLDER = Path(__file__).resolve().parents[1] / "templates"


def render(name: str, view: Any, is_html: bool, **more: Any) -> str:
    """Return a template's text; more: further names for it. is_html: escape every text; else the view is escaped already.

    A missing value raises. No line ends between a number and its unit.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=is_html,  # noqa: S701 Markdown is escaped in escaping.py
        undefined=jinja2.StrictUndefined,
        finalize=_finished,
        trim_blocks=True,
    )
    return environment.get_template(name).render(view=view, **more).rstrip("\n") + "\n"


def _finished(value: Any) -> Any:
    """Return what is placed for a value of the view; what is markup already stays."""
    return unbroken(value) if type(value) is str else value
