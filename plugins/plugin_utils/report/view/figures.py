"""One section for each group of metrics: its table, and a chart where a line shows more than rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ... import metrics as registry
from ...analysis import statistics
from ...analysis.scaling import PARTS
from ...guard import guarded
from ...metrics.row import Chart, Note
from ...model import Failure, Metric, RunDocument
from ...text.labels import library
from ...text.units import bytes_size, human, percent
from .. import charts
from .anchors import anchors
from .nodes import best
from .rows import sources, table

_LONG = 24  # rows of a table that a page shows at once; a longer one can be opened
_MANY = 4  # nodes; above that the best and the worst stand for all
_TYPES = ("float32", "tf32", "float16", "bfloat16")
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
    """Return {chips, cluster}: lists of {id, title, tables, slow, sources, long, charts}, each in the order of the registry.

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
                parts.append(_section(place, title, kept, [svg for some in drawn for svg in some]))
        return parts

    return {"chips": made(_CHIPS), "cluster": made((*_CLUSTER, others))}


def _section(place: str, title: str, tables: list[dict[str, Any]], drawn: list[str]) -> dict[str, Any]:
    slow = dict.fromkeys(one["slow"] for one in tables)
    count = sum(len(one["rows"]) for one in tables)
    return {
        "id": place,
        "title": title,
        "tables": tables,
        "slow": " or ".join(sorted(slow, reverse=True)),
        "mixed": len(slow) > 1,
        "count": count,
        "sources": sources(tables),
        "long": count > _LONG or place == _LINKS,
        "charts": drawn,
    }


def _table(metrics: Sequence[Metric], name: str, where: str) -> dict[str, Any]:
    row = registry.METRICS.get(name)
    return {**table(name, metrics, where), "words": _NOTES[row.note](metrics) if row and row.note else ""}


def _charts(run: RunDocument, metrics: Sequence[Metric], name: str) -> list[str]:
    row = registry.METRICS.get(name)
    drawn = _CHARTS[row.chart](run, metrics) if row and row.chart else []
    return [svg for svg in drawn if svg]


def _rate_by_size(run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw the rate by shape: all types and NumPy of few nodes, float32 of the slowest and the fastest of many."""
    names = list(run["nodes"])
    if len(names) > _MANY:
        names = _extremes(run, names)
    types = _TYPES if len(names) <= 2 and len(run["nodes"]) <= 2 else _TYPES[:1]
    drawn: list[charts.Series] = []
    for name in names:
        for dtype in types:
            for implementation in ("mlx", "numpy"):
                points = _points(run, name, dtype, implementation)
                if points:
                    what = dtype if implementation == "mlx" else f"{dtype}, {library(implementation)}"
                    drawn.append({"name": f"{name} {what}", "points": points})
    if not any(len(one["points"]) > 1 for one in drawn):  # a picture of dots shows less than the table
        return []
    peak = max(
        (
            metric["ceiling"]
            for metric in metrics
            if metric["ceiling"] and not metric["ceiling_source"].startswith(registry.MEASURED)
        ),
        default=None,
    )
    label = f"peak {human(peak, 'FLOP/s')}" if peak else ""
    return [charts.lines(drawn, "size n of the n x n product", "FLOP/s", "Rate of matrix products by size", peak, label)]


def _points(run: RunDocument, node: str, dtype: str, implementation: str) -> list[tuple[float, float]]:
    """Return (size, rate) of a node's products, the fastest of each size."""
    rates: dict[float, float] = {}
    for metric in run["metrics"]:
        params = metric["params"]
        if (
            metric["name"] == f"gemm.{dtype}"
            and metric["subject"] == [node]
            and params.get("implementation", "mlx") == implementation
        ):
            rates[params["n"]] = max(rates.get(params["n"], 0.0), metric["median"])
    return sorted(rates.items())


def _extremes(run: RunDocument, names: Sequence[str]) -> list[str]:
    """Return the slowest and the fastest node in float32 products."""
    rates = {}
    for name in names:
        found = best(run, "gemm.float32", partial(_is_of, name))
        if found:
            rates[name] = found["median"]
    return [min(rates, key=lambda name: rates[name]), max(rates, key=lambda name: rates[name])] if rates else []


def _is_of(name: str, metric: Metric) -> bool:
    return metric["subject"] == [name]


def _bandwidth_by_size(run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw both operations by size, with the goodput of the slowest link."""
    drawn: list[charts.Series] = []
    for name in ("all_reduce", "all_gather"):
        points: list[tuple[float, float]] = [
            (m["params"]["bytes"], m["median"]) for m in run["metrics"] if m["name"] == f"collective.{name}"
        ]
        if points:
            drawn.append({"name": name, "points": points})
    ceiling = next((metric["ceiling"] for metric in metrics if metric["ceiling"]), None)
    label = f"slowest link of the ring {human(ceiling, 'bit/s')}" if ceiling else ""
    return [charts.lines(drawn, "size in bytes", "bit/s", "Bus bandwidth of collectives by size", ceiling, label)]


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


def _parts_of_time(_run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    rows: list[charts.Bar] = [
        {
            "name": f"{len(metric['params']['nodes'])} nodes, E {percent(metric['median'])}",
            "shares": metric["context"]["split"],
        }
        for metric in metrics
        if metric["context"].get("split")
    ]
    return [charts.stack(rows, [(part, part) for part in PARTS], "Parts of the wall time of the task set")]


def _rate_over_time(_run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    return [
        charts.series(
            metric["samples"], metric["context"]["times_s"], metric["unit"], f"Rate over time on {metric['subject'][0]}"
        )
        for metric in metrics
        if metric["context"].get("times_s")
    ]


_NOTES: Mapping[Note, Callable[[Sequence[Metric]], str]] = {"half_bandwidth": _half_bandwidth}
_CHARTS: Mapping[Chart, Callable[[RunDocument, Sequence[Metric]], list[str]]] = {
    "rate_by_size": _rate_by_size,
    "rate_over_time": _rate_over_time,
    "parts_of_time": _parts_of_time,
    "bandwidth_by_size": _bandwidth_by_size,
}
