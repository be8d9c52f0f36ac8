"""A run against the runs before it: which are comparable, and what has become worse. Pure functions over run documents.

The unit of analysis is the run: samples of one run share its state. A metric is worse when it leaves the median of the earlier
runs in its bad direction by more than 3 x 1.4826 x MAD (at least 1 % of the median) and by more than 5 %; with fewer than five
earlier runs nothing is said. A suspect counts only after a second measurement.
"""

from __future__ import annotations

import hashlib
import json

from . import statistics

LEAST_RUNS = 5
MOST_RUNS = 20
SIGMAS = 3
SIGMA = 1.4826  # of a normal distribution, in MAD
FLOOR = 0.01  # of the centre: a handful of runs can agree by chance
SMALLEST = 0.05
# A run that has not been compared yet, or whose comparison failed.
NO_KEYS = {"testbed": "0" * 12, "software": "0" * 12, "testbed_parts": {}, "software_parts": {}}
NOTHING = {"runs": [], "comparisons": [], "software_changes": [], "testbed_changes": []}
_MEMORY_STEP = 256 * 2**20
# What version 1 of run.json put into a testbed. A later shape of the file changes no testbed: recorded keys stay valid.
_TESTBED_VERSION = 1
# Facts about the software, though they stand among a metric's parameters.
_SOFTWARE_PARAMS = ("iperf3",)


def keys(run):
    """Return {testbed, software, testbed_parts, software_parts}.

    Equal testbeds can be compared; a change of software is drawn on the history and does not cut it. Load, temperature and such
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


def _hardware(node):
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


def _round_memory(size):
    """Return a memory's size by which a machine stays the same one: a new kernel keeps some MiB more or less for itself."""
    return round(size / _MEMORY_STEP) * _MEMORY_STEP if isinstance(size, (int, float)) else None


def _software(node):
    facts = node["facts"]
    return {
        "os": facts.get("os"),
        "python": (facts.get("python") or {}).get("version"),
        "fingerprint": node.get("fingerprint"),
    }


def _digest(parts):
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def metric_key(metric):
    """Return what a metric is called over all runs, hashable."""
    params = {key: value for key, value in metric["params"].items() if key not in _SOFTWARE_PARAMS}
    return json.dumps([metric["name"], metric["subject"], metric["link"], params], sort_keys=True)


def kept(run):
    """Return of an old run what a history needs: no samples, no contexts, and its keys as today's rules make them."""
    return {
        **{key: run[key] for key in ("run_id", "started")},
        "partial": run.get("partial", False),
        "nodes": dict.fromkeys(run["nodes"]),
        "keys": keys(run),
        "metrics": [
            {key: metric[key] for key in ("name", "subject", "link", "params", "median", "flags")} for metric in run["metrics"]
        ],
    }


def may_compare(plan, other):
    """Tell whether a run with the plan ``other`` can be on the same testbed as one with ``plan``, before it is read."""
    return all(plan.get(key) == other.get(key) for key in ("profile", "parameters", "head")) and same_nodes(plan, other)


def same_nodes(plan, other):
    return set(plan["nodes"]) == set(other.get("nodes", ()))


def comparable(run, earlier):
    """Return the whole runs before ``run`` on an equal testbed, oldest first, the newest MOST_RUNS of them."""
    before = [
        other
        for other in earlier
        if other["started"] < run["started"]
        and not other.get("partial")
        and (other.get("keys") or {}).get("testbed") == run["keys"]["testbed"]
    ]
    return sorted(before, key=lambda other: other["started"])[-MOST_RUNS:]


def compare(run, earlier, headlines):
    """Return {runs, comparisons, software_changes, testbed_changes} of a run that has its keys.

    headlines: names of the metrics that may fail a play.
    """
    runs = comparable(run, earlier)
    medians = {}
    for other in runs:
        for metric in other["metrics"]:
            if "above_ceiling" not in metric["flags"]:
                point = {"run_id": other["run_id"], "median": metric["median"], "software": other["keys"]["software"]}
                medians.setdefault(metric_key(metric), []).append(point)
    comparisons = [
        {
            **{key: metric[key] for key in ("name", "subject", "link", "params", "unit", "better", "median")},
            "headline": metric["name"] in headlines,
            "history": medians.get(metric_key(metric), []),
            **judge(metric, [point["median"] for point in medians.get(metric_key(metric), [])]),
        }
        for metric in run["metrics"]
        if "above_ceiling" not in metric["flags"]
    ]
    return {
        "runs": [other["run_id"] for other in runs],
        "comparisons": comparisons,
        "software_changes": differences(runs[-1]["keys"]["software_parts"], run["keys"]["software_parts"]) if runs else [],
        "testbed_changes": _testbed_changes(run, earlier),
    }


def judge(metric, earlier):
    """Return {runs, centre, mad, change, smallest_change, verdict} of a metric against earlier medians.

    change: relative to the centre, positive is more. verdict: insufficient, same, regression or improvement.
    """
    if not earlier:
        return {"runs": 0, "centre": None, "mad": None, "change": None, "smallest_change": None, "verdict": "insufficient"}
    centre, mad = statistics.median(earlier), statistics.mad(earlier)
    spread = max(SIGMA * mad, FLOOR * abs(centre))
    change = metric["median"] / centre - 1 if centre else None
    smallest = max(SMALLEST, SIGMAS * spread / abs(centre)) if centre else None
    verdict = "same"
    if len(earlier) < LEAST_RUNS or change is None:
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


def suspects(run):
    """Return the headline metrics of a run that look like a regression."""
    return [item for item in run["history"]["comparisons"] if item["headline"] and item["verdict"] == "regression"]


def confirm(run, second):
    """Return the history of ``run`` after its suspects were measured again in ``second`` (a run document, judged the same way).

    A regression that the second measurement does not show becomes "unconfirmed"; second_median is kept beside the median.
    """
    again = {metric_key(item): item for item in second["history"]["comparisons"]}
    comparisons = []
    for item in run["history"]["comparisons"]:
        other = again.get(metric_key(item))
        if item["verdict"] == "regression" and item["headline"] and other:
            verdict = "regression" if other["verdict"] == "regression" else "unconfirmed"
            comparisons.append({**item, "verdict": verdict, "second_median": other["median"]})
        else:
            comparisons.append(item)
    return {**run["history"], "comparisons": comparisons}


def differences(before, after, path=""):
    """Return [[path, before, after]] of two nested documents."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in sorted({*before, *after})
            for change in differences(before.get(key), after.get(key), f"{path}/{key}" if path else str(key))
        ]
    return [] if before == after else [[path, before, after]]


def _testbed_changes(run, earlier):
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
