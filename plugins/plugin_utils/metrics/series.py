"""How a metric is named in Prometheus, after its naming guide: one base unit for each family, labels for what differs.

A row of the registry says its family and its labels; the unit in the family's name and the factor follow from the row's unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..model import Metric, Scope

PREFIX: Final = "saf_"
# {unit of run.json: (how a family's name ends, factor)}; sizes are bytes and never bits.
_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "FLOP/s": ("flops_per_second", 1.0),
    "B/s": ("bytes_per_second", 1.0),
    "bit/s": ("bytes_per_second", 1 / 8),
    "token/s": ("tokens_per_second", 1.0),
    "task/s": ("tasks_per_second", 1.0),
    "s": ("seconds", 1.0),
    "Hz": ("hertz", 1.0),
    "1": ("ratio", 1.0),
}

Label = Callable[[Metric], Any]  # the value of one label, "" or None where the metric has none


@dataclass(frozen=True)
class Family:
    """stem: the name without prefix and unit; help: what is measured, one sentence without its point."""

    stem: str
    help: str

    def name(self, unit: str) -> str:
        """Return the full name for a unit of run.json: saf_link_goodput_bytes_per_second."""
        return f"{PREFIX}{self.stem}_{_UNITS[unit][0]}"


def base_value(value: float, unit: str) -> float:
    """Return a value of run.json in the base unit of its family."""
    return value * _UNITS[unit][1]


def always(text: str) -> Label:
    """Return a label with one value for all metrics of a row."""
    return lambda _metric: text


def param(key: str, missing: str = "") -> Label:
    """Return a label with the value of a parameter, ``missing`` where it is absent or null."""

    def label(metric: Metric) -> Any:
        value = metric["params"].get(key)
        return missing if value is None else value

    return label


def count(key: str) -> Label:
    """Return a label with the number of entries of a list among the parameters."""

    def label(metric: Metric) -> Any:
        value = metric["params"].get(key)
        return len(value) if isinstance(value, list) else ""

    return label


def kind(metric: Metric) -> str:
    """Return what a metric's name says after the name of its group: float16 of gemm.float16."""
    return metric["name"].partition(".")[2]


def size(metric: Metric) -> str:
    """Return the size of a product: 4096 of a square one, 64x4096x4096 of another."""
    sides = [str(metric["params"].get(side, "")) for side in "mnk"]
    return sides[0] if len(set(sides)) == 1 else "x".join(sides)


def place(metric: Metric, scopes: tuple[Scope, ...]) -> dict[str, Any]:
    """Return the labels that say where a metric of a row with ``scopes`` was measured; none for the cluster."""
    subject = metric["subject"]
    where: dict[str, Any] = {}
    if subject and "pair" in scopes:  # of one node to itself both ends are the same
        where = {"source": subject[0], "destination": subject[-1]}
    elif subject and "node" in scopes:
        where = {"node": subject[0]}
    return {**where, "link": metric["link"]} if metric["link"] else where
