"""The history of the headline metrics: where this run stands among those before it."""

from __future__ import annotations

from typing import Any

from ...analysis.history import tolerance
from ...metrics import describe_params, title
from ...model import Comparison, History, RunDocument
from ...text.labels import subject_label
from ...text.units import human, percent
from .. import charts

_MOST = 12
_ORDER = {"regression": 0, "unconfirmed": 1, "improvement": 2, "same": 3, "insufficient": 4}
_WORDS = {
    "regression": "worse",
    "unconfirmed": "worse, but not when measured again",
    "improvement": "better",
    "same": "as before",
    "insufficient": "too few runs to say",
}


def trends(run: RunDocument) -> dict[str, Any]:
    """Return {text, rows, charts, changes}: headline metrics with earlier runs, the worst first."""
    past = run["history"]
    rows = [item for item in past["comparisons"] if item["headline"] and item["runs"]]
    rows.sort(key=lambda item: (_ORDER[item["verdict"]], -abs(item["change"] or 0)))
    return {
        "text": _text(past),
        "rows": [_row(item) for item in rows],
        "charts": [{"title": f"{title(item['name'])}: {_place(item)}", "svg": _chart(run, item)} for item in rows[:_MOST]],
        "changes": [f"{path}: {before} before, {after} now" for path, before, after in past["software_changes"]]
        + [f"{path}: {before} before, {after} now (another testbed)" for path, before, after in past["testbed_changes"]],
    }


def _text(past: History) -> str:
    count = len(past["runs"])
    if not count:
        return "No earlier run on the same testbed and with the same profile."
    return f"Compared with {count} earlier run{'s' if count > 1 else ''} on the same testbed; five are needed for a verdict."


def _place(item: Comparison) -> str:
    return f"{subject_label(item['subject'])}, {describe_params(item)}"


def _row(item: Comparison) -> dict[str, Any]:
    change = item["change"]
    return {
        "name": item["name"],
        "where": _place(item),
        "median": human(item["median"], item["unit"]),
        "centre": human(item["centre"], item["unit"]),
        "change": "-" if change is None else f"{change * 100:+.1f} %",
        "smallest": percent(item["smallest_change"]),
        "runs": item["runs"],
        "verdict": _WORDS[item["verdict"]],
    }


def _chart(run: RunDocument, item: Comparison) -> str:
    points: list[charts.Point] = []
    software: str | None = None
    everything = [*item["history"], {"run_id": run["run_id"], "median": item["median"], "software": run["keys"]["software"]}]
    for point in everything:
        changed = software is not None and point["software"] != software
        software = point["software"]
        points.append({"name": point["run_id"], "value": point["median"], "mark": changed, "bad": False})
    points[-1]["bad"] = item["verdict"] == "regression"
    spread = tolerance(item["centre"] or 0, item["mad"] or 0)
    return charts.band(points, item["centre"], spread, item["unit"], f"History of {item['name']}, {_place(item)}")
