"""What is usual for a value: the median of the own comparable runs, else what was published for the chip."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

import yaml

from ...model import Metric, RunDocument
from ...text.units import human
from ...workspace import DATA
from . import values


class Usual(NamedTuple):
    """A usual value in the metric's unit; text: the value in words; whose: as in "a quarter of ..."; source: who published it."""

    value: float
    text: str
    whose: str
    source: str = ""


def of(run: RunDocument, metric: Metric) -> Usual | None:
    """Return what is usual for a metric, None where nothing is known."""
    own = values.center(run, metric)
    if own:
        return Usual(own[0], f"{human(own[0], metric['unit'])} in the {own[1]} runs before", "what it reached before")
    published = _published(run, metric)
    if published:
        value = float(published["value"])
        text = f"this chip usually {human(value, metric['unit'])}"
        return Usual(value, text, "what this chip usually reaches", str(published["source"]))
    return None


def sources(run: RunDocument, names: Collection[str]) -> list[str]:
    """Return who published what is usual for the metrics of some names, each value once: "M2 Ultra usually 22.0 TFLOP/s: ..."."""
    found: dict[str, None] = {}
    for metric in run["metrics"]:
        row = _published(run, metric) if metric["name"] in names else None
        if row:
            value = human(float(row["value"]), metric["unit"])
            found[f"{row['chip']}, {row['gpu_cores']} GPU cores, usually {value}: {row['source']}"] = None
    return list(found)


def _published(run: RunDocument, metric: Metric) -> Mapping[str, Any] | None:
    node = run["nodes"].get(metric["subject"][0]) if metric["scope"] == "node" and metric["subject"] else None
    if node is None or metric["params"].get("backend") != "gpu":
        return None
    chip = str(node["facts"].get("chip") or "").removeprefix("Apple ")
    cores = (node["facts"].get("gpu") or {}).get("cores")
    for row in rows():
        if (row["chip"], row["gpu_cores"], row["metric"]) == (chip, cores, metric["name"]):
            return row
    return None


@cache
def rows() -> tuple[Mapping[str, Any], ...]:
    """Return the rows of data/usual.yml: chip, gpu_cores, metric, value (SI unit), source."""
    return tuple(yaml.safe_load((DATA / "usual.yml").read_text()))
