"""The links: one matrix for each, the interfaces at the ends, and round trips idle and under load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...analysis import statistics
from ...model import Metric, RunDocument
from ...text.units import digits, human, percent
from ...verdicts.pairs import route_end
from .. import charts
from .nodes import bar


def matrices(run: RunDocument) -> list[dict[str, Any]]:
    """Return one table for each link: rows send, columns receive; the fewest streams count."""
    goodputs = [metric for metric in run["metrics"] if metric["name"] == "net.goodput"]
    return [_matrix(run, link, goodputs) for link in sorted({metric["link"] for metric in goodputs}, key=str)]


def _matrix(run: RunDocument, link: str | None, goodputs: list[Metric]) -> dict[str, Any]:
    names = list(run["nodes"])
    fewest = min(metric["params"].get("streams", 1) for metric in goodputs)
    cells = {
        tuple(metric["subject"]): metric
        for metric in goodputs
        if metric["link"] == link and metric["params"].get("streams", 1) == fewest
    }
    rows = [{"name": sender, "cells": [_cell(cells.get((sender, receiver))) for receiver in names]} for sender in names]
    typical = max((metric["median"] for metric in cells.values()), default=1)
    drawn: dict[tuple[str, str], charts.Cell] = {
        (pair[0], pair[1]): {
            "text": human(metric["median"], "bit/s"),
            "short": digits(metric["median"] / 1e9),
            # Where no ceiling is known (virtual interfaces have none), the fastest pair is the scale.
            "share": statistics.ratio(metric["median"], typical) if metric["share"] is None else metric["share"],
            "title": f"{pair[0]} to {pair[1]}: {human(metric['median'], 'bit/s')}, "
            + ("its ceiling is not known" if metric["share"] is None else f"{percent(metric['share'])} of its ceiling"),
        }
        for pair, metric in cells.items()
    }
    return {
        "link": link,
        "names": names,
        "rows": rows,
        "chart": charts.heat_map(names, drawn, f"Goodput between the nodes on link {link}; small cells in Gb/s"),
        "ends": [end for name in names for end in _ends(run, name, link, goodputs)],
        "trips": _trips(run, link),
    }


def _cell(metric: Metric | None) -> dict[str, Any]:
    if metric is None:
        return {"text": "", "share": "", "bar": None}
    return {"text": human(metric["median"], metric["unit"]), "share": percent(metric["share"]), "bar": bar(metric["share"])}


def _ends(run: RunDocument, name: str, link: str | None, goodputs: list[Metric]) -> list[dict[str, Any]]:
    """Return a row for each interface that a node's routes use on a link; that of its address where the route is unknown."""
    owner = (run["nodes"][name]["facts"].get("links") or {}).get(link) or {}
    used: dict[str | None, tuple[Any, dict[str, Any]]] = {}
    for metric in (metric for metric in goodputs if metric["link"] == link and name in metric["subject"]):
        end = route_end([metric], name)
        if end:
            peer = metric["subject"][1 - metric["subject"].index(name)]
            used.setdefault(end.get("interface"), (end, {}))[1][peer] = end.get("mtu_passes")
    return [_end(name, end, owner, peers) for end, peers in (used.values() or [(owner, {})])]


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
