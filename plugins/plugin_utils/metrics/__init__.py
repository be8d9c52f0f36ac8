"""The registry of metrics: one row for each, in the order in which the report shows them.

A new metric is one row in a file of families/. Title, ceiling, description, chart, headline, the border to the nodes
(trust/raw_shapes.py), the units of data/run.schema.json and the table of docs/numbers.md follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Measurement
from .context import MEASURED, Context
from .families import collective, compute, gpu, models, network, ray
from .families.none import no_ceiling
from .row import Ceiling, Given, MetricRow

__all__ = ["MEASURED", "METRICS", "UNITS", "Context", "MetricRow", "ceiling", "describe_params", "find", "is_headline", "title"]

METRICS: Mapping[str, MetricRow] = {
    row.name: row for row in (*compute.ROWS, *models.ROWS, *gpu.ROWS, *network.ROWS, *ray.ROWS, *collective.ROWS)
}
UNITS = tuple(dict.fromkeys(row.unit for row in METRICS.values()))


def find(name: str) -> MetricRow | None:
    """Return the row of a metric, of its family where it has none, None for an unknown one."""
    return METRICS.get(name) or METRICS.get(name.split(".")[0] + ".")


def title(name: str) -> str:
    """Return the title of a metric, its name where only its family has a row, or none."""
    return METRICS[name].title if name in METRICS else name


def is_headline(name: str) -> bool:
    """Return whether a regression of the metric may fail a play.

    With 60 of them at 1 % false alarms each, almost every second run would raise one: so few, and each of them is measured twice
    before it counts.
    """
    return name in METRICS and METRICS[name].headline


def describe_params(metric: Mapping[str, Any]) -> str:
    """Return in words what a value was measured with; metric: a measurement, a metric or a comparison of run.json."""
    row = find(metric["name"])
    return row.describe(Given(metric["params"], metric["link"], metric.get("context", {}))) if row else ""


def ceiling(metric: Measurement, context: Context) -> Ceiling:
    """Return (ceiling in the metric's unit, source); the ceiling is None where none is known and the source is the reason."""
    row = find(metric["name"])
    return (row.ceiling if row else no_ceiling)(metric, context)
