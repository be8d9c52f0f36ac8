"""The figures of a pair of nodes on one link, gathered from the metrics of a run."""

from __future__ import annotations

from ..analysis import ceilings, link_model, statistics
from ..text.labels import plural
from ..text.units import human

_HEADERS = 52  # bytes of a packet that are not the stream's: IPv4 20, TCP 20, time stamps 12
SHOWN = 3  # pairs that a sentence names before it counts


def pairs_of(run):
    """Return one dict for each pair of nodes and link that has a goodput.

    nodes (sorted), link, directions (the metrics with the fewest streams), goodput and slower (of the slower direction), ceiling
    and share (of it; None without), nominal (goodput in bit/s that the ports stand for by name, where that is no ceiling),
    most_streams (best goodput of the slower direction with more streams, None without), loss (share of segments sent again, None
    where the systems do not tell), cpu_bound, ends (interfaces in the order of nodes: of the routes where they are known, else of
    the addresses), owners (interfaces of the addresses), virtual, wifi, idle, loaded, udp_loss (metrics or None).
    """
    grouped = {}
    for metric in run["metrics"]:
        if metric["scope"] == "pair" and metric["name"].startswith("net.") and link_model.usable(metric["median"]):
            grouped.setdefault((tuple(sorted(metric["subject"])), metric["link"]), []).append(metric)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    pairs = [_pair(run, list(nodes), link, metrics) for (nodes, link), metrics in ordered if len(nodes) == 2]
    return [pair for pair in pairs if pair]


def _pair(run, nodes, link, metrics):
    goodputs = [metric for metric in metrics if metric["name"] == "net.goodput"]
    if not goodputs:
        return None
    fewest = min(_streams(metric) for metric in goodputs)
    directions = [metric for metric in goodputs if _streams(metric) == fewest]
    slower = min(directions, key=lambda metric: metric["median"])
    more = [m["median"] for m in goodputs if _streams(m) > fewest and m["subject"] == slower["subject"]]
    losses = [loss for loss in map(_loss, directions) if loss is not None]
    owners = [(run["nodes"].get(node, {}).get("facts", {}).get("links") or {}).get(link) or {} for node in nodes]
    ends = [route_end(goodputs, node) or owner for node, owner in zip(nodes, owners)]
    virtual = any(ceilings.is_nominal(end) for end in ends)
    return {
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
        "idle": _first(metrics, "net.rtt.idle"),
        "loaded": _worst(metrics, "net.rtt.loaded"),
        "udp_loss": _worst(metrics, "net.udp_loss"),
    }


def cells(pairs):
    """Return the matrix of some pairs of one link for the link model: {(from, to): Cell}."""
    found = {}
    for pair in pairs:
        if pair["wifi"]:
            kind = link_model.WIFI
        elif pair["virtual"]:
            kind = link_model.VIRTUAL
        else:
            told = all(end.get("negotiated_bps") for end in pair["ends"])
            kind = link_model.WIRED if told else link_model.UNKNOWN
        for metric in pair["directions"]:
            found[tuple(metric["subject"])] = link_model.Cell(metric["median"], metric["ceiling"], kind)
    return found


def named_pairs(pairs):
    """Return some pairs in words: the first ones by name, the rest as a number."""
    names = [" - ".join(pair["nodes"]) for pair in pairs]
    return listed(names, plural(len(names) - SHOWN, "more pair"))


def listed(words, rest):
    """Return words as a list in a sentence; beyond the first ones only ``rest`` is said."""
    shown = list(words) if len(words) <= SHOWN else [*words[:SHOWN], rest]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def concerned(pairs, everywhere):
    """Return the nodes that some pairs are about: the one whose pairs they all are, else all of theirs.

    everywhere: all pairs of the link.
    """
    if len(pairs) > 1:
        for node in sorted(set.intersection(*(set(pair["nodes"]) for pair in pairs))):
            if sum(node in pair["nodes"] for pair in everywhere) == len(pairs):
                return [node]
    return sorted({node for pair in pairs for node in pair["nodes"]})


def span(values, unit="bit/s"):
    """Return the range of some figures in words: one figure where they read the same."""
    low, high = human(min(values), unit), human(max(values), unit)
    return low if low == high else f"{low} to {high}"


def route_end(metrics, node):
    """Return the interface by which ``node`` sent in one of the metrics of a pair, None where none tells."""
    for metric in metrics:
        told = metric["context"].get("from" if metric["subject"][0] == node else "to")
        if told:
            return told
    return None


def _streams(metric):
    return metric["params"].get("streams") or 1


def _nominal(ends):
    speeds = [end["negotiated_bps"] for end in ends if end.get("negotiated_bps")]
    return ceilings.tcp_goodput(min(speeds), min(end.get("mtu") or 1500 for end in ends)) if speeds else None


def _loss(metric):
    """Return the share of segments that were sent again, from the retransmits of the whole run."""
    retransmits = metric["context"].get("retransmits")
    known = [end["mtu"] for end in map(metric["context"].get, ("from", "to")) if end and (end.get("mtu") or 0) > _HEADERS]
    segment = (min(known, default=1500) - _HEADERS) * 8
    sent = (metric["context"].get("whole_run") or metric["median"]) * (metric["params"].get("seconds") or 0)
    return statistics.ratio(retransmits, sent / segment)


def _first(metrics, name):
    return next((metric for metric in metrics if metric["name"] == name), None)


def _worst(metrics, name):
    return max((metric for metric in metrics if metric["name"] == name), key=lambda metric: metric["p95"], default=None)
