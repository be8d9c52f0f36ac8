"""The links: one matrix for each, the interfaces at the ends, and round trips idle and under load."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...analysis import statistics
from ...model import Metric, RunDocument
from ...text.labels import plural
from ...text.units import human, in_unit, percent
from ...thresholds import LINK_FAULT, LINK_FULL, LINK_LIMIT
from ...verdicts.pairs import route_end
from ..charts import number
from .nodes import bar

# How a cell is drawn; templates/charts.css has a look for each, of falling luminance, and no two differ in hue alone.
Level = Literal["full", "good", "limit", "fault", "dead"]
_LEVELS: tuple[tuple[Level, str], ...] = (
    ("full", f"{percent(LINK_FULL)} of {{scale}} or more"),
    ("good", f"{percent(LINK_LIMIT)} or more"),
    ("limit", f"below {percent(LINK_LIMIT)}"),
    ("fault", f"below {percent(LINK_FAULT)}"),
    ("dead", "nothing arrives"),
)
_FEW = 4  # nodes whose details are shown at once
_SMALL = 6  # nodes; the cells of more are narrow


def matrices(run: RunDocument) -> list[dict[str, Any]]:
    """Return one table for each link: rows send, columns receive; the fewest streams count."""
    goodputs = [metric for metric in run["metrics"] if metric["name"] == "net.goodput"]
    anchors: dict[str, str | None] = {}
    return [_matrix(run, link, goodputs, anchors) for link in sorted({metric["link"] for metric in goodputs}, key=str)]


def _matrix(run: RunDocument, link: str | None, goodputs: list[Metric], anchors: dict[str, str | None]) -> dict[str, Any]:
    names = list(run["nodes"])
    fewest = min(metric["params"].get("streams", 1) for metric in goodputs)
    cells = {
        tuple(metric["subject"]): metric
        for metric in goodputs
        if metric["link"] == link and metric["params"].get("streams", 1) == fewest
    }
    fastest = max((metric["median"] for metric in cells.values()), default=0)
    factor, unit = in_unit(fastest, "bit/s")
    # Where no ceiling is known (virtual interfaces have none), the fastest pair is the scale.
    bounded = any(metric["share"] is not None for metric in cells.values())
    ends = [(name, end) for name in names for end in _ends(run, name, link, goodputs)]
    return {
        "link": link,
        "anchor": _anchor(link, anchors),
        "title": f"Network between the nodes ({_described(link, [end for _name, end in ends])})",
        "names": names,
        "rows": [
            {"name": sender, "cells": [_cell(cells.get((sender, receiver)), fastest, factor) for receiver in names]}
            for sender in names
        ],
        "unit": unit,
        "small": len(names) > _SMALL,
        "scale": [
            {"level": level, "words": words.format(scale="the ceiling" if bounded else "the fastest pair")}
            for level, words in _LEVELS
        ],
        "caption": _caption(cells, fastest),
        "few": len(names) <= _FEW,
        "ends": [_end(name, *end) for name, end in ends],
        "trips": _trips(run, link),
    }


def _anchor(link: str | None, taken: dict[str, str | None]) -> str:
    """Return the id of a link's section, the same in each report: link-thunderbolt."""
    wanted = "link-" + (re.sub(r"[^a-z0-9]+", "-", str(link).lower()).strip("-") or "unnamed")
    anchor, count = wanted, 2
    while anchor in taken:
        anchor, count = f"{wanted}-{count}", count + 1
    taken[anchor] = link
    return anchor


def _described(link: str | None, ends: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]) -> str:
    """Return a link's name, its interface where all nodes have the same, and what the interfaces negotiated."""
    interfaces = {str(end.get("interface")) for end, _owner, _peers in ends if end.get("interface")}
    speeds = sorted({speed for end, _owner, _peers in ends if (speed := end.get("negotiated_bps"))})
    words = [f"link {link}"]
    words += sorted(interfaces) if len(interfaces) == 1 else []
    if speeds:
        words.append(_speed(speeds[0]) if speeds[0] == speeds[-1] else f"{_speed(speeds[0])} to {_speed(speeds[-1])}")
    return ", ".join(words)


def _speed(bits_per_second: float) -> str:
    """Return a nominal speed without digits that nobody measured: 10 Gb/s, 2.5 Gb/s."""
    factor, unit = in_unit(bits_per_second, "bit/s")
    return f"{bits_per_second / factor:.3g} {unit}"


def _share(metric: Metric, fastest: float) -> float | None:
    return statistics.ratio(metric["median"], fastest) if metric["share"] is None else metric["share"]


def _level(metric: Metric, fastest: float) -> Level:
    share = _share(metric, fastest) or 0.0
    if metric["median"] <= 0:
        return "dead"
    return "full" if share >= LINK_FULL else "good" if share >= LINK_LIMIT else "limit" if share >= LINK_FAULT else "fault"


def _cell(metric: Metric | None, fastest: float, factor: float) -> dict[str, Any]:
    """Return a cell: text with its unit, value without, % of the ceiling, and how it is drawn ("" for nothing measured)."""
    if metric is None:
        return {"text": "", "value": "", "share": "", "level": ""}
    return {
        "text": human(metric["median"], metric["unit"]),
        "value": number(metric["median"] / factor),
        "share": percent(metric["share"]),
        "level": _level(metric, fastest),
    }


def _caption(cells: Mapping[tuple[str, ...], Metric], fastest: float) -> str:
    """Return what is slowest, and which node the slow ones have in common."""
    if not cells:
        return ""
    pair, worst = min(cells.items(), key=lambda item: (_share(item[1], fastest) or 0.0, item[1]["median"]))
    share = "its ceiling is not known" if worst["share"] is None else f"{percent(worst['share'])} of its ceiling"
    said = f"Slowest: {' to '.join(pair)}, {human(worst['median'], worst['unit'])}, {share}."
    slow = [names for names, metric in cells.items() if _level(metric, fastest) not in ("full", "good")]
    if len(cells) > 1:
        directions = f"{len(slow)} of {plural(len(cells), 'direction')}"
        said += f" {directions} {'is' if len(slow) == 1 else 'are'} below {percent(LINK_LIMIT)}" if slow else ""
        said += f"{_common(slow)}." if slow else ""
        middle = statistics.median([metric["median"] for metric in cells.values()])
        said += f" Median of all: {human(middle, worst['unit'])}."
    return said


def _common(slow: Sequence[tuple[str, ...]]) -> str:
    """Return the node that all slow directions have in common, "" where there is none or several."""
    if len(slow) < 2 or len({name for pair in slow for name in pair}) < 3:
        return ""
    senders, receivers = {pair[0] for pair in slow}, {pair[1] for pair in slow}
    if len(senders) == 1:
        return f", all of them from {senders.pop()}"
    if len(receivers) == 1:
        return f", all of them to {receivers.pop()}"
    both = set(slow[0]).intersection(*slow)
    return f", all of them from or to {both.pop()}" if len(both) == 1 else ""


def _ends(
    run: RunDocument, name: str, link: str | None, goodputs: list[Metric]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]:
    """Return (end, owner of the address, {peer: whether frames of the MTU pass}) of each interface that a node's routes use on
    a link; that of its address where the route is unknown.
    """
    owner = (run["nodes"][name]["facts"].get("links") or {}).get(link) or {}
    used: dict[str | None, tuple[Any, dict[str, Any]]] = {}
    for metric in (metric for metric in goodputs if metric["link"] == link and name in metric["subject"]):
        end = route_end([metric], name)
        if end:
            peer = metric["subject"][1 - metric["subject"].index(name)]
            used.setdefault(end.get("interface"), (end, {}))[1][peer] = end.get("mtu_passes")
    return [(end, owner, peers) for end, peers in (used.values() or [(owner, {})])]


def _end(name: str, end: Mapping[str, Any], owner: Mapping[str, Any], peers: Mapping[str, Any]) -> dict[str, Any]:
    passes = [passed for passed in peers.values() if passed is not None]
    kind = f"{end.get('interface') or '-'} ({end.get('kind') or 'unknown'})"
    elsewhere = owner.get("interface") and end.get("interface") and owner["interface"] != end["interface"]
    return {
        "name": name,
        "interface": kind + (f" to {', '.join(sorted(peers))}; its address is on {owner['interface']}" if elsewhere else ""),
        "negotiated": human(end.get("negotiated_bps"), "bit/s"),
        "capable": human(end.get("capable_bps"), "bit/s"),
        "partner": human(end.get("partner_bps"), "bit/s"),
        "mtu": f"{end.get('mtu') or '-'}" + ("" if not passes else ", passes" if all(passes) else ", does not pass"),
    }


def _trips(run: RunDocument, link: str | None) -> list[dict[str, Any]]:
    """Return a row for each pair and load: p50, p95, p99, and a bar on the scale of the slowest."""
    metrics = [m for m in run["metrics"] if m["name"] in ("net.rtt.idle", "net.rtt.loaded") and m["link"] == link]
    slowest = max((metric["p95"] for metric in metrics), default=1)
    return [
        {
            "pair": " - ".join(metric["subject"]),
            "load": "idle" if metric["name"] == "net.rtt.idle" else f"loaded, {metric['params']['load']}",
            "p50": human(metric["median"], "s"),
            "p95": human(metric["p95"], "s"),
            "p99": human(statistics.percentile(metric["samples"], 0.99), "s"),
            "n": metric["n"],
            "bar": bar(statistics.ratio(metric["p95"], slowest)),
        }
        for metric in sorted(metrics, key=lambda item: (item["subject"], item["name"]))
    ]
