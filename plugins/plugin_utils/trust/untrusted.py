"""The answer of a node is data from a stranger: text without control characters, bounded values, documented keys. Pure functions.

Everything of a node's answer that the controller keeps, shows or passes to Ansible goes through here (border.py calls it).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

MOST_BYTES: Final = 64 * 2**20  # of one result; sixteen nodes' whole run are 25 MB
MOST_PROGRESS_BYTES: Final = 64 * 2**10  # of what is read of the progress at once
MOST_TEXT: Final = 4000
_MOST_DEPTH = 12
_MOST_KEYS = 10000
_MOST_ITEMS = 2 * 10**6
_MOST_INTEGER = 2**63
# CSI and OSC sequences as wholes, so that no "[2J" stays of them; whatever else begins with ESC loses the ESC below.
_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?")
_BLANKS = {"\t", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"}
# Keys by which a result acts on Ansible itself, at any depth.
RESERVED = {"add_host", "add_group"}
_TYPES: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "str": ("text", lambda value: isinstance(value, str)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": ("a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
    "list": ("a list", lambda value: isinstance(value, list)),
    "dict": ("a dictionary", lambda value: isinstance(value, dict)),
}


class Undocumented(ValueError):
    """An answer that is not what the module documents; the message is the place and the fault."""


def clean_text(text: object, lines: bool = False, limit: int = MOST_TEXT) -> str:
    """Return text without terminal sequences, control, format and bidi characters, at most ``limit`` characters long.

    lines: keep line breaks; else each becomes a blank.
    """
    bare = _SEQUENCE.sub("", str(text)[: 4 * limit])
    kept = "".join("\n" if lines and letter == "\n" else _safe(letter) for letter in bare)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def _safe(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isprintable() else " " if letter in _BLANKS else ""
    if letter in _BLANKS:
        return " "
    category = unicodedata.category(letter)
    return "\N{REPLACEMENT CHARACTER}" if category == "Cs" else "" if category in ("Cc", "Cf") else letter


def clean(value: Any, depth: int = _MOST_DEPTH) -> Any:
    """Return a JSON value with clean text, finite numbers and no key that Ansible acts on; what lies too deep becomes None."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() and len(value) <= MOST_TEXT else clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < _MOST_INTEGER else None
    if depth and isinstance(value, list):
        return [clean(item, depth - 1) for item in value[:_MOST_ITEMS]]
    if depth and isinstance(value, dict):
        pairs = [(clean_text(key, limit=200), item) for key, item in list(value.items())[:_MOST_KEYS]]
        return {key: clean(item, depth - 1) for key, item in pairs if not is_reserved(key)}
    return None


def is_reserved(key: str) -> bool:
    """Return whether Ansible would act on a key of a result: add_host, ansible_facts, _ansible_no_log and the like."""
    return key in RESERVED or key.lstrip("_").startswith("ansible_")


def pick(document: object, allowed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the clean ``document`` with the keys of ``allowed`` alone.

    allowed: {key: {type, elements, contains, returned}} as RETURN of a module documents it. ``contains`` checks and drops
    nothing. Raises Undocumented where a type differs, or where something is missing or None that is always returned; a failed
    or skipped answer may lack anything.
    """
    if not isinstance(document, dict):
        raise Undocumented(f"it is {_word(document)}, not a dictionary")
    picked = {key: clean(document[key]) for key in allowed if key in document and not is_reserved(key)}
    _check_keys("", picked, allowed, complete=not (picked.get("failed") or picked.get("skipped")))
    return picked


def _check_keys(
    place: str, values: Mapping[str, Any], documented: Mapping[str, Mapping[str, Any]], complete: bool = True
) -> None:
    for key, shape in documented.items():
        if values.get(key) is not None:
            _check(place + key, values[key], shape)
        elif complete and shape.get("returned") == "always":
            raise Undocumented(f"{place}{key} is missing")


def _check(place: str, value: Any, documented: Mapping[str, Any]) -> None:
    wanted, fits = _TYPES.get(documented.get("type", "str"), _TYPES["str"])
    if not fits(value):
        raise Undocumented(f"{place} is {_word(value)}, not {wanted}")
    inner = documented.get("contains") or {}
    items = value if isinstance(value, list) else [value] if inner else []
    for item in items:
        if isinstance(value, list) and documented.get("elements"):
            wanted, fits = _TYPES.get(documented["elements"], _TYPES["str"])
            if not fits(item):
                raise Undocumented(f"an element of {place} is {_word(item)}, not {wanted}")
        if inner and isinstance(item, dict):
            _check_keys(f"{place}.", item, inner)


def _word(value: object) -> str:
    if value is None:
        return "nothing"
    return next(word for word, fits in _TYPES.values() if fits(value))
