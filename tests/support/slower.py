"""Runs with a history: healthy ones, then one that is slower; and a machine whose MLX has no GPU."""

from __future__ import annotations

from runs import SERVER, SITUATIONS, gemm, make, memory

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document

FINISHED = "2026-11-23T18:25:00Z"


def slowed(factor, of=lambda metric: True, situation="healthy_studios"):
    """Return (plan, raws) of a healthy run in which the measurements that ``of`` picks are ``factor`` times as good."""
    plan, raws = SITUATIONS[situation]()
    for document in raws:
        for metric in filter(of, document["measurements"]):
            better = factor if metric["better"] == "higher" else 1 / factor
            metric["samples"] = [sample * better for sample in metric["samples"]]
    return plan, raws


def slower(data, factor, of=lambda metric: True, situation="healthy_studios", runs=7, change=lambda raws: None):
    """Return a run document with ``runs`` healthy runs before it; factor, of: as for slowed(); change: of the last run's raws."""
    plan, raws = slowed(1, situation=situation)
    earlier = [
        run_document.assemble({**plan, "run_id": f"r{day}", "started": f"2026-11-{day:02}T00:00:00Z"}, raws, data, FINISHED)
        for day in range(1, runs + 1)
    ]
    plan, raws = slowed(factor, of, situation)
    change(raws)
    return run_document.assemble(plan, raws, data, FINISHED, earlier)


def cpu_only():
    """One Linux machine, where MLX has no GPU: NumPy shows what its CPU can do."""
    numpy = gemm("box", 170e9, "cpu")
    numpy["params"]["implementation"] = "numpy"
    triad = memory("box", 27e9)
    triad["params"].update(implementation="numpy", backend="cpu")
    return make(["box"], {**SERVER, "cpu": {**SERVER["cpu"], "cores_logical": 2}}, flops=5e9, backend="cpu", extra=[numpy, triad])
