"""One row of the registry of metrics, and what its functions take and return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ..model import Better, Measurement, Scope
from ..trust.shapes import Shapes
from .context import Context
from .series import Family, Label

# What report/view/figures.py can draw of a metric, and the note that it can write above the table.
Chart = Literal["rate_by_size", "rate_over_time", "parts_of_time", "bandwidth_by_size"]
Note = Literal["half_bandwidth"]
Ceiling = tuple[float | None, str]  # None where no ceiling is known; where it comes from, or why there is none


class Given(NamedTuple):
    """What a value was measured with."""

    params: Mapping[str, Any]
    link: str | None
    context: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """A metric, or the rest of a family where the name ends with a point ("gemm.")."""

    name: str
    title: str
    unit: str  # an SI base unit
    better: Better
    scopes: tuple[Scope, ...]
    sample: str  # what one sample is, for docs/numbers.md
    describe: Callable[[Given], str]  # in words, what a value was measured with
    ceiling: Callable[[Measurement, Context], Ceiling]
    family: Family  # of Prometheus; all rows of one have the same unit and label names
    labels: Mapping[str, Label] = field(default_factory=dict)  # beside those of the place (series.place)
    directed: bool = False  # a pair's sender is its first node
    params: Shapes = field(default_factory=dict)  # what a measurement cannot do without
    chart: Chart | None = None
    note: Note | None = None
    headline: bool = False  # its regression may fail a play

    @property
    def series_name(self) -> str:
        """Return the name of the row's Prometheus family."""
        return self.family.name(self.unit)

    @property
    def is_family(self) -> bool:
        """Return whether the row stands for all names that begin like it and have no row."""
        return self.name.endswith(".")
