"""Two or more runs side by side, whatever they are. Pure functions over run documents."""

from __future__ import annotations

from ..analysis import history, statistics
from ..metrics import describe_params
from ..text.units import human
from ..thresholds import REGRESSION, REGRESSION_SIGMAS
from .markdown import view as escaped


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
    if abs(ratio - 1) > max(REGRESSION, REGRESSION_SIGMAS * history.SIGMA * noise):
        verdict = "better" if (ratio > 1) == (any_metric["better"] == "higher") else "worse"
    return {**row, "ratio": ratio, "noise": noise, "verdict": verdict}


def relative_mad(metric):
    """Return the MAD of a metric's samples as a share of their median."""
    return statistics.mad(metric["samples"]) / abs(metric["median"]) if metric["median"] else 0.0


def lines(table):
    """Return the comparison as lines for the screen: the runs, what differs in the testbed, and every figure that moved."""
    text = [f"{run['run_id']}: {run['profile']}, {len(run['nodes'])} nodes, testbed {run['testbed']}" for run in table["runs"]]
    if not table["same_testbed"]:
        text.append("The testbeds differ, so a difference need not be a change for better or worse.")
    text += [f"changed: {path}: {before} -> {after}" for path, before, after in table["differences"]]
    moved = [row for row in table["rows"] if row["verdict"] in ("better", "worse")]
    moved.sort(key=lambda row: row["verdict"] == "better")
    text += [f"{row['verdict']}: {_name(row)}: {' -> '.join(row['texts'])} (x {row['ratio']:.2f})" for row in moved]
    same = sum(row["verdict"] == "same" for row in table["rows"])
    alone = sum(row["verdict"] == "one-sided" for row in table["rows"])
    return [*text, f"{same} figures within their noise, {alone} not in both the first and the last run"]


def markdown(table):
    """Return the comparison as a Markdown table with every figure."""
    table = escaped(table)
    head = ["metric", *(run["run_id"] for run in table["runs"]), "ratio", "verdict"]
    text = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in table["rows"]:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.3f}"
        text.append("| " + " | ".join([_name(row), *row["texts"], ratio, row["verdict"]]) + " |")
    differing = [f"- {path}: {before} -> {after}" for path, before, after in table["differences"]]
    return "\n".join([*text, "", *differing]) + "\n"


def _name(row):
    where = " to ".join(row["subject"]) or "cluster"
    return f"{row['name']} of {where} ({describe_params(row)})"
