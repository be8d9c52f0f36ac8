"""Two or more runs side by side, whatever they are. Pure functions over run documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from ..analysis import history, statistics
from ..metrics import describe_params
from ..model import Better, Metric, RunDocument
from ..text.units import human
from ..thresholds import REGRESSION, REGRESSION_SIGMAS
from .escaping import escape_all


class Run(TypedDict):
    """A run of the comparison."""

    run_id: str
    started: str
    profile: str
    nodes: list[str]
    testbed: str
    software: str


class Row(TypedDict):
    """One metric in each run: medians in ``unit``, None where it was not measured; ratio: last over first; noise: a fraction."""

    name: str
    subject: list[str]
    link: str | None
    params: dict[str, Any]
    unit: str
    better: Better
    medians: list[float | None]
    texts: list[str]
    ratio: float | None
    noise: float | None
    verdict: Literal["better", "worse", "same", "one-sided"]


class Table(TypedDict):
    """Runs side by side, the oldest first; the changes are [path, before, after] between the first and the last."""

    runs: list[Run]
    same_testbed: bool
    same_software: bool
    testbed_changes: list[Any]
    software_changes: list[Any]
    rows: list[Row]


def side_by_side(runs: Sequence[RunDocument]) -> Table:
    """Return the comparison of at least two runs: what differs in testbed and software, and a row for each metric."""
    runs = sorted(runs, key=lambda run: run["started"])
    found: dict[Any, list[Metric | None]] = {}
    for number, run in enumerate(runs):
        for metric in run["metrics"]:
            found.setdefault(history.metric_key(metric), [None] * len(runs))[number] = metric
    first, last = runs[0]["keys"], runs[-1]["keys"]
    return {
        "runs": [
            {
                "run_id": run["run_id"],
                "started": run["started"],
                "profile": run["profile"],
                "nodes": list(run["nodes"]),
                "testbed": run["keys"]["testbed"],
                "software": run["keys"]["software"],
            }
            for run in runs
        ],
        "same_testbed": len({run["keys"]["testbed"] for run in runs}) == 1,
        "same_software": len({run["keys"]["software"] for run in runs}) == 1,
        "testbed_changes": history.differences(first["testbed_parts"], last["testbed_parts"]),
        "software_changes": history.differences(first["software_parts"], last["software_parts"]),
        "rows": [_row(metrics) for metrics in found.values()],
    }


def _row(metrics: Sequence[Metric | None]) -> Row:
    known = next(metric for metric in metrics if metric)
    medians = [metric["median"] if metric else None for metric in metrics]
    row: Row = {
        "name": known["name"],
        "subject": known["subject"],
        "link": known["link"],
        "params": known["params"],
        "unit": known["unit"],
        "better": known["better"],
        "medians": medians,
        "texts": [human(median, known["unit"]) for median in medians],
        "ratio": None,
        "noise": None,
        "verdict": "one-sided",
    }
    first, last = metrics[0], metrics[-1]
    if not first or not last:
        return row
    if not first["median"]:  # a loss of nothing has no ratio
        more: Literal["better", "worse"] = "better" if known["better"] == "higher" else "worse"
        return {**row, "verdict": more if last["median"] else "same"}
    noise = max(relative_mad(first), relative_mad(last))
    ratio = last["median"] / first["median"]
    verdict: Literal["better", "worse", "same"] = "same"
    if abs(ratio - 1) > max(REGRESSION, REGRESSION_SIGMAS * history.SIGMA * noise):
        verdict = "better" if (ratio > 1) == (known["better"] == "higher") else "worse"
    return {**row, "ratio": ratio, "noise": noise, "verdict": verdict}


def relative_mad(metric: Metric) -> float:
    """Return the MAD of a metric's samples as a fraction of their median."""
    return statistics.mad(metric["samples"]) / abs(metric["median"]) if metric["median"] else 0.0


def markdown(table: Table) -> str:
    """Return the comparison as a Markdown table with every metric."""
    table = escape_all(table)
    head = ["metric", *(run["run_id"] for run in table["runs"]), "ratio", "verdict"]
    text = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in table["rows"]:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.3f}"
        text.append("| " + " | ".join([_name(row), *row["texts"], ratio, row["verdict"]]) + " |")
    differing = [f"- {path}: {before} -> {after}" for path, before, after in table["testbed_changes"] + table["software_changes"]]
    return "\n".join([*text, "", *differing]) + "\n"


def _name(row: Row) -> str:
    where = " to ".join(row["subject"]) or "cluster"
    return f"{row['name']} of {where} ({describe_params(row)})"
