"""Verdicts over Ray's objects: how much of a link they get."""

from __future__ import annotations

from ..model import Metric, RunDocument
from ..text.units import human, percent
from ..thresholds import OBJECTS_LEAST_BYTES, OBJECTS_LOW
from .finding import Data, Draft, Rule, all_virtual, finding, named


def judge(run: RunDocument, _data: Data) -> list[Draft]:
    """Return at most one finding: Ray, and not the link, is the limit."""
    best: dict[tuple[str, ...], Metric] = {}
    for metric in named(run, "ray.transfer"):
        if metric["share"] is None or metric["params"]["bytes"] < OBJECTS_LEAST_BYTES:
            continue
        key = tuple(metric["subject"])  # the best size of each direction: small ones and first ones are slower
        best[key] = max(best.get(key, metric), metric, key=_share)
    low = [metric for metric in best.values() if _share(metric) < OBJECTS_LOW]
    if not low or all_virtual(run):
        return []
    worst = min(low, key=_share)
    return [
        finding(
            severity="note",
            kind="object_transfer_below_link",
            title=f"Ray objects at {percent(worst['share'])} of the link's goodput",
            subject=sorted({node for metric in low for node in metric["subject"]}),
            measured=f"{human(worst['median'], 'bit/s')} for an object of {worst['params']['bytes'] / 2**20:.0f} MiB, "
            f"{percent(worst['share'])} of the link's goodput",
            expected=f"about half of {human(worst['ceiling'], 'bit/s')}, what iperf3 reaches",
            because="Ray moves objects in chunks through its object store: its software is the limit here, not the link. "
            "A faster link gains less than its rate suggests.",
            remedies=["Keep data on the node that uses it.", "Send several objects at once."],
            cost=0.2,
        )
    ]


def _share(metric: Metric) -> float:
    return metric["share"] or 0


RULES: list[Rule] = [judge]
