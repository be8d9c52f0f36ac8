"""Values that came from elsewhere, brought to the type that the code behind them counts on. Pure functions.

A shape is a function from a value to a value or None, a dict {key: shape} (unknown keys stay, missing keys stay away), a dict
{"*": shape} (any key), or a list [shape]; of these two, what does not fit is left out. What has the wrong type becomes None, {}
or []: unknown, never an exception later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Shape: TypeAlias = "Callable[[Any], Any] | Mapping[str, Shape] | Sequence[Shape]"
Shapes: TypeAlias = "Mapping[str, Shape]"

_MOST_DEPTH = 12  # of what has no shape; nothing that modules return is deeper


def number(value: Any) -> float | None:
    """Return a finite number, else None; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e300 or not math.isfinite(value):
        return None
    return value


def at_least(least: float) -> Callable[[Any], Any]:
    """Return the shape of a finite number of ``least`` or more."""
    return lambda value: value if number(value) is not None and value >= least else None


def above(least: float) -> Callable[[Any], Any]:
    """Return the shape of a finite number above ``least``."""
    return lambda value: value if number(value) is not None and value > least else None


def text(value: Any) -> str | None:
    """Return a text, else None."""
    return value if isinstance(value, str) else None


def truth(value: Any) -> bool | None:
    """Return true or false, else None."""
    return value if isinstance(value, bool) else None


def finite(value: Any, depth: int = _MOST_DEPTH) -> Any:
    """Return a value of any shape in which every number is finite, so that it can be written as JSON."""
    if isinstance(value, dict):
        return {str(key): finite(item, depth - 1) for key, item in value.items()} if depth else None
    if isinstance(value, (list, tuple)):
        return [finite(item, depth - 1) for item in value] if depth else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return value if value is None or isinstance(value, (str, bool)) else str(value)


def shaped(value: Any, shape: Shape) -> Any:
    """Return ``value`` in a shape."""
    if callable(shape):
        return shape(value)
    if isinstance(shape, Sequence):
        fitting = [shaped(item, shape[0]) for item in value] if isinstance(value, list) else []
        return [item for item in fitting if item is not None]
    if not isinstance(value, dict):
        return {}
    if "*" in shape:
        items = {str(key): shaped(item, shape["*"]) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None}
    return {
        str(key): shaped(item, shape[key]) if isinstance(key, str) and key in shape else finite(item)
        for key, item in value.items()
    }
