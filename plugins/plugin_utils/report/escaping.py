"""Text as Markdown shows it: nothing of it becomes a cell, a line, code, a link or HTML. Pure functions."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..trust.untrusted import clean_text

# A backtick cannot be escaped within code; "](" makes a link or an image of what stands before it.
_ESCAPES = (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), ("`", "'"), ("|", "\\|"), ("](", "]\\("))


def escape(text: str) -> str:
    """Return text for any place of a line."""
    text = clean_text(text)
    for letter, escaped in _ESCAPES:
        text = text.replace(letter, escaped)
    return text


def escape_all(value: Any) -> Any:
    """Return a report's view with every text escaped, so that a template cannot forget one; numbers and None stay."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, (list, tuple)):
        return [escape_all(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: escape_all(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, dict):
        return {key: escape_all(item) for key, item in value.items()}
    return value
