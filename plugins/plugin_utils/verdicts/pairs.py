"""The values of a pair of nodes on one link, gathered from the metrics of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypedDict

from ..analysis import ceilings, link_model, statistics
from ..model import Link, Metric, RunDocument
from ..text.labels import plural
from ..text.units import human

_HEADERS: Final = 52  # bytes of a packet that are not the stream's: IPv4 20, TCP 20, time stamps 12
SHOWN: Final = 3  # pairs that a sentence names before it counts


class Pair(TypedDict):
    """Two nodes and a link between them that has a goodput."""

    nodes: list[str]  # sorted
    link: str | None
    directions: list[Metric]  # the goodput of each, with the fewest streams
    slower: Metric  # of the directions
    goodput: float  # bit/s, of the slower direction
    ceiling: float | None  # bit/s, of the slower direction
    share: float | None  # goodput over ceiling
    nominal: float | None  # goodput in bit/s that the ports stand for by name, where that is no ceiling
    most_streams: float | None  # bit/s, the best goodput of the slower direction with more streams
    loss: float | None  # fraction of the segments sent again, None where no system reports it
    cpu_bound: bool
    ends: list[Link]  # in the order of nodes: the interfaces of the routes where known, else those of the addresses
    owners: list[Link]  # in the order of nodes: the interfaces of the addresses
    virtual: bool
    wifi: bool
    idle: Metric | None  # round trip
    loaded: Metric | None  # round trip
    udp_loss: Metric | None


def pairs_of(run: RunDocument) -> list[Pair]:
    """Return the pairs of nodes that have a goodput on a link, sorted by nodes and link."""
    grouped: dict[tuple[tuple[str, ...], str | None], list[Metric]] = {}
    for metric in run["metrics"]:
        if metric["scope"] == "pair" and metric["name"].startswith("net.") and link_model.usable(metric["median"]):
            grouped.setdefault((tuple(sorted(metric["subject"])), metric["link"]), []).append(metric)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    pairs = [_pair(run, list(nodes), link, metrics) for (nodes, link), metrics in ordered if len(nodes) == 2]
    return [pair for pair in pairs if pair]


def _pair(run: RunDocument, nodes: list[str], link: str | None, metrics: list[Metric]) -> Pair | None:
    goodputs = [metric for metric in metrics if metric["name"] == "net.goodput"]
    if not goodputs:
        return None
    fewest = min(_streams(metric) for metric in goodputs)
    directions = [metric for metric in goodputs if _streams(metric) == fewest]
    slower = min(directions, key=lambda metric: metric["median"])
    more = [m["median"] for m in goodputs if _streams(m) > fewest and m["subject"] == slower["subject"]]
    losses = [loss for loss in map(_loss, directions) if loss is not None]
    owners = [_owner(run, node, link) for node in nodes]
    ends = [route_end(goodputs, node) or owner for node, owner in zip(nodes, owners)]
    virtual = any(ceilings.is_nominal(end) for end in ends)
    pair: Pair = {
        "nodes": nodes,
        "link": link,
        "directions": directions,
        "slower": slower,
        "goodput": slower["median"],
        "ceiling": slower["ceiling"],
        "share": statistics.ratio(slower["median"], slower["ceiling"]),
        "nominal": _nominal(ends) if virtual else None,
        "most_streams": max(more) if more else None,
        "loss": max(losses) if losses else None,
        "cpu_bound": any("cpu_bound" in metric["flags"] for metric in directions),
        "ends": ends,
        "owners": owners,
        "virtual": virtual,
        "wifi": any(end.get("kind") == "wifi" for end in ends),
        "idle": next((metric for metric in metrics if metric["name"] == "net.rtt.idle"), None),
        "loaded": _worst(metrics, "net.rtt.loaded"),
        "udp_loss": _worst(metrics, "net.udp_loss"),
    }
    return pair


def _owner(run: RunDocument, node: str, link: str | None) -> Link:
    """Return the interface with the address of a node on a link."""
    facts: dict[str, Any] = run["nodes"][node]["facts"] if node in run["nodes"] else {}
    owner: Link | None = (facts.get("links") or {}).get(link)
    return owner or {}


def cells(pairs: Iterable[Pair]) -> dict[tuple[str, str], link_model.Cell]:
    """Return the matrix of some pairs of one link for the link model: {(from, to): Cell}."""
    found = {}
    for pair in pairs:
        if pair["wifi"]:
            kind = link_model.WIFI
        elif pair["virtual"]:
            kind = link_model.VIRTUAL
        else:
            known = all(end.get("negotiated_bps") for end in pair["ends"])
            kind = link_model.WIRED if known else link_model.UNKNOWN
        for metric in pair["directions"]:
            sender, receiver = metric["subject"]
            found[sender, receiver] = link_model.Cell(metric["median"], metric["ceiling"], kind)
    return found


def named_pairs(pairs: Sequence[Pair]) -> str:
    """Return some pairs in words: the first ones by name, the rest as a number."""
    names = [" - ".join(pair["nodes"]) for pair in pairs]
    return listed(names, plural(len(names) - SHOWN, "more pair"))


def listed(words: Sequence[str], rest: str) -> str:
    """Return words as a list in a sentence; ``rest`` stands for those beyond the first ones."""
    shown = list(words) if len(words) <= SHOWN else [*words[:SHOWN], rest]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def concerned(pairs: Sequence[Pair], everywhere: Sequence[Pair]) -> list[str]:
    """Return the nodes that some pairs are about: the one whose pairs they all are, else all of theirs.

    everywhere: all pairs of the link.
    """
    if len(pairs) > 1:
        for node in sorted(set.intersection(*(set(pair["nodes"]) for pair in pairs))):
            if sum(node in pair["nodes"] for pair in everywhere) == len(pairs):
                return [node]
    return sorted({node for pair in pairs for node in pair["nodes"]})


def span(values: Iterable[float], unit: str = "bit/s") -> str:
    """Return the range of some values in words: one value where they read the same."""
    ordered = sorted(values)
    low, high = human(ordered[0], unit), human(ordered[-1], unit)
    return low if low == high else f"{low} to {high}"


def route_end(metrics: Iterable[Metric], node: str) -> Link | None:
    """Return the interface by which ``node`` sent in one of the metrics of a pair, None where none was reported."""
    for metric in metrics:
        end: Link | None = metric["context"].get("from" if metric["subject"][0] == node else "to")
        if end:
            return end
    return None


def _streams(metric: Metric) -> int:
    streams: int = metric["params"].get("streams") or 1
    return streams


def _nominal(ends: Sequence[Link]) -> float | None:
    known = [end for end in ends if end.get("negotiated_bps")]
    if not known:
        return None
    rate = min(end["negotiated_bps"] or 0 for end in known)
    return ceilings.tcp_goodput(rate, min(end.get("mtu") or 1500 for end in ends))


def _loss(metric: Metric) -> float | None:
    """Return the fraction of segments that were sent again, from the retransmits of the whole run."""
    retransmits = metric["context"].get("retransmits")
    known = [end["mtu"] for end in map(metric["context"].get, ("from", "to")) if end and (end.get("mtu") or 0) > _HEADERS]
    segment = (min(known, default=1500) - _HEADERS) * 8
    sent = (metric["context"].get("whole_run") or metric["median"]) * (metric["params"].get("seconds") or 0)
    return statistics.ratio(retransmits, sent / segment)


def _worst(metrics: Iterable[Metric], name: str) -> Metric | None:
    return max((metric for metric in metrics if metric["name"] == name), key=lambda metric: metric["p95"], default=None)
