"""Verdicts over scaling: what the other nodes bring, and where the rest of the time goes."""

from __future__ import annotations

from ..text.units import human, percent
from .finding import finding, named

_GOOD = 0.8
# What to do about the part that takes most of the time that is not computing.
_REMEDIES = {
    "scheduling": "Make tasks longer (bench_task_size, bench_task_products): short ones measure the scheduler.",
    "imbalance": "Give each node work by its speed, or make tasks smaller and more: the busiest node sets the pace.",
    "transfer": "Send less: make data where it is used, return small results, and keep objects on their node.",
    "compute": "The nodes themselves compute slower together than one alone: compare their loads and their single figures.",
}


def judge(run, _data):
    """Return the findings over scaling.strong on all nodes."""
    metrics = named(run, "scaling.strong")
    if not metrics:
        return []
    metric = max(metrics, key=lambda item: len(item["params"]["nodes"]))
    if metric["median"] >= _GOOD:
        return []
    nodes = metric["params"]["nodes"]
    shares = metric["context"].get("split") or {}
    shared = all(run["nodes"].get(node, {}).get("facts", {}).get("virtual") for node in nodes)
    parts = ", ".join(f"{part} {percent(share)}" for part, share in shares.items())
    lost = {part: share for part, share in shares.items() if part != "compute"}
    worst = max(lost, key=lost.get) if lost and max(lost.values()) > 0.1 else "compute"
    because = f"Of the wall time: {parts}." if parts else "The tasks did not say where the time went."
    if shared:
        because += " The nodes are containers or virtual machines; on one host they share its cores and cannot scale."
    return [
        finding(
            "note" if shared else "limit",
            "weak_scaling",
            nodes,
            f"{percent(metric['median'])} efficiency on {len(nodes)} nodes ({human(metric['context']['all_nodes_s'], 's')} "
            f"against {human(metric['context']['one_node_s'], 's')} on one)",
            f"at least {percent(_GOOD)}",
            because,
            _REMEDIES[worst],
            cost=1 - metric["median"],
            gain_at_most=None if shared else round(1 / max(metric["median"], 0.01), 2),
        )
    ]


def transfer_share(run):
    """Return the share of the wall time that this cluster's task set spends on transfer, on all nodes; None if not measured."""
    metrics = [metric for metric in named(run, "scaling.strong") if metric["context"].get("split")]
    if not metrics:
        return None
    return max(metrics, key=lambda item: len(item["params"]["nodes"]))["context"]["split"]["transfer"]


RULES = (judge,)
