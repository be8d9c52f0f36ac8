"""Scaling, derived from the wall times of ray.mlx_tasks: efficiency, and the parts that the rest of the time went to.

Strong: the same tasks on one node and on n, E = T1 / (n Tn). Weak: n times the tasks on n nodes, E = T1 / Tn.
"""

from __future__ import annotations

from . import statistics

PARTS = ("compute", "imbalance", "scheduling", "transfer")


def derive(metrics):
    """Return the measurements scaling.strong and scaling.weak, one for each number of nodes that was measured."""
    runs = [metric for metric in metrics if metric["name"] == "ray.mlx_tasks"]
    alone = {run["params"]["tasks"]: run for run in runs if len(run["params"]["nodes"]) == 1}
    derived = []
    for run in runs:
        count, tasks = len(run["params"]["nodes"]), run["params"]["tasks"]
        if count == 1:
            continue
        if tasks in alone:
            derived.append(_efficiency("scaling.strong", alone[tasks], run, count))
        if tasks % count == 0 and tasks // count in alone and tasks // count != tasks:
            derived.append(_efficiency("scaling.weak", alone[tasks // count], run, 1))
    return [measurement for measurement in derived if measurement["samples"]]


def _efficiency(name, one, many, factor):
    single = statistics.median(one["samples"])
    parts = many["context"].get("parts") or []
    shares = (statistics.ratio(single, factor * sample) for sample in many["samples"])
    return {
        "name": name,
        "scope": "cluster",
        "subject": [],
        "link": None,
        "params": many["params"],
        "unit": "1",
        "better": "higher",
        "samples": [share for share in shares if share is not None],
        "flags": [],
        "context": {
            "one_node_s": single,
            "all_nodes_s": statistics.median(many["samples"]),
            "split": split(parts),
            "per_task": many["context"].get("per_task", []),
        },
    }


def split(parts):
    """Return {part: share of the wall time}, the medians over the repetitions, or None without any.

    compute: what a node had tasks running for, on average over the nodes; imbalance: what the busiest node had more; scheduling:
    until the last task had ended, without these two; transfer: from then on until the driver had all results.
    """
    shares = {part: [] for part in PARTS}
    for one in parts:
        busy, wall = list((one.get("busy_s") or {}).values()), one.get("wall_s")
        if not busy or not wall or one.get("ready_s") is None or None in busy:
            continue
        mean = sum(busy) / len(busy)
        shares["compute"].append(mean / wall)
        shares["imbalance"].append((max(busy) - mean) / wall)
        shares["scheduling"].append(max(one["ready_s"] - max(busy), 0) / wall)
        shares["transfer"].append(max(wall - one["ready_s"], 0) / wall)
    if not shares["compute"]:
        return None
    medians = {part: statistics.median(values) for part, values in shares.items()}
    total = sum(medians.values())
    return {part: value / total for part, value in medians.items()} if total else None
