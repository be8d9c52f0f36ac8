"""Scaling, derived from the wall times of ray.mlx_tasks: efficiency, and the parts of the wall time.

Strong: the same tasks on one node and on n, E = T1 / (n Tn). Weak: n times the tasks on n nodes, E = T1 / Tn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ansible_collections.saf.fabric.plugins.module_utils.measure.measurement import measurement

from ..model import Measurement
from . import statistics

PARTS = ("compute", "imbalance", "scheduling", "transfer")


def derive(metrics: Sequence[Measurement]) -> list[Measurement]:
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
    return [one for one in derived if one["samples"]]


def _efficiency(name: str, one: Measurement, many: Measurement, factor: int) -> Measurement:
    single = statistics.median(one["samples"])
    efficiencies = (statistics.ratio(single, factor * sample) for sample in many["samples"])
    context = {
        "one_node_s": single,
        "all_nodes_s": statistics.median(many["samples"]),
        "split": split(many["context"].get("parts") or []),
        "per_task": many["context"].get("per_task", []),
    }
    samples = [efficiency for efficiency in efficiencies if efficiency is not None]
    return cast(
        Measurement,
        measurement(name, "1", samples, scope="cluster", subject=[], params=many["params"], context=context),
    )


def split(parts: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """Return {part: fraction of the wall time}, the medians over the repetitions, None without any.

    compute: the time with running tasks, averaged over the nodes; imbalance: the additional time of the busiest node; scheduling:
    until the last task had ended, without these two; transfer: from then on until the driver had all results.
    """
    fractions: dict[str, list[float]] = {part: [] for part in PARTS}
    for one in parts:
        busy, wall = list((one.get("busy_s") or {}).values()), one.get("wall_s")
        if not busy or not wall or one.get("ready_s") is None or None in busy:
            continue
        mean = sum(busy) / len(busy)
        fractions["compute"].append(mean / wall)
        fractions["imbalance"].append((max(busy) - mean) / wall)
        fractions["scheduling"].append(max(one["ready_s"] - max(busy), 0) / wall)
        fractions["transfer"].append(max(wall - one["ready_s"], 0) / wall)
    if not fractions["compute"]:
        return None
    medians = {part: statistics.median(values) for part, values in fractions.items()}
    total = sum(medians.values())
    return {part: value / total for part, value in medians.items()} if total else None
