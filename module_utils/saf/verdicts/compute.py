"""Verdicts over matrix products: a node against its chip's peak, and nodes of one chip against each other."""

from __future__ import annotations

from .. import statistics
from ..units import human, percent
from .finding import finding, named

# Share of peak of the largest fp32 product on Metal: from published measurements, 81 to 91 % is usual.
_GOOD = 0.75
_WRONG = 0.5
_DIFFERENT = 0.9  # equal chips differ by 5 % among themselves


def judge(run):
    """Return the findings over compute."""
    best = _best(run)
    return _against_peak(best) + _against_each_other(run, best)


def _best(run):
    """Return ``{node: metric}``: the best product in float32 of MLX on each node."""
    best = {}
    for metric in named(run, "gemm.float32"):
        if metric["params"].get("implementation", "mlx") != "mlx" or "above_ceiling" in metric["flags"]:
            continue
        node = metric["subject"][0]
        if node not in best or metric["median"] > best[node]["median"]:
            best[node] = metric
    return best


def _against_peak(best):
    findings = []
    for node, metric in sorted(best.items()):
        if metric["share"] is None or metric["share"] >= _GOOD:
            continue
        wrong = metric["share"] < _WRONG
        findings.append(
            finding(
                "fault" if wrong else "limit",
                "compute_below_peak",
                [node],
                f"{human(metric['median'], 'FLOP/s')} in float32, {percent(metric['share'])} of peak",
                f"at least {percent(_GOOD)} of {human(metric['ceiling'], 'FLOP/s')} ({metric['ceiling_source']})",
                "A chip of this kind reaches 75 to 90 % with large products: below half, the measurement or the machine is wrong."
                if wrong
                else "Power mode, heat or other work on the node holds it back.",
                "Close other programs, switch Low Power Mode off, let the node cool, and measure with larger shapes.",
                cost=1 - metric["share"],
                gain_at_most=round(_GOOD / metric["share"], 2),
            )
        )
    return findings


def _against_each_other(run, best):
    """Nodes with the same chip should reach the same."""
    by_chip = {}
    for node, metric in best.items():
        facts = run["nodes"].get(node, {}).get("facts", {})
        by_chip.setdefault((facts.get("chip"), (facts.get("gpu") or {}).get("cores")), []).append((node, metric))
    findings = []
    for members in by_chip.values():
        typical = statistics.median([metric["median"] for _node, metric in members])
        shared = any(run["nodes"][node]["facts"].get("virtual") for node, _metric in members)
        for node, metric in members:
            share = metric["median"] / typical
            # Containers of one host share its cores: they differ by what their neighbours do.
            if len(members) < 2 or shared or share >= _DIFFERENT:
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
                    gain_at_most=round(1 / share, 2),
                )
            )
    return findings
