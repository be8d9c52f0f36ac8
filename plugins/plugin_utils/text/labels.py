"""Labels of severities, flags, nodes, gains and counts, as people read them. Those of a metric are in the registry (metrics)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..thresholds import ABOVE_CEILING, THROTTLED, UNSTABLE
from .units import percent

SEVERITY = {"fault": "Fault", "limit": "Limit", "note": "Note"}
FLAGS = {
    "above_ceiling": f"more than {percent(ABOVE_CEILING - 1)} above its documented ceiling: either the value or the ceiling is "
    "wrong; the value is ignored",
    "throttled": f"the rate fell by more than {percent(1 - THROTTLED)} while the same work continued",
    "cpu_bound": "a core of one end was fully busy: the CPU was measured, not the link",
    "unstable": f"the MAD of the samples is above {percent(UNSTABLE)} of their median",
    "small_arrays": "the arrays are less than four times the last cache: there was not enough memory for larger ones",
    "busy_node": "other work ran on one of its nodes before the first measurement",
    "low_power": "Low Power Mode was on",
    "battery": "one of its nodes ran on battery",
    "swapping": "swap in use grew during the run",
    "speed_limit": "the system limited the clock",
}
_LIBRARIES = {"mlx": "MLX", "numpy": "NumPy"}


def library(implementation: str) -> str:
    """Return the name of what computed a value: "NumPy" of "numpy"."""
    return _LIBRARIES.get(implementation, implementation)


def processor(backend: str) -> str:
    """Return the name of where a value was computed: "GPU" of "gpu"."""
    return backend.upper() if backend in ("gpu", "cpu") else backend


def plural(count: int, word: str) -> str:
    """Return a count with its noun: "1 node", "2 nodes"."""
    return f"{count} {word}" + ("" if count == 1 else "s")


def subject_label(subject: Sequence[str]) -> str:
    """Return the nodes of a metric, "cluster" for all of them."""
    return ", ".join(subject) or "cluster"


def gain_label(factor: float) -> str:
    """Return a bounded gain; one below 1 % is none, because no run could show it."""
    if factor < 1.01:
        return "none for the tasks of this run"
    return f"at most {percent(factor - 1)} faster" if factor < 2 else f"at most {factor:g} times as fast"


def busy_label(conditions: Mapping[str, Any]) -> str:
    """Return the busiest processes of a node's conditions with their % of one core, "" where none is known."""
    return ", ".join(f"{one['command']} {one['cpu_percent']} %" for one in conditions.get("busiest") or [])
