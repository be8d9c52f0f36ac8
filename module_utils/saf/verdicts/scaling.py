"""Verdicts over scaling: what the other nodes bring, and where the rest of the time goes."""

from __future__ import annotations

from ..units import human, percent
from .finding import finding, named

_GOOD = 0.8


def judge(run):
    """Return the findings over scaling.strong."""
    findings = []
    for metric in named(run, "scaling.strong"):
        if metric["median"] >= _GOOD:
            continue
        nodes = metric["params"]["nodes"]
        split = compute_share(metric)
        shared = all(run["nodes"].get(node, {}).get("facts", {}).get("virtual") for node in nodes)
        because = f"Of the wall time, {percent(split)} is the longest task's own computing, the rest is scheduling and waiting."
        if shared:
            because += " The nodes are containers or virtual machines; on one host they share its cores and cannot scale."
        findings.append(
            finding(
                "note" if shared else "limit",
                "weak_scaling",
                nodes,
                f"{percent(metric['median'])} efficiency on {len(nodes)} nodes ({human(metric['context']['all_nodes_s'], 's')} "
                f"against {human(metric['context']['one_node_s'], 's')} on one)",
                f"at least {percent(_GOOD)}",
                because,
                "Make tasks longer (bench_task_size, bench_task_products): short ones measure the scheduler.",
                cost=1 - metric["median"],
                gain_at_most=None if shared else round(1 / max(metric["median"], 0.01), 2),
            )
        )
    return findings


def compute_share(metric):
    """Return the longest task's compute seconds as a share of the wall time of a repetition; None without tasks."""
    tasks = metric["context"].get("per_task") or []
    if not tasks:
        return None
    longest = max(task["seconds"] for task in tasks)
    return min(longest / metric["context"]["all_nodes_s"], 1.0)
