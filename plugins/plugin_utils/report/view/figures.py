"""One section for each metric: its table, and a chart where a line shows more than rows."""

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
from ...text.units import human, percent
from .. import charts
from .nodes import best

_LONG = 24  # rows of a table that a page shows at once; a longer one can be opened
_MANY = 4  # nodes; above that the best and the worst stand for all
_HIDDEN = ("net.rtt.idle", "net.rtt.loaded")  # shown with their link


def sections(run: RunDocument, failures: list[Failure] | None = None) -> list[dict[str, Any]]:
    """Return [{name, title, rows, first_call (whether a row has one), words, long, charts}] in the order of the registry.

    failures: list for the sections that raise; they are left out.
    """
    failures = [] if failures is None else failures
    by_name: dict[str, list[Metric]] = {}
    for metric in run["metrics"]:
        by_name.setdefault(metric["name"], []).append(metric)
    order = [name for name in registry.METRICS if name in by_name] + sorted(set(by_name) - set(registry.METRICS))
    made: list[dict[str, Any] | None] = [
        guarded(f"section {name}", partial(_section, run, name, by_name[name]), None, failures) for name in order
    ]
    return [section for section in made if section]


def _section(run: RunDocument, name: str, metrics: Sequence[Metric]) -> dict[str, Any]:
    row = registry.METRICS.get(name)
    drawn = _CHARTS[row.chart](run, metrics) if row and row.chart else []
    return {
        "name": name,
        "title": registry.title(name),
        "rows": [_row(metric) for metric in metrics],
        "first_call": any(metric["context"].get("first_call_s") for metric in metrics),
        "words": _NOTES[row.note](metrics) if row and row.note else "",
        "long": len(metrics) > _LONG or name in _HIDDEN,
        "charts": [svg for svg in drawn if svg],
    }


def _row(metric: Metric) -> dict[str, Any]:
    return {
        "subject": " to ".join(metric["subject"]) or "cluster",
        "what": registry.describe_params(metric),
        "median": human(metric["median"], metric["unit"]),
        "spread": human(metric["mad"], metric["unit"]),
        "p95": human(metric["p95"], metric["unit"]),
        "first_call": human(metric["context"].get("first_call_s"), "s"),
        "n": metric["n"],
        "ceiling": human(metric["ceiling"], metric["unit"]) if metric["ceiling"] else "-",
        "source": metric["ceiling_source"],
        "share": percent(metric["share"]),
        "flags": ", ".join(metric["flags"]),
    }


def _rate_by_size(run: RunDocument, metrics: Sequence[Metric]) -> list[str]:
    """Draw the rate by shape; the float32 section has all types of few nodes."""
    names = list(run["nodes"])
    if len(names) > _MANY:
        names = _extremes(run, names)
    kinds = ("gemm.float32", "gemm.float16") if len(names) <= 2 else ("gemm.float32",)
    drawn: list[charts.Series] = []
    for kind in kinds:
        for name in names:
            points: list[tuple[float, float]] = [
                (metric["params"]["n"], metric["median"])
                for metric in run["metrics"]
                if metric["name"] == kind and metric["subject"] == [name] and metric["params"].get("implementation") == "mlx"
            ]
            if points:
                drawn.append({"name": f"{name}, {kind.split('.')[1]}", "points": points})
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
    words = f"Half of the best bandwidth is reached with {_bytes(half)}."
    if not seconds:
        return words
    trip, slow = human(statistics.median(seconds), "s"), human(statistics.percentile(seconds, 0.95), "s")
    return f"{_bytes(by_size[0]['params']['bytes'])} take {trip} (p95 {slow}). {words}"


def _bytes(size: float) -> str:
    return f"{size} B" if size < 1024 else f"{size / 1024:.0f} KiB" if size < 2**20 else f"{size / 2**20:.0f} MiB"


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
