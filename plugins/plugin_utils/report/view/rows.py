"""The table of one metric: its rows in the order of what was measured, and what all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from ... import metrics as registry
from ...analysis import statistics
from ...model import Metric
from ...text.units import human, percent, plus_minus
from .nodes import bar

# What puts the rows of a metric in order, before their nodes: sizes first, as numbers.
_SIZES = ("n", "bytes", "array_bytes", "prompt", "batch", "streams", "flows", "tasks")


def table(name: str, metrics: Sequence[Metric], where: str) -> dict[str, Any]:
    """Return {name, title, id, shared, rows, slow (p5 or p95)}: what all rows share stands once; where: its id."""
    ordered = sorted(metrics, key=_order)
    words = [registry.describe_params(metric).split(", ") for metric in ordered]
    shared = _shared_end(words)
    slow = "p95" if ordered[0]["better"] == "lower" else "p5"
    kept = [", ".join(one[: len(one) - len(shared)]) for one in words]
    return {
        "name": name,
        "title": registry.title(name),
        "id": where,
        "shared": ", ".join(shared),
        "slow": slow,
        "rows": [_row(metric, what) for metric, what in zip(ordered, kept)],
    }


def _order(metric: Metric) -> tuple[Any, ...]:
    """Sizes from small to large; where MLX has the CPU alone, what NumPy reaches on it comes first."""
    params = metric["params"]
    on_cpu = params.get("implementation") != "numpy"
    return (*(_number(params.get(key)) for key in _SIZES), on_cpu, str(metric["link"]), metric["subject"])


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else -1.0


def _shared_end(words: Sequence[Sequence[str]]) -> list[str]:
    """Return the last words that all rows have, for the title; what differs stays in the rows."""
    backwards = zip(*(reversed(one) for one in words))
    shared = [one[0] for one in takewhile(lambda one: len(set(one)) == 1, backwards)]
    return shared[::-1]


def _share(metric: Metric) -> tuple[str, int | None]:
    """Return (% of the ceiling, width of its bar); MLX on a CPU has no bar, because NumPy there is no ceiling of the machine."""
    if metric["share"] is None:
        return "", None
    if metric["params"].get("backend") == "cpu" and metric["ceiling_source"].startswith(registry.MEASURED):
        return f"{percent(metric['share'])} of NumPy", None
    return percent(metric["share"]), bar(metric["share"])


def _row(metric: Metric, what: str) -> dict[str, Any]:
    share, width = _share(metric)
    lower, unit = metric["better"] == "lower", metric["unit"]
    first_call = metric["context"].get("first_call_s")
    return {
        "subject": " → ".join(metric["subject"]) or "cluster",
        "nodes": " ".join(metric["subject"]),
        "what": what,
        "median": plus_minus(metric["median"], metric["mad"], unit),
        # The slow end: a rate's p95 would be its best.
        "slow": human(metric["p95"] if lower else statistics.percentile(metric["samples"], 0.05), unit),
        "first_call": human(first_call, "s") if first_call else "",
        "n": metric["n"],
        "ceiling": human(metric["ceiling"], unit) if metric["ceiling"] else "",
        "source": metric["ceiling_source"],
        "share": share,
        "bar": width,
        "flags": metric["flags"],
    }


def sources(tables: Sequence[dict[str, Any]]) -> list[str]:
    """Return where the ceilings of some tables come from, each value once; where there is none, the reason."""
    found: dict[str, None] = {}
    for row in (row for one in tables for row in one["rows"]):
        if row["source"]:
            found[f"{row['ceiling']}: {row['source']}" if row["ceiling"] else f"None: {row['source']}"] = None
    return list(found)
