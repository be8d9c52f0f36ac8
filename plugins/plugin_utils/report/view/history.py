"""The history of the headline metrics: where this run stands among those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...analysis.history import tolerance
from ...metrics import describe_params, title
from ...model import Comparison, History, RunDocument
from ...text.labels import plural
from ...text.units import human, percent, unbroken
from ...thresholds import REGRESSION_RUNS
from .. import charts

_MOST = 3  # drawings that are shown at once
_MOST_FOLDED = 18  # drawings behind them; whatever is beyond has its row in the table
_LONG = 6  # rows of the table that are shown at once
_ID_FORMAT = "%Y%m%dT%H%M%SZ"
_ORDER = {"regression": 0, "unconfirmed": 1, "improvement": 2, "same": 3, "insufficient": 4}
_WORDS = {
    "regression": "worse",
    "unconfirmed": "worse, but not when measured again",
    "improvement": "better",
    "same": "as before",
    "insufficient": "too few runs to say",
}
_SHORT = {"regression": "worse", "unconfirmed": "unconfirmed", "improvement": "better", "same": "as before"}


def trends(run: RunDocument) -> dict[str, Any]:
    """Return {text, rows, charts, more, long, marked, changes}: headline metrics with earlier runs, the worst first.

    charts, more: [{svg}] of those that are shown and of those behind a fold; long: whether the table is folded;
    marked: whether a drawing marks a change of the software.
    """
    past = run["history"]
    rows = [item for item in past["comparisons"] if item["headline"] and item["runs"]]
    rows.sort(key=lambda item: (_ORDER[item["verdict"]], -abs(item["change"] or 0)))
    dates = _dates([*past["runs"], run["run_id"]])
    first = _leading(rows)
    others = [item for item in rows if not any(item is one for one in first)]
    drawn = [{"svg": unbroken(_chart(run, item, dates))} for item in [*first, *others][: _MOST + _MOST_FOLDED]]
    return {
        "text": _text(past),
        "rows": [_row(item) for item in rows],
        "charts": drawn[: min(_MOST, len(first))],
        "more": drawn[min(_MOST, len(first)) :],
        "long": len(rows) > _LONG,
        "marked": any(any(_changed(run, item)) for item in rows),
        "changes": [f"{path}: {before} before, {after} now" for path, before, after in past["software_changes"]]
        + [f"{path}: {before} before, {after} now (another testbed)" for path, before, after in past["testbed_changes"]],
    }


def _leading(rows: Sequence[Comparison]) -> list[Comparison]:
    """Return one row for each metric and subject, in order: that of the best value, which is the largest size of a product."""
    best: dict[tuple[Any, ...], Comparison] = {}
    for item in rows:
        key = (item["name"], *item["subject"], item["link"])
        other = best.get(key)
        sign = 1 if item["better"] == "higher" else -1
        if other is None or sign * item["median"] > sign * other["median"]:
            best[key] = item
    return [item for item in rows if any(item is one for one in best.values())]


def _text(past: History) -> str:
    count = len(past["runs"])
    if not count:
        return "No earlier run on the same testbed and with the same profile."
    few = f"; {REGRESSION_RUNS} are needed for a verdict" if count < REGRESSION_RUNS else ""
    return f"Compared with {plural(count, 'earlier run')} on the same testbed{few}."


def _dates(run_ids: Sequence[str]) -> dict[str, str]:
    """Return {run id: its date}; with the time where two runs are of one day, with the year where they are of several.

    An id that is no date stays what it is.
    """
    times: dict[str, datetime] = {}
    for run_id in run_ids:
        try:
            times[run_id] = datetime.strptime(run_id, _ID_FORMAT)
        except ValueError:
            continue
    one_day = len({time.date() for time in times.values()}) < len(times)
    years = len({time.year for time in times.values()}) > 1
    words = "%b" + (" %Y" if years else "") + (" %H:%M" if one_day else "")
    return {run_id: f"{times[run_id].day} {times[run_id]:{words}}" if run_id in times else run_id for run_id in run_ids}


def _changed(run: RunDocument, item: Comparison) -> list[bool]:
    """Return for each run of a metric, this one last, whether its software differs from that of the run before."""
    software = [*(point["software"] for point in item["history"]), run["keys"]["software"]]
    return [False, *(before != after for before, after in zip(software, software[1:]))]


def _place(item: Comparison) -> str:
    return f"{' to '.join(item['subject']) or 'cluster'}, {describe_params(item)}"


def _row(item: Comparison) -> dict[str, Any]:
    change = item["change"]
    return {
        "name": item["name"],
        "title": title(item["name"]),
        "where": _place(item),
        "median": human(item["median"], item["unit"]),
        "centre": human(item["centre"], item["unit"]),
        "change": "-" if change is None else f"{change * 100:+.1f} %".replace("-", "\N{MINUS SIGN}"),
        "smallest": percent(item["smallest_change"]),
        "runs": item["runs"],
        "verdict": _WORDS[item["verdict"]],
    }


def _chart(run: RunDocument, item: Comparison, dates: dict[str, str]) -> str:
    everything = [*((point["run_id"], point["median"]) for point in item["history"]), (run["run_id"], item["median"])]
    changed = _changed(run, item)
    points = [
        charts.Point(name=dates.get(run_id) or run_id, value=median, changed=marked)
        for (run_id, median), marked in zip(everything, changed)
    ]
    points[-1] = replace(points[-1], bad=item["verdict"] == "regression")
    spread = tolerance(item["centre"] or 0, item["mad"] or 0)
    verdict = "" if item["verdict"] == "insufficient" else _verdict(item)
    enough = item["verdict"] != "insufficient"
    return charts.draw_history(
        title(item["name"]),
        _place(item),
        points,
        item["centre"] if enough else None,
        spread if enough else None,
        item["unit"],
        f"{item['better']} is better",
        verdict,
    )


def _verdict(item: Comparison) -> str:
    """Return how this run compares, in a word and a number."""
    change = "" if item["change"] is None else f" {item['change'] * 100:+.0f} %".replace("-", "\N{MINUS SIGN}")
    return f"{_SHORT[item['verdict']]}{'' if item['verdict'] == 'same' else change}"
