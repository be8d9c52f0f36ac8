"""The templates of the report's pages: they place what the view holds and compute nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

_FOLDER = Path(__file__).resolve().parents[1] / "templates"


def render(name: str, view: Any, is_html: bool) -> str:
    """Return a template's text. is_html: escape every text; else the view is escaped already. A missing value raises."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=is_html,  # noqa: S701 Markdown is escaped in escaping.py
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template(name).render(view=view).rstrip("\n") + "\n"
