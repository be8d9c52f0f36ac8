"""Verdicts over compute and memory: a node against its chip's peak, against its twins, and against itself over time."""

from __future__ import annotations

from ..analysis import flags, statistics
from ..text.units import human, percent
from . import gpu
from .finding import finding, named

# Share of peak of the largest fp32 product on Metal: from published measurements, 81 to 91 % is usual.
_GOOD = 0.75
_WRONG = 0.5
_DIFFERENT = 0.9  # equal chips differ by 5 % among themselves
_LARGE = 4096  # smaller products do not fill a large GPU, whatever its state
_COMPUTE = {
    "kind": "compute_below_peak",
    "suite": "gemm",
    "what": "in float32",
    "wrong": "A chip of this kind reaches 75 to 90 % with large products: below half, the measurement or the machine is wrong.",
    "advice": "Close other programs, switch Low Power Mode off, let the node cool, and measure again.",
}
_MEMORY = {
    "kind": "memory_below_peak",
    "suite": "memory",
    "what": "of memory bandwidth (triad)",
    "wrong": "A chip of this kind reaches 75 to 90 % with large arrays: below half, the measurement or the machine is wrong.",
    "advice": "Close other programs; look for swapping and for another job on the GPU; measure again.",
}


def _products(run, _data):
    """Products against the chip's peak; small ones say nothing about the node."""
    best = best_of_nodes(run, "gemm.float32")
    small = [node for node in best if _largest(run, node) < _LARGE]
    large = {node: metric for node, metric in best.items() if node not in small}
    return _against_peak(run, large, _COMPUTE) + _too_small(run, {node: best[node] for node in sorted(small)})


def _bandwidth(run, _data):
    """Memory against the chip's bandwidth; it belongs to the GPU here, a CPU's MLX has no ceiling but NumPy's."""
    best = best_of_nodes(run, "memory.triad")
    return _against_peak(run, {node: one for node, one in best.items() if one["params"]["backend"] == "gpu"}, _MEMORY)


def best_of_nodes(run, name):
    """Return ``{node: metric}``: the best figure of a metric by MLX on each node."""
    best = {}
    for metric in named(run, name):
        if metric["params"].get("implementation", "mlx") != "mlx" or "above_ceiling" in metric["flags"]:
            continue
        node = metric["subject"][0]
        if node not in best or metric["median"] > best[node]["median"]:
            best[node] = metric
    return best


def _largest(run, node):
    """Return the size of the largest float32 product that MLX was measured with on a node."""
    return max(
        metric["params"]["n"]
        for metric in named(run, "gemm.float32")
        if metric["subject"] == [node] and metric["params"].get("implementation", "mlx") == "mlx"
    )


def _too_small(run, best):
    """A low share of small products says nothing about the node: large ones were not asked for."""
    low = {node: metric for node, metric in best.items() if _is_low(metric)}
    if not low:
        return []
    worst = min(low.values(), key=lambda metric: metric["share"])
    largest = _largest(run, worst["subject"][0])
    return [
        finding(
            "note",
            "products_too_small",
            list(low),
            f"{human(worst['median'], worst['unit'])} in float32, {percent(worst['share'])} of peak; the largest product "
            f"was {largest} x {largest}",
            f"products of {_LARGE} x {_LARGE} and more",
            "Small products do not fill the GPU: its cores wait for the next one, and the rate tells nothing about the node.",
            f"Measure with larger ones: bench_overrides {{mlx: {{gemm: {{shapes: [1024, {_LARGE}]}}}}}}.",
            cost=0.3,
        )
    ]


def _is_low(metric):
    # On a CPU the ceiling is NumPy's figure, which tells about a library and not about the node.
    return metric["share"] is not None and metric["share"] < _GOOD and metric["params"].get("backend") == "gpu"


def _against_peak(run, best, words):
    """One finding for the nodes that are wrong, one for those that are only low: the same remedy is told once."""
    low = {node: metric for node, metric in sorted(best.items()) if _is_low(metric)}
    findings = []
    for wrong in (True, False):
        nodes = [node for node, metric in low.items() if (metric["share"] < _WRONG) == wrong]
        if not nodes:
            continue
        worst = min((low[node] for node in nodes), key=lambda metric: metric["share"])
        others = f" ({worst['subject'][0]}, the lowest of {len(nodes)})" if len(nodes) > 1 else ""
        because = words["wrong"] if wrong else "Power mode, heat or other work on the node holds it back."
        findings.append(
            finding(
                "fault" if wrong else "limit",
                words["kind"],
                nodes,
                f"{human(worst['median'], worst['unit'])} {words['what']}, {percent(worst['share'])} of peak{others}",
                f"at least {percent(_GOOD)} of {human(worst['ceiling'], worst['unit'])} ({worst['ceiling_source']})",
                " ".join(part for part in (because, gpu.words(run, worst["subject"][0], words["suite"])) if part),
                words["advice"],
                cost=1 - worst["share"],
                gain_at_most=_gain(_GOOD, worst["share"]),
            )
        )
    return findings


def _twins(run, _data):
    """Nodes with the same chip should reach the same."""
    by_chip = {}
    for node, metric in best_of_nodes(run, "gemm.float32").items():
        facts = run["nodes"].get(node, {}).get("facts", {})
        by_chip.setdefault((facts.get("chip"), (facts.get("gpu") or {}).get("cores")), []).append((node, metric))
    findings = []
    for members in by_chip.values():
        typical = statistics.median([metric["median"] for _node, metric in members])
        shared = any(run["nodes"][node]["facts"].get("virtual") for node, _metric in members)
        for node, metric in members:
            share = statistics.ratio(metric["median"], typical)
            # Containers of one host share its cores: they differ by what their neighbours do.
            if len(members) < 2 or shared or share is None or share >= _DIFFERENT:
                continue
            findings.append(
                finding(
                    "limit",
                    "slow_node",
                    [node],
                    f"{human(metric['median'], 'FLOP/s')} in float32",
                    f"{human(typical, 'FLOP/s')}, the median of the nodes with the same chip",
                    "A node slower than its twins (heat, power mode, other work) sets the pace of every parallel step.",
                    "Compare power mode, load and temperature with the others and measure again.",
                    cost=1 - share,
                    gain_at_most=_gain(1, share),
                )
            )
    return findings


def _gain(better, now):
    """Return the factor that is at most to be gained, None where nothing was reached that it could multiply."""
    factor = statistics.ratio(better, now)
    return None if factor is None else round(factor, 2)


def _throttled(run, _data):
    findings = []
    for metric in named(run, "gemm.sustained"):
        if "throttled" not in metric["flags"]:
            continue
        early, late = flags.ends(metric["samples"])
        findings.append(
            finding(
                "limit",
                "throttling",
                metric["subject"],
                f"{human(late, metric['unit'])} after {metric['params']['seconds']} s, {percent(late / early)} of the beginning",
                f"{human(early, metric['unit'])}, what it does at the beginning",
                "The rate falls while the same work goes on: the chip lowers its clock, by heat or by a power limit.",
                "Give the machine air and mains power; for long jobs count with the lower figure.",
                cost=1 - late / early,
                gain_at_most=_gain(early, late),
            )
        )
    return findings


RULES = (_products, _bandwidth, _twins, _throttled)
