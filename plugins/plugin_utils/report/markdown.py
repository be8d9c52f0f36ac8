"""Text as Markdown shows it: nothing of it becomes a cell, a line, code, a link or HTML. Pure functions."""

from __future__ import annotations

from ..trust.untrusted import clean_text

# A backtick cannot be escaped within code; "](" makes a link or an image of what stands before it.
_ESCAPES = (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), ("`", "'"), ("|", "\\|"), ("](", "]\\("))


def escape(text):
    """Return text for any place of a line."""
    text = clean_text(text)
    for letter, escaped in _ESCAPES:
        text = text.replace(letter, escaped)
    return text


def view(value):
    """Return a report's view with every text escaped, so that a template cannot forget one; numbers and None stay."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, (list, tuple)):
        return [view(item) for item in value]
    if isinstance(value, dict):
        return {key: view(item) for key, item in value.items()}
    return value
