"""The figures of a pair of nodes on one link, gathered from the metrics of a run."""

from __future__ import annotations

_HEADERS = 52  # bytes of a packet that are not the stream's: IPv4 20, TCP 20, time stamps 12


def pairs_of(run):
    """Return one dict for each pair of nodes and link that has a goodput.

    nodes (sorted), link, directions (the metrics with the fewest streams), goodput and slower (of the slower direction), ceiling,
    most_streams (best goodput of the slower direction with more streams, None without), loss (share of segments sent again, None
    where the systems do not tell), cpu_bound, ends (interfaces in the order of nodes: of the routes where they are known, else of
    the addresses), owners (interfaces of the addresses), virtual, idle, loaded, udp_loss (metrics or None).
    """
    grouped = {}
    for metric in run["metrics"]:
        if metric["scope"] == "pair" and metric["name"].startswith("net."):
            grouped.setdefault((tuple(sorted(metric["subject"])), metric["link"]), []).append(metric)
    pairs = [_pair(run, list(nodes), link, metrics) for (nodes, link), metrics in sorted(grouped.items())]
    return [pair for pair in pairs if pair]


def _pair(run, nodes, link, metrics):
    goodputs = [metric for metric in metrics if metric["name"] == "net.goodput"]
    if not goodputs:
        return None
    fewest = min(metric["params"]["streams"] for metric in goodputs)
    directions = [metric for metric in goodputs if metric["params"]["streams"] == fewest]
    slower = min(directions, key=lambda metric: metric["median"])
    more = [m["median"] for m in goodputs if m["params"]["streams"] > fewest and m["subject"] == slower["subject"]]
    losses = [loss for loss in map(_loss, directions) if loss is not None]
    owners = [(run["nodes"].get(node, {}).get("facts", {}).get("links") or {}).get(link) or {} for node in nodes]
    return {
        "nodes": nodes,
        "link": link,
        "directions": directions,
        "slower": slower,
        "goodput": slower["median"],
        "ceiling": slower["ceiling"],
        "most_streams": max(more) if more else None,
        "loss": max(losses) if losses else None,
        "cpu_bound": any("cpu_bound" in metric["flags"] for metric in directions),
        "ends": [route_end(goodputs, node) or owner for node, owner in zip(nodes, owners)],
        "owners": owners,
        "virtual": any("virtual interface" in metric["ceiling_source"] for metric in directions),
        "idle": _first(metrics, "net.rtt.idle"),
        "loaded": _worst(metrics, "net.rtt.loaded"),
        "udp_loss": _first(metrics, "net.udp_loss"),
    }


def route_end(metrics, node):
    """Return the interface by which ``node`` sent in one of the metrics of a pair, None where none tells."""
    for metric in metrics:
        told = metric["context"].get("from" if metric["subject"][0] == node else "to")
        if told:
            return told
    return None


def _loss(metric):
    """Return the share of segments that were sent again, from the retransmits of the whole run."""
    retransmits = metric["context"].get("retransmits")
    known = [end["mtu"] for end in map(metric["context"].get, ("from", "to")) if end and (end.get("mtu") or 0) > _HEADERS]
    segment = (min(known, default=1500) - _HEADERS) * 8
    sent = (metric["context"].get("whole_run") or metric["median"]) * metric["params"]["seconds"] / segment
    return None if retransmits is None or not sent else retransmits / sent


def _first(metrics, name):
    return next((metric for metric in metrics if metric["name"] == name), None)


def _worst(metrics, name):
    return max((metric for metric in metrics if metric["name"] == name), key=lambda metric: metric["p95"], default=None)
