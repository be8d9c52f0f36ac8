"""Lists that people may write as text with commas: -e name=a,b is text."""

from __future__ import annotations


def words(value: object) -> list[str]:
    """Return the words of a text with commas, of a list of them, or of nothing; blanks around them do not count."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    return [word for part in parts if part is not None and (word := str(part).strip())]
