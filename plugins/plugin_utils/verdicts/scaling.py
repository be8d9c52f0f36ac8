"""Verdicts over scaling: what the other nodes gain, and where the rest of the time goes."""

from __future__ import annotations

from typing import Final

from ..model import Metric, RunDocument
from ..text.labels import plural
from ..text.units import human, percent
from ..thresholds import SCALING_GOOD, SCALING_PART
from .finding import Data, Draft, Rule, finding, named

# What to do about the part that takes most of the time that is not computing.
_REMEDIES: Final = {
    "scheduling": ["Make tasks longer (bench_task_size, bench_task_products): short ones measure the scheduler."],
    "imbalance": ["Give each node work by its speed.", "Make tasks smaller and more: the busiest node sets the pace."],
    "transfer": ["Create data where it is used.", "Return small results.", "Keep objects on their node."],
    "compute": ["Compare the loads of the nodes, and what each reaches alone: together they compute slower than one alone."],
}


def judge(run: RunDocument, _data: Data) -> list[Draft]:
    """Return the findings over scaling.strong on all nodes."""
    metric = _of_most_nodes(named(run, "scaling.strong"))
    if metric is None or metric["median"] >= SCALING_GOOD:
        return []
    nodes = metric["params"]["nodes"]
    parts = metric["context"].get("split") or {}
    virtual = all(run["nodes"][node]["facts"].get("virtual") if node in run["nodes"] else False for node in nodes)
    lost = {part: share for part, share in parts.items() if part != "compute"}
    largest = max(lost, key=lambda part: lost[part], default="compute")
    worst = largest if lost.get(largest, 0) > SCALING_PART else "compute"
    listed = ", ".join(f"{part} {percent(share)}" for part, share in parts.items())
    because = f"Of the wall time: {listed}." if listed else "The tasks did not report where the time went."
    if virtual:
        because += " The nodes are containers or virtual machines; on one host they share its cores and cannot scale."
    return [
        finding(
            severity="note" if virtual else "limit",
            kind="weak_scaling",
            title=f"Scaling efficiency of {percent(metric['median'])} on {plural(len(nodes), 'node')}",
            cause="transfer_limits_scaling" if worst == "transfer" else None,
            subject=nodes,
            measured=f"{percent(metric['median'])} efficiency on {len(nodes)} nodes "
            f"({human(metric['context']['all_nodes_s'], 's')} against {human(metric['context']['one_node_s'], 's')} on one)",
            expected=f"at least {percent(SCALING_GOOD)}",
            because=because,
            remedies=_REMEDIES[worst],
            cost=1 - metric["median"],
            gain_at_most=None if virtual else round(1 / max(metric["median"], 0.01), 2),
        )
    ]


def transfer_share(run: RunDocument) -> float | None:
    """Return the fraction of the wall time that this cluster's tasks spend on transfer, on all nodes; None if not measured."""
    metric = _of_most_nodes([metric for metric in named(run, "scaling.strong") if metric["context"].get("split")])
    share: float | None = None if metric is None else metric["context"]["split"]["transfer"]
    return share


def _of_most_nodes(metrics: list[Metric]) -> Metric | None:
    return max(metrics, key=lambda metric: len(metric["params"]["nodes"]), default=None)


RULES: list[Rule] = [judge]
