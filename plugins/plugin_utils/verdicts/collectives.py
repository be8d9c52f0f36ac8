"""Verdicts over collectives: how much of the ring's slowest link they get."""

from __future__ import annotations

from ..text.units import human, percent
from .finding import finding, named

_LOW = 0.5


def judge(run, _data):
    """Return at most one finding over the largest all-reduce."""
    metrics = [metric for metric in named(run, "collective.all_reduce") if metric["share"] is not None]
    shared = all(node["facts"].get("virtual") for node in run["nodes"].values())
    if not metrics or shared:
        return []
    largest = max(metrics, key=lambda metric: metric["params"]["bytes"])
    if largest["share"] >= _LOW:
        return []
    return [
        finding(
            "note",
            "collective_below_link",
            list(run["nodes"]),
            f"{human(largest['median'], 'bit/s')} of bus bandwidth for {largest['params']['bytes'] / 2**20:.0f} MiB, "
            f"{percent(largest['share'])} of the slowest link",
            f"at least {percent(_LOW)} of {human(largest['ceiling'], 'bit/s')} ({largest['ceiling_source']})",
            "The ring waits for its slowest rank at each step: latency or a busy CPU, not the link's rate.",
            "Reduce fewer and larger arrays; measure on idle nodes.",
            cost=0.2,
        )
    ]


RULES = (judge,)
