"""Two or more runs side by side, whatever they are. Pure functions over run documents."""

from __future__ import annotations

from . import history, statistics
from .units import human


def side_by_side(runs):
    """Return {runs, same_testbed, differences, rows} of at least two runs, the oldest first.

    differences: [[path, before, after]] of testbed and software between the first and the last; rows: one for each metric, with
    the median of each run (None where it was not measured), ratio (last / first) and verdict: better, worse, same or one-sided.
    """
    runs = sorted(runs, key=lambda run: run["started"])
    found = {}
    for number, run in enumerate(runs):
        for metric in run["metrics"]:
            found.setdefault(history.metric_key(metric), [None] * len(runs))[number] = metric
    first, last = runs[0]["keys"], runs[-1]["keys"]
    return {
        "runs": [
            {
                **{key: run[key] for key in ("run_id", "started", "profile")},
                "nodes": list(run["nodes"]),
                "testbed": run["keys"]["testbed"],
                "software": run["keys"]["software"],
            }
            for run in runs
        ],
        "same_testbed": len({run["keys"]["testbed"] for run in runs}) == 1,
        "differences": history.differences(first["testbed_parts"], last["testbed_parts"])
        + history.differences(first["software_parts"], last["software_parts"]),
        "rows": [_row(metrics) for metrics in found.values()],
    }


def _row(metrics):
    any_metric = next(metric for metric in metrics if metric)
    row = {key: any_metric[key] for key in ("name", "subject", "link", "params", "unit", "better")}
    row["medians"] = [metric["median"] if metric else None for metric in metrics]
    row["texts"] = [human(median, any_metric["unit"]) for median in row["medians"]]
    first, last = metrics[0], metrics[-1]
    if not first or not last or not first["median"]:
        return {**row, "ratio": None, "noise": None, "verdict": "one-sided"}
    noise = max(relative_mad(first), relative_mad(last))
    ratio = last["median"] / first["median"]
    verdict = "same"
    if abs(ratio - 1) > max(history.SMALLEST, history.SIGMAS * history.SIGMA * noise):
        verdict = "better" if (ratio > 1) == (any_metric["better"] == "higher") else "worse"
    return {**row, "ratio": ratio, "noise": noise, "verdict": verdict}


def relative_mad(metric):
    """Return the MAD of a metric's samples as a share of their median."""
    return statistics.mad(metric["samples"]) / abs(metric["median"]) if metric["median"] else 0.0
