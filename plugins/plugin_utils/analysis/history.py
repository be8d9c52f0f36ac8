"""A run against the runs before it: which are comparable, and what has become worse. Pure functions over run documents.

The unit of analysis is the run: samples of one run share its state. A metric is worse when it leaves the median of the earlier
runs in its bad direction by more than REGRESSION_SIGMAS x SIGMA x MAD (the MAD is at least FLOOR of the median) and by more than
REGRESSION; with fewer than REGRESSION_RUNS earlier runs there is no verdict. A suspect counts only after a second measurement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from .. import metrics
from ..model import Comparison, History, Keys, Metric, RunDocument
from ..thresholds import REGRESSION, REGRESSION_RUNS, REGRESSION_SIGMAS
from . import statistics

MOST_RUNS = 20
SIGMA = 1.4826  # of a normal distribution, in MAD
FLOOR = 0.01  # of the center: a handful of runs can agree by chance
# A run that has not been compared yet, or whose comparison failed.
NO_KEYS: Keys = {"testbed": "0" * 12, "software": "0" * 12, "testbed_parts": {}, "software_parts": {}}
NOTHING: History = {"runs": [], "comparisons": [], "software_changes": [], "testbed_changes": []}
_MEMORY_STEP = 256 * 2**20
# What version 1 of run.json put into a testbed. A later shape of the file changes no testbed: recorded keys stay valid.
_TESTBED_VERSION = 1
# Facts about the software among the parameters of a metric.
_SOFTWARE_PARAMS = ("iperf3",)
_KEPT = ("name", "subject", "link", "params", "median", "flags")
Earlier = Mapping[str, Any]  # an old run, as kept() leaves it


class Judgment(TypedDict):
    """A metric against earlier medians; change and smallest_change are fractions of the centre, a positive change is more."""

    runs: int
    centre: float | None
    mad: float | None
    change: float | None
    smallest_change: float | None
    verdict: Literal["insufficient", "same", "regression", "improvement"]


def keys(run: RunDocument) -> Keys:
    """Return {testbed, software, testbed_parts, software_parts}.

    Equal testbeds can be compared; a change of software is drawn on the history and does not end it. Load, temperature and such
    belong to neither.
    """
    testbed = {
        "schema_version": _TESTBED_VERSION,
        "profile": run["profile"],
        "parameters": run["parameters"],
        "head": run["head"],
        "nodes": {name: _hardware(node) for name, node in sorted(run["nodes"].items())},
    }
    software = {
        "commit": run["playbook"]["commit"],
        "dirty": run["playbook"]["dirty"],
        "stack": run["stack"],
        "nodes": {name: _software(node) for name, node in sorted(run["nodes"].items())},
    }
    return {
        "testbed": _digest(testbed),
        "software": _digest(software),
        "testbed_parts": testbed,
        "software_parts": software,
    }


def _hardware(node: Mapping[str, Any]) -> dict[str, Any]:
    facts, gpu = node["facts"], node["facts"].get("gpu") or {}
    power = (node.get("conditions_before") or {}).get("power") or {}
    links = {
        name: {key: link.get(key) for key in ("interface", "kind", "negotiated_bps", "mtu")}
        for name, link in (facts.get("links") or {}).items()
    }
    return {
        **{key: facts.get(key) for key in ("system", "machine", "model", "chip")},
        "memory_bytes": _round_memory(facts.get("memory_bytes")),
        "gpu": {key: gpu.get(key) for key in ("kind", "name", "cores", "wired_limit_bytes")},
        "power": {key: power.get(key) for key in ("mode", "source")},
        "links": links,
    }


def _round_memory(size: Any) -> int | None:
    """Return a memory's size by which a machine stays the same one: a new kernel keeps some MiB more or less for itself."""
    return round(size / _MEMORY_STEP) * _MEMORY_STEP if isinstance(size, (int, float)) else None


def _software(node: Mapping[str, Any]) -> dict[str, Any]:
    facts = node["facts"]
    return {
        "os": facts.get("os"),
        "python": (facts.get("python") or {}).get("version"),
        "fingerprint": node.get("fingerprint"),
    }


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def metric_key(metric: Mapping[str, Any]) -> str:
    """Return the identity of a metric over all runs; metric: of a run document, or its comparison."""
    params = {key: value for key, value in metric["params"].items() if key not in _SOFTWARE_PARAMS}
    return json.dumps([metric["name"], metric["subject"], metric["link"], params], sort_keys=True)


def kept(run: RunDocument) -> dict[str, Any]:
    """Return the part of an old run that a history needs: no samples, no contexts, and its keys by today's rules."""
    return {
        "run_id": run["run_id"],
        "started": run["started"],
        "partial": run.get("partial", False),
        "nodes": dict.fromkeys(run["nodes"]),
        "keys": keys(run),
        "metrics": [{key: value for key, value in metric.items() if key in _KEPT} for metric in run["metrics"]],
    }


def may_compare(plan: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a run with the plan ``other`` can be on the same testbed as one with ``plan``, before it is read."""
    return all(plan.get(key) == other.get(key) for key in ("profile", "parameters", "head")) and same_nodes(plan, other)


def same_nodes(plan: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two plans have the same nodes."""
    return set(plan["nodes"]) == set(other.get("nodes", ()))


def comparable(run: RunDocument, earlier: Iterable[Earlier]) -> list[Earlier]:
    """Return the whole runs before ``run`` on an equal testbed, oldest first, the newest MOST_RUNS of them."""
    before = [
        other
        for other in earlier
        if other["started"] < run["started"]
        and not other.get("partial")
        and (other.get("keys") or {}).get("testbed") == run["keys"]["testbed"]
    ]
    return sorted(before, key=lambda other: other["started"])[-MOST_RUNS:]


def compare(run: RunDocument, earlier: Sequence[Earlier]) -> History:
    """Return the history of a run that has its keys; earlier: runs as kept() leaves them."""
    runs = comparable(run, earlier)
    medians: dict[str, list[dict[str, Any]]] = {}
    for other in runs:
        for metric in other["metrics"]:
            if "above_ceiling" not in metric["flags"]:
                point = {"run_id": other["run_id"], "median": metric["median"], "software": other["keys"]["software"]}
                medians.setdefault(metric_key(metric), []).append(point)
    return {
        "runs": [other["run_id"] for other in runs],
        "comparisons": [
            _comparison(metric, medians.get(metric_key(metric), []))
            for metric in run["metrics"]
            if "above_ceiling" not in metric["flags"]
        ],
        "software_changes": differences(runs[-1]["keys"]["software_parts"], run["keys"]["software_parts"]) if runs else [],
        "testbed_changes": _testbed_changes(run, earlier),
    }


def _comparison(metric: Metric, points: list[dict[str, Any]]) -> Comparison:
    judgment = judge(metric, [point["median"] for point in points])
    return {
        "name": metric["name"],
        "subject": metric["subject"],
        "link": metric["link"],
        "params": metric["params"],
        "unit": metric["unit"],
        "better": metric["better"],
        "median": metric["median"],
        "headline": metrics.is_headline(metric["name"]),
        "history": points,
        "runs": judgment["runs"],
        "centre": judgment["centre"],
        "mad": judgment["mad"],
        "change": judgment["change"],
        "smallest_change": judgment["smallest_change"],
        "verdict": judgment["verdict"],
    }


def judge(metric: Metric, earlier: Sequence[float]) -> Judgment:
    """Return a metric against the medians of earlier runs."""
    if not earlier:
        return {"runs": 0, "centre": None, "mad": None, "change": None, "smallest_change": None, "verdict": "insufficient"}
    centre, mad = statistics.median(earlier), statistics.mad(earlier)
    change = metric["median"] / centre - 1 if centre else None
    smallest = max(REGRESSION, tolerance(centre, mad) / abs(centre)) if centre else None
    verdict: Literal["insufficient", "same", "regression", "improvement"] = "same"
    if len(earlier) < REGRESSION_RUNS or change is None or smallest is None:
        verdict = "insufficient"
    elif abs(change) > smallest:
        verdict = "regression" if (change < 0) == (metric["better"] == "higher") else "improvement"
    return {
        "runs": len(earlier),
        "centre": centre,
        "mad": mad,
        "change": change,
        "smallest_change": smallest,
        "verdict": verdict,
    }


def tolerance(centre: float, mad: float) -> float:
    """Return by how much a run may differ from the earlier ones by chance, in the metric's unit."""
    return REGRESSION_SIGMAS * max(SIGMA * mad, FLOOR * abs(centre))


def suspects(run: RunDocument) -> list[Comparison]:
    """Return the headline metrics of a run that look like a regression."""
    return [item for item in run["history"]["comparisons"] if item["headline"] and item["verdict"] == "regression"]


def confirm(run: RunDocument, second: RunDocument) -> History:
    """Return the history of ``run`` after its suspects were measured again in ``second`` (a run document, judged the same way).

    A regression that the second measurement does not show becomes "unconfirmed"; second_median is kept beside the median.
    """
    again = {metric_key(item): item for item in second["history"]["comparisons"]}
    comparisons: list[Comparison] = []
    for item in run["history"]["comparisons"]:
        other = again.get(metric_key(item))
        if item["verdict"] == "regression" and item["headline"] and other:
            comparisons.append(_confirmed(item, other))
        else:
            comparisons.append(item)
    return {**run["history"], "comparisons": comparisons}


def _confirmed(item: Comparison, second: Comparison) -> Comparison:
    changed = item.copy()
    changed["verdict"] = "regression" if second["verdict"] == "regression" else "unconfirmed"
    changed["second_median"] = second["median"]
    return changed


def differences(before: Any, after: Any, path: str = "") -> list[list[Any]]:
    """Return [[path, before, after]] of two nested documents."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in sorted({*before, *after})
            for change in differences(before.get(key), after.get(key), f"{path}/{key}" if path else str(key))
        ]
    return [] if before == after else [[path, before, after]]


def _testbed_changes(run: RunDocument, earlier: Sequence[Earlier]) -> list[list[Any]]:
    """Return what differs from the newest run of the same nodes: a link that now negotiates less is seen here."""
    same = [
        other
        for other in earlier
        if other["started"] < run["started"] and set(other["nodes"]) == set(run["nodes"]) and other.get("keys")
    ]
    if not same:
        return []
    newest = max(same, key=lambda other: other["started"])
    return differences(newest["keys"]["testbed_parts"], run["keys"]["testbed_parts"])
