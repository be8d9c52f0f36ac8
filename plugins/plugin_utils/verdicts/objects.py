"""Verdicts over Ray's objects: how much of a link they get."""

from __future__ import annotations

from ..text.units import human, percent
from .finding import finding, named

_LOW = 0.4  # of iperf3; one object at a time usually gets about half of a fast link
_LEAST_BYTES = 16 * 2**20  # smaller objects measure latency


def judge(run, _data):
    """Return at most one finding: the link, and not Ray, is what a faster switch would help."""
    large = [m for m in named(run, "ray.transfer") if m["share"] is not None and m["params"]["bytes"] >= _LEAST_BYTES]
    shared = all(node["facts"].get("virtual") for node in run["nodes"].values())
    best = {}
    for metric in large:  # the best size of each direction: small ones and first ones are slower
        key = tuple(metric["subject"])
        best[key] = max(best.get(key, metric), metric, key=lambda item: item["share"])
    low = [metric for metric in best.values() if metric["share"] < _LOW]
    if not low or shared:
        return []
    worst = min(low, key=lambda metric: metric["share"])
    return [
        finding(
            "note",
            "object_transfer_below_link",
            sorted({node for metric in low for node in metric["subject"]}),
            f"{human(worst['median'], 'bit/s')} for an object of {worst['params']['bytes'] / 2**20:.0f} MiB, "
            f"{percent(worst['share'])} of the link's goodput",
            f"about half of {human(worst['ceiling'], 'bit/s')}, what iperf3 reaches",
            "Ray moves objects in chunks through its object store; its own software is the limit here, not the link.",
            "Send several objects at once, keep data on the node that uses it; a faster link helps less than its rate says.",
            cost=0.2,
        )
    ]


RULES = (judge,)
