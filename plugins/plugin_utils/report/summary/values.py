"""The values of a run that its tiles and its table show. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...analysis import ceilings
from ...model import Comparison, Metric, RunDocument, Severity
from ...thresholds import REGRESSION_RUNS
from ...verdicts.pairs import Pair
from .parts import Mark

CLUSTER_LINK: Final = "default"
MLX: Final = "mlx"
NUMPY: Final = "numpy"
MARKS: Final[Mapping[Severity, Mark]] = {"fault": "bad", "limit": "attention", "note": "none"}
ByNode = dict[str, Metric]
ORDER: Final[tuple[Mark, ...]] = ("good", "none", "attention", "bad")  # of marks, the worst last


def best(run: RunDocument, name: str, keep: Callable[[Metric], bool] = lambda metric: True) -> ByNode:
    """Return {node: its best value of a metric} in the order of the nodes; impossible values are ignored."""
    found: ByNode = {}
    for metric in run["metrics"]:
        if metric["name"] != name or not metric["subject"] or "above_ceiling" in metric["flags"] or not keep(metric):
            continue
        node = metric["subject"][0]
        if node not in found or _is_better(metric, found[node]):
            found[node] = metric
    return {node: found[node] for node in run["nodes"] if node in found}


def _is_better(one: Metric, other: Metric) -> bool:
    return one["median"] > other["median"] if one["better"] == "higher" else one["median"] < other["median"]


def on_gpu(run: RunDocument, name: str) -> ByNode:
    """Return what MLX reached on GPUs."""
    return best(run, name, lambda metric: _by(metric) == MLX and metric["params"].get("backend") == "gpu")


def on_cpu(run: RunDocument, name: str, implementation: str) -> ByNode:
    """Return what ``implementation`` reached on the CPUs of nodes where MLX has no GPU."""
    with_gpu = on_gpu(run, name)
    found = best(run, name, lambda metric: _by(metric) == implementation and metric["params"].get("backend") == "cpu")
    return {node: metric for node, metric in found.items() if node not in with_gpu}


def _by(metric: Metric) -> str:
    return str(metric["params"].get("implementation", MLX))


def worst(metrics: Sequence[Metric]) -> Metric:
    """Return the value that sets the pace: the smallest rate, the longest time."""
    return (min if metrics[0]["better"] == "higher" else max)(metrics, key=lambda metric: metric["median"])


def link_could_be(pair: Pair) -> float | None:
    """Return the goodput in bit/s that the ports of a link can do, negotiated or not; None where they do not report it."""
    capable = [end.get("capable_bps") or 0 for end in pair["ends"]]
    if pair["virtual"] or pair["wifi"] or not pair["ceiling"] or not all(capable):
        return pair["ceiling"]
    mtu = min(end.get("mtu") or 1500 for end in pair["ends"])
    return max(pair["ceiling"], ceilings.tcp_goodput(min(capable), mtu))


def scaling(run: RunDocument) -> Metric | None:
    """Return the efficiency of the same tasks on the most nodes, None where it was not measured."""
    found = [metric for metric in run["metrics"] if metric["name"] == "scaling.strong"]
    return max(found, key=lambda metric: len(metric["params"]["nodes"]), default=None)


def mark(run: RunDocument, kinds: Sequence[str], nodes: Sequence[str], share: float | None, good: float) -> Mark:
    """Return the mark of a value: what the findings of some kinds about its nodes are, else whether ``share`` is good.

    A value without a problem is never marked as one, so that table and problems agree.
    """
    found = [
        MARKS[finding["severity"]]
        for finding in run["findings"]
        if finding["kind"] in kinds and set(finding["subject"]) & set(nodes)
    ]
    if found:
        return max(found, key=ORDER.index)
    return "good" if share is not None and share >= good else "none"


def has_regressed(run: RunDocument, metrics: Sequence[Metric]) -> bool:
    """Return whether one of some values is a confirmed regression."""
    worse = [item for item in run["history"]["comparisons"] if item["headline"] and item["verdict"] == "regression"]
    return any(_is_of(item, metric) for item in worse for metric in metrics)


def compared(run: RunDocument, metric: Metric) -> Comparison | None:
    """Return the comparison of a value with earlier runs, None without one."""
    return next((item for item in run["history"]["comparisons"] if _is_of(item, metric)), None)


def _is_of(item: Comparison, metric: Metric) -> bool:
    return item["name"] == metric["name"] and _identity(item) == _identity(metric)


def _identity(one: Metric | Comparison) -> tuple[object, ...]:
    return one["subject"], one["link"], one["params"]


def center(run: RunDocument, metric: Metric) -> tuple[float, int] | None:
    """Return (median, number) of the earlier runs with the same value, None where they are too few to be usual."""
    item = compared(run, metric)
    if item is None or item["centre"] is None or item["runs"] < REGRESSION_RUNS:
        return None
    return item["centre"], item["runs"]
