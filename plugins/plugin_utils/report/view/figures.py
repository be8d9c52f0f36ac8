"""One section for each group of metrics: its table, and a chart where a line shows more than rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ... import metrics as registry
from ...analysis import statistics
from ...guard import guarded
from ...metrics.row import Note
from ...model import Failure, Metric, RunDocument
from ...text.units import bytes_size, human, unbroken
from ..summary import usual
from .anchors import anchors
from .metric_charts import CHARTS
from .rows import sources, table

_LONG = 6  # rows of a table that a page shows at once; a longer one can be opened
_LINKS = "network"  # the group whose medians are in the tables of the links
# (id, title, families of metrics) in the order of the page; the links stand between the chips and Ray.
_CHIPS = (
    ("products", "Matrix products", ("gemm",)),
    ("memory", "Memory", ("memory",)),
    ("models", "Language models", ("llm",)),
    ("operations", "Operations of a transformer", ("ops",)),
    ("gpu", "GPU, as the system reports it", ("gpu",)),
)
_CLUSTER = (
    (_LINKS, "All values of the links", ("net",)),
    ("ray", "Ray", ("ray", "scaling")),
    ("collectives", "Collectives of MLX", ("collective",)),
)
_OTHERS = ("others", "Other metrics")


def sections(run: RunDocument, failures: list[Failure] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return {chips, cluster}: lists of {id, title, tables, slow, sources, usual, long, charts}, in the order of the registry.

    failures: list for the sections that raise; they are left out.
    """
    failures = [] if failures is None else failures
    by_name: dict[str, list[Metric]] = {}
    for metric in run["metrics"]:
        by_name.setdefault(metric["name"], []).append(metric)
    order = [name for name in registry.METRICS if name in by_name] + sorted(set(by_name) - set(registry.METRICS))
    known = {family for _id, _title, families in _CHIPS + _CLUSTER for family in families}
    others = (*_OTHERS, tuple(sorted({name.split(".")[0] for name in order} - known)))
    ids = anchors("", order)

    def made(groups: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[dict[str, Any]]:
        parts = []
        for place, title, families in groups:
            names = [name for name in order if name.split(".")[0] in families]
            tables = [
                guarded(f"section {name}", partial(_table, by_name[name], name, ids[name]), None, failures) for name in names
            ]
            drawn = [
                guarded(f"chart of {name}", partial(_charts, run, by_name[name], name), list[str](), failures) for name in names
            ]
            kept = [one for one in tables if one]
            if kept:
                parts.append(_section(place, title, kept, [svg for some in drawn for svg in some], usual.sources(run, names)))
        return parts

    return {"chips": made(_CHIPS), "cluster": made((*_CLUSTER, others))}


def _section(place: str, title: str, tables: list[dict[str, Any]], drawn: list[str], published: list[str]) -> dict[str, Any]:
    slow = dict.fromkeys(one["slow"] for one in tables)
    count = sum(len(one["rows"]) for one in tables)
    return {
        "id": place,
        "title": title,
        "tables": tables,
        "slow": " or ".join(sorted(slow, reverse=True)),
        "mixed": len(slow) > 1,
        "count": count,
        "first_calls": any(row["first_call"] for one in tables for row in one["rows"]),
        "bounded": any(row["ceiling"] or row["share"] for one in tables for row in one["rows"]),
        "sources": sources(tables),
        "usual": published,
        "long": count > _LONG or place == _LINKS,
        "charts": drawn,
    }


def _table(metrics: Sequence[Metric], name: str, where: str) -> dict[str, Any]:
    row = registry.METRICS.get(name)
    return {**table(name, metrics, where), "words": _NOTES[row.note](metrics) if row and row.note else ""}


def _charts(run: RunDocument, metrics: Sequence[Metric], name: str) -> list[str]:
    row = registry.METRICS.get(name)
    drawn = CHARTS[row.chart](run, metrics) if row and row.chart else []
    return [unbroken(drawing) for drawing in drawn if drawing]


def _half_bandwidth(metrics: Sequence[Metric]) -> str:
    """Return what the smallest array takes, and which size reaches half of the best bandwidth (n 1/2)."""
    by_size = sorted(metrics, key=lambda metric: metric["params"]["bytes"])
    seconds = by_size[0]["context"].get("seconds")
    most = max(metric["median"] for metric in metrics)
    half = next(metric["params"]["bytes"] for metric in by_size if metric["median"] >= most / 2)
    words = f"Half of the best bandwidth is reached with {bytes_size(half)}."
    if not seconds:
        return words
    trip, slow = human(statistics.median(seconds), "s"), human(statistics.percentile(seconds, 0.95), "s")
    return f"{bytes_size(by_size[0]['params']['bytes'])} take {trip} (p95 {slow}). {words}"


_NOTES: Mapping[Note, Callable[[Sequence[Metric]], str]] = {"half_bandwidth": _half_bandwidth}
