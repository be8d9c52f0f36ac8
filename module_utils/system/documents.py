"""JSON that others wrote: one exception for all that is none. Pure functions."""

from __future__ import annotations

import json


def parse(text):
    """Return the value of a JSON text; raises ValueError where it is none, also for one that is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def mapping(text):
    """Return the dictionary of a JSON text; raises ValueError where it is none."""
    value = parse(text)
    if not isinstance(value, dict):
        raise ValueError("it is no dictionary")
    return value
