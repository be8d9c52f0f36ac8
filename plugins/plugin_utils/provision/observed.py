"""Values of what a node observed, read without trust: one of another type than the wanted is unknown, never an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Observed = Mapping[str, Any]
# What the role passes from the variables of the inventory; each check names the keys that it reads.
Wanted = Mapping[str, Any]
# A node may return a list of any length; nobody reads more rows than that.
_MOST_ITEMS = 10000


def text(observed: object, name: str) -> str:
    """Return a text, "" where it is unknown."""
    value = observed.get(name) if isinstance(observed, Mapping) else None
    return value if isinstance(value, str) else ""


def integer(observed: object, name: str) -> int | None:
    """Return a whole number, None where it is unknown."""
    value = observed.get(name) if isinstance(observed, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def number(observed: object, name: str) -> float | None:
    """Return a finite number, None where it is unknown."""
    value = observed.get(name) if isinstance(observed, Mapping) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63 else None


def texts(observed: object, name: str) -> list[str]:
    """Return the texts in a list, [] where it is unknown."""
    value = observed.get(name) if isinstance(observed, Mapping) else None
    return [item for item in value[:_MOST_ITEMS] if isinstance(item, str)] if isinstance(value, list) else []


def mapping(observed: object, name: str) -> dict[str, Any] | None:
    """Return a dictionary with texts as keys, None where it is unknown."""
    value = observed.get(name) if isinstance(observed, Mapping) else None
    return {key: item for key, item in value.items() if isinstance(key, str)} if isinstance(value, Mapping) else None


def rows(observed: object, name: str, wanted: Mapping[str, type], optional: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the dictionaries in a list that have all keys of ``wanted`` with values of those types; other keys are dropped.

    optional: keys that may be missing or of another type; they are dropped then.
    """
    value = observed.get(name) if isinstance(observed, Mapping) else None
    found = []
    for item in value[:_MOST_ITEMS] if isinstance(value, list) else []:
        if isinstance(item, Mapping):
            kept = {key: item[key] for key, kind in wanted.items() if key in item and _is(item[key], kind)}
            if all(key in kept or key in optional for key in wanted):
                found.append(kept)
    return found


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def version(dotted: object) -> tuple[int, ...] | None:
    """Return a dotted version as a comparable tuple, None where it is none."""
    parts = str(dotted).strip() if isinstance(dotted, (str, int, float)) else ""
    return tuple(int(part) for part in parts.split(".")) if re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,9}", parts) else None
