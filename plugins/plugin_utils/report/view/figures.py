"""One section for each metric: its table, and a chart where a line shows more than rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ... import metrics as registry
from ...analysis import statistics
from ...guard import guarded
from ...metrics.row import Note
from ...model import Failure, Metric, RunDocument
from ...text.units import human, percent
from .metric_charts import CHARTS

_LONG = 24  # rows of a table that a page shows at once; a longer one can be opened
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
    drawn = CHARTS[row.chart](run, metrics) if row and row.chart else []
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


_NOTES: Mapping[Note, Callable[[Sequence[Metric]], str]] = {"half_bandwidth": _half_bandwidth}
