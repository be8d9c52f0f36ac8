"""Runs side by side on a terminal: the values that moved, by metric, then what differs between the runs. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from ..metrics import METRICS, describe_params, is_headline, title
from ..text.labels import plural
from ..text.units import binary_size, human, in_one_unit
from .comparison import Row, Run, Table

MOST_ROWS: Final = 20
MOST_ALIKE: Final = 4
_MOST_CHANGES: Final = 6
_LEAST_LABEL: Final = 24  # columns for a row's name: with many runs those in the middle give way
_MOST_LABEL: Final = 60
_RUN_ID: Final = re.compile(r"(\d{8})T(\d{2})(\d{2})(\d{2})Z")
_ORDER: Final = {"worse": 0, "better": 1, "same": 2, "one-sided": 3}


def lines(table: Table, width: int = 80) -> list[str]:
    """Return the comparison for a screen of ``width`` columns: the runs, their values, how many moved, and what differs."""
    rows = shown(table["rows"])
    names = max(len(run["run_id"]) for run in table["runs"])
    text = [f"{run['run_id']:<{names}}  {run['profile']}  {_nodes(run)}" for run in table["runs"]]
    if rows:
        text += ["", *_rows(rows, table["runs"], width)]
    return [*text, "", _counts(table["rows"], rows), *_changes(table)]


def shown(rows: Sequence[Row]) -> list[Row]:
    """Return the rows for a screen: those that moved, the worst first, then headline values; in the order of the registry.

    One row stands for all sizes of a metric on one subject, and MOST_ALIKE rows for all subjects of a metric: a slower cluster is
    slower in hundreds of values.
    """
    ranked = sorted(rows, key=_importance)
    moved = _one_size_each([row for row in ranked if row["verdict"] in ("better", "worse")])
    same = _one_size_each(sorted((row for row in rows if _is_same_headline(row)), key=_best_first))
    chosen = _some_of_each([*moved, *same])[:MOST_ROWS]
    order = {name: number for number, name in enumerate(METRICS)}
    # A list holds rows by identity: two of them may be equal.
    place = {id(row): number for number, row in enumerate(rows)}
    return sorted(chosen, key=lambda row: (order.get(row["name"], len(order)), row["name"], place[id(row)]))


def _importance(row: Row) -> tuple[int, bool, float]:
    change = abs(row["ratio"] - 1) if row["ratio"] is not None else float("inf")
    return _ORDER[row["verdict"]], not is_headline(row["name"]), -change


def _is_same_headline(row: Row) -> bool:
    return row["verdict"] == "same" and is_headline(row["name"])


def _best_first(row: Row) -> float:
    """Order rows so that the best value of a metric comes first."""
    last = row["medians"][-1] or 0.0
    return -last if row["better"] == "higher" else last


def _one_size_each(rows: Sequence[Row]) -> list[Row]:
    """Return the first row of each metric, subject and link."""
    first: dict[tuple[str, tuple[str, ...], str | None], Row] = {}
    for row in rows:
        first.setdefault((row["name"], tuple(row["subject"]), row["link"]), row)
    return list(first.values())


def _some_of_each(rows: Sequence[Row]) -> list[Row]:
    """Return the first MOST_ALIKE rows of each metric."""
    counts: dict[str, int] = {}
    kept = []
    for row in rows:
        counts[row["name"]] = counts.get(row["name"], 0) + 1
        kept += [row] if counts[row["name"]] <= MOST_ALIKE else []
    return kept


def _rows(rows: Sequence[Row], runs: Sequence[Run], width: int) -> list[str]:
    """Return the lines of the table: for each metric its title with what its rows have in common, and a line for each row."""
    scaled = [in_one_unit(row["medians"], row["unit"]) for row in rows]
    titles = _titles(runs)
    cell = max(len(text) for texts in (titles, *(numbers for numbers, _unit in scaled)) for text in texts)
    tails = [
        f" {unit:<{max(len(unit) for _numbers, unit in scaled)}}  {_change(row):>7}  {_verdict(row)}"
        for row, (_numbers, unit) in zip(rows, scaled)
    ]
    rest = max(map(len, tails))
    columns = _columns(len(runs), (width - rest - _LEAST_LABEL) // (cell + 2))
    label = min(max(width - rest - len(columns) * (cell + 2), _LEAST_LABEL), _MOST_LABEL)
    text = [" " * label + "".join(f"  {titles[column]:>{cell}}" for column in columns)]
    name = ""
    for row, (numbers, _unit), tail in zip(rows, scaled, tails):
        group = [other for other in rows if other["name"] == row["name"]]
        common = _common(group)
        if row["name"] != name:
            name = row["name"]
            text.append(_cut(f"{title(name)}{' (' + ', '.join(common) + ')' if common else ''}", width))
        own = [part for part in _parts(row) if part not in common]
        place = _cut("  " + "  ".join([_place(row), *([", ".join(own)] if own else [])]), width)
        if len(place) > label:
            text.append(place)
            place = ""
        text.append((f"{place:<{label}}" + "".join(f"  {numbers[column]:>{cell}}" for column in columns) + tail).rstrip())
    return text


def _columns(count: int, room: int) -> list[int]:
    """Return the positions of the runs that fit: the first, and the last of the others."""
    return [0, *range(max(1, count - max(room, 2) + 1), count)]


def _titles(runs: Sequence[Run]) -> list[str]:
    """Return a short name for each run: its day, its time of day where days repeat, or its id."""
    found = [_RUN_ID.fullmatch(run["run_id"]) for run in runs]
    days = [match[1] if match else run["run_id"] for match, run in zip(found, runs)]
    if len(set(days)) == len(days):
        return days
    return [f"{match[1][4:]} {match[2]}:{match[3]}:{match[4]}" if match else run["run_id"] for match, run in zip(found, runs)]


def _nodes(run: Run) -> str:
    return ", ".join(run["nodes"]) if len(run["nodes"]) < 5 else plural(len(run["nodes"]), "node")


def _parts(row: Row) -> list[str]:
    return describe_params(row).split(", ")


def _common(group: Sequence[Row]) -> list[str]:
    return [part for part in _parts(group[0]) if part and all(part in _parts(row) for row in group)]


def _place(row: Row) -> str:
    known = METRICS.get(row["name"])
    return (" to " if known and known.directed else " - ").join(row["subject"]) or "cluster"


def _change(row: Row) -> str:
    if row["ratio"] is None:
        return ""
    percent = round((row["ratio"] - 1) * 100)
    return f"{percent:+d} %" if percent else "0 %"


def _verdict(row: Row) -> str:
    return row["verdict"] if row["verdict"] in ("better", "worse") else ""


def _counts(rows: Sequence[Row], visible: Sequence[Row]) -> str:
    words = []
    for verdict, text in (("worse", "worse"), ("better", "better"), ("same", "the same"), ("one-sided", "not in both")):
        count = sum(row["verdict"] == verdict for row in rows)
        hidden = count - sum(row["verdict"] == verdict for row in visible)
        if count:
            aside = f" ({hidden} not shown)" if hidden and verdict in ("worse", "better") else ""
            words.append(f"{count} {text}{aside}")
    return f"Values: {', '.join(words)}." if words else "No value was measured in any of these runs."


def _changes(table: Table) -> list[str]:
    """Return what differs between the first and the last run, or that nothing does."""
    software = "same software" if table["same_software"] else "other software"
    if table["same_testbed"]:
        text = [f"Same testbed, {software}{'.' if table['same_software'] else ':'}"]
    else:
        text = ["Another testbed, so a difference need not be a change for better or worse;", f"{software}:"]
    changes = [*table["testbed_changes"], *table["software_changes"]]
    text += [
        f"  {_path(path)}: {_value(path, before)} -> {_value(path, after)}" for path, before, after in changes[:_MOST_CHANGES]
    ]
    more = len(changes) - _MOST_CHANGES
    return [*text, f"  and {plural(more, 'more difference')}"] if more > 0 else text


def _path(path: str) -> str:
    """Return the place of a difference in words: of a node first its name."""
    parts = path.split("/")
    if parts[0] == "nodes" and len(parts) > 1:
        return f"{parts[1]}: {' '.join(parts[2:])}" if parts[2:] else parts[1]
    return " ".join(parts)


def _value(path: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if path.endswith("_bps"):
            return human(value, "bit/s")
        return binary_size(value) if path.endswith("_bytes") else f"{value:g}"
    return _cut(str(value), 12 if path.endswith(("commit", "fingerprint")) else 40)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
