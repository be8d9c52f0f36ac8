"""Verdicts over collectives: how much of the ring's slowest link they get."""

from __future__ import annotations

from ..model import RunDocument
from ..text.units import human, percent
from ..thresholds import COLLECTIVE_LOW
from .finding import Data, Draft, Rule, all_virtual, finding, named


def judge(run: RunDocument, _data: Data) -> list[Draft]:
    """Return at most one finding over the largest all-reduce."""
    metrics = [metric for metric in named(run, "collective.all_reduce") if metric["share"] is not None]
    if not metrics or all_virtual(run):
        return []
    largest = max(metrics, key=lambda metric: metric["params"]["bytes"])
    share = largest["share"] or 0
    if share >= COLLECTIVE_LOW:
        return []
    return [
        finding(
            severity="note",
            kind="collective_below_link",
            title=f"All-reduce at {percent(share)} of the slowest link",
            subject=run["nodes"],
            measured=f"{human(largest['median'], 'bit/s')} of bus bandwidth for {largest['params']['bytes'] / 2**20:.0f} MiB, "
            f"{percent(share)} of the slowest link",
            expected=f"at least {percent(COLLECTIVE_LOW)} of {human(largest['ceiling'], 'bit/s')} ({largest['ceiling_source']})",
            because="The ring waits for its slowest rank at each step: latency or a busy CPU, not the rate of the link.",
            remedies=["Measure again on idle nodes.", "Reduce fewer and larger arrays."],
            cost=0.2,
        )
    ]


RULES: list[Rule] = [judge]
