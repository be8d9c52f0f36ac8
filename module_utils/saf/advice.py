"""What could be done with this cluster that is no fault and no limit: options, each with its condition. Pure functions."""

from __future__ import annotations

from .units import binary_size, human
from .verdicts.pairs import pairs_of

_WORKING_SET = 0.75  # of the memory, what a Mac's GPU may use above 32 GB
_QUICK_LINK_S = 100e-6  # below this round trip, splitting each layer over nodes can make one stream faster


def options(run):
    """Return [{kind, title, text}] of a run document with its metrics."""
    return [option for rule in (_one_large_model, _cpu_blas, _jumbo_frames) for option in rule(run)]


def _one_large_model(run):
    """One model over several Macs instead of many tasks: for its memory, and over which link."""
    macs = {name: node for name, node in run["nodes"].items() if (node["facts"].get("gpu") or {}).get("kind") == "metal"}
    pairs = [pair for pair in pairs_of(run) if set(pair["nodes"]) <= set(macs)]
    if len(macs) < 2 or not pairs:
        return []
    sizes = {
        name: (node["facts"]["gpu"].get("wired_limit_bytes") or _WORKING_SET * (node["facts"].get("memory_bytes") or 0))
        for name, node in macs.items()
    }
    best = {}
    for pair in pairs:
        known = best.setdefault(pair["link"], pair)
        best[pair["link"]] = min(known, pair, key=lambda item: item["goodput"])
    link, pair = max(best.items(), key=lambda item: item[1]["goodput"])
    trip = pair["idle"]["median"] if pair["idle"] else None
    speed = (
        "Its round trip is short enough to try tensor parallel layers for a faster single stream too."
        if trip is not None and trip < _QUICK_LINK_S
        else "Expect room, not speed: a single stream gets faster only over links with round trips below 0.1 ms."
    )
    return [
        {
            "kind": "one_large_model",
            "title": "One large model over all Macs",
            "text": f"Together their GPUs can hold about {binary_size(sum(sizes.values()))}, "
            f"one alone {binary_size(max(sizes.values()))}. "
            f"Worth trying for a model that does not fit on one, over the link {link} "
            f"({human(pair['goodput'], 'bit/s')}, round trip {human(trip, 's')}). {speed} "
            "mlx-lm 0.28 splits only some models by layers; 0.30 and newer split many.",
        }
    ]


def _cpu_blas(run):
    """MLX on a CPU says little about the node."""
    low = [
        metric
        for metric in run["metrics"]
        if metric["name"] == "gemm.float32"
        and metric["params"].get("backend") == "cpu"
        and metric["params"].get("implementation") == "mlx"
        and metric["share"] is not None
        and metric["share"] < 0.5
    ]
    if not low:
        return []
    names = sorted({metric["subject"][0] for metric in low})
    best = max(low, key=lambda metric: metric["median"])
    return [
        {
            "kind": "mlx_on_cpu",
            "title": "MLX on the CPU",
            "text": f"On {', '.join(names)} MLX runs on the CPU with a reference BLAS: {human(best['median'], 'FLOP/s')} where "
            f"NumPy reaches {human(best['ceiling'], 'FLOP/s')}. The figures tell about the wheel, not about the node.",
        }
    ]


def _jumbo_frames(run):
    """Larger frames bring about 5 %, free of charge, where a fast link is filled."""
    filled = [
        pair
        for pair in pairs_of(run)
        if not pair["virtual"]
        and pair["ceiling"]
        and pair["goodput"] >= 0.9 * pair["ceiling"]
        and all(end.get("mtu") == 1500 and (end.get("negotiated_bps") or 0) >= 10e9 for end in pair["ends"])
    ]
    if not filled:
        return []
    return [
        {
            "kind": "jumbo_frames",
            "title": "Larger frames",
            "text": "The 10 Gb/s links are full at MTU 1500. MTU 9000 at both ends and on every switch between carries 5 % more "
            "(9.90 instead of 9.41 Gb/s) with fewer interrupts; bench.yml shows whether such frames really pass.",
        }
    ]
