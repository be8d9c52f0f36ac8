"""The environment variables of Ray that differ from its defaults: a pure function of data/ray_settings.yml and two variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Setting = Mapping[str, Any]
# {variable: (least, most)} of what the formulas read.
RANGES = {"ray_network_patience": (30, 3600), "ray_worker_niceness": (0, 19)}


def value_of(value: object, variables: Mapping[str, int]) -> int:
    """Return the number of a setting; value: a number, or {of: variable, per: divisor, plus: number}."""
    if isinstance(value, Mapping):
        return -(-variables[value["of"]] // int(value.get("per", 1))) + int(value.get("plus", 0))
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is neither a whole number nor a formula")
    return value


def tuning(settings: Sequence[Setting], variables: Mapping[str, Any]) -> dict[str, str]:
    """Return {name: value as text}; variables: {name of RANGES: value}, a value out of its range raises ValueError."""
    numbers = {}
    for name, (least, most) in RANGES.items():
        number = int(variables[name])
        if not least <= number <= most:
            raise ValueError(f"{name} is {number}: set it to a number from {least} to {most}.")
        numbers[name] = number
    return {str(setting["name"]): str(value_of(setting["value"], numbers)) for setting in settings}


def formula(value: object) -> str:
    """Return the value of a setting as people read it."""
    if not isinstance(value, Mapping):
        return str(value)
    per, plus = value.get("per"), value.get("plus")
    return f"`{value['of']}`" + (f" / {per}" if per else "") + (f" + {plus}" if plus else "")
