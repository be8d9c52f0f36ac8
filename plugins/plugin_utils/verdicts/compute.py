"""Verdicts over compute and memory: a node against its chip's peak, against its twins, and against itself over time."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..analysis import flags, statistics
from ..model import Metric, RunDocument
from ..text.units import human, percent
from ..thresholds import COMPUTE_FAULT, COMPUTE_GOOD, COMPUTE_USUAL, EQUAL_CHIPS, LARGE_PRODUCT
from . import gpu
from .finding import Data, Draft, Rule, finding, named

_USUAL: Final = f"{COMPUTE_GOOD * 100:.0f} to {percent(COMPUTE_USUAL)}"


class _Against(NamedTuple):
    """What a verdict against a peak is about, in words."""

    kind: str
    suite: str
    title: str
    what: str
    fault: str
    remedies: tuple[str, ...]


_COMPUTE: Final = _Against(
    kind="compute_below_peak",
    suite="gemm",
    title="GPU at {} of its peak",
    what="in float32",
    fault=f"A chip of this kind reaches {_USUAL} with large products: below {percent(COMPUTE_FAULT)}, the measurement or the "
    "machine is wrong.",
    remedies=("Close other programs and measure again.", "Switch Low Power Mode off.", "Let the node cool."),
)
_MEMORY: Final = _Against(
    kind="memory_below_peak",
    suite="memory",
    title="Memory at {} of its peak bandwidth",
    what="of memory bandwidth (triad)",
    fault=f"A chip of this kind reaches {_USUAL} with large arrays: below {percent(COMPUTE_FAULT)}, the measurement or the "
    "machine is wrong.",
    remedies=("Close other programs and measure again.", "Check for swapping, and for another job on the GPU."),
)


def _products(run: RunDocument, _data: Data) -> list[Draft]:
    """Products against the chip's peak; small ones mean nothing for the node."""
    best = best_of_nodes(run, "gemm.float32")
    small = [node for node in best if _largest(run, node) < LARGE_PRODUCT]
    large = {node: metric for node, metric in best.items() if node not in small}
    return _against_peak(run, large, _COMPUTE) + _too_small(run, {node: best[node] for node in sorted(small)})


def _bandwidth(run: RunDocument, _data: Data) -> list[Draft]:
    """Memory against the chip's bandwidth; it belongs to the GPU here, a CPU's MLX has no ceiling but NumPy's."""
    best = best_of_nodes(run, "memory.triad")
    return _against_peak(run, {node: one for node, one in best.items() if one["params"]["backend"] == "gpu"}, _MEMORY)


def best_of_nodes(run: RunDocument, name: str) -> dict[str, Metric]:
    """Return ``{node: metric}``: the best value of a metric by MLX on each node."""
    best: dict[str, Metric] = {}
    for metric in named(run, name):
        if metric["params"].get("implementation", "mlx") != "mlx" or "above_ceiling" in metric["flags"]:
            continue
        node = metric["subject"][0]
        if node not in best or metric["median"] > best[node]["median"]:
            best[node] = metric
    return best


def _largest(run: RunDocument, node: str) -> int:
    """Return the size of the largest float32 product that MLX was measured with on a node."""
    sizes: list[int] = [
        metric["params"]["n"]
        for metric in named(run, "gemm.float32")
        if metric["subject"] == [node] and metric["params"].get("implementation", "mlx") == "mlx"
    ]
    return max(sizes)


def _share(metric: Metric) -> float:
    return metric["share"] or 0


def _too_small(run: RunDocument, best: dict[str, Metric]) -> list[Draft]:
    """A low rate of small products means nothing for the node: large ones were not asked for."""
    low = {node: metric for node, metric in best.items() if _is_low(metric)}
    if not low:
        return []
    worst = min(low.values(), key=_share)
    largest = _largest(run, worst["subject"][0])
    return [
        finding(
            severity="note",
            kind="products_too_small",
            title=f"Products of {largest} x {largest} are too small to rate the GPU",
            subject=low,
            measured=f"{human(worst['median'], worst['unit'])} in float32, {percent(worst['share'])} of peak; the largest "
            f"product was {largest} x {largest}",
            expected=f"products of {LARGE_PRODUCT} x {LARGE_PRODUCT} and more",
            because="Small products do not fill the GPU: its cores wait for the next one, and the rate does not describe the "
            "node.",
            remedies=[f"Measure with larger ones: bench_overrides {{mlx: {{gemm: {{shapes: [1024, {LARGE_PRODUCT}]}}}}}}."],
            cost=0.3,
        )
    ]


def _is_low(metric: Metric) -> bool:
    # On a CPU the ceiling is the rate of NumPy, which describes a library and not the node.
    return metric["share"] is not None and metric["share"] < COMPUTE_GOOD and metric["params"].get("backend") == "gpu"


def _against_peak(run: RunDocument, best: dict[str, Metric], words: _Against) -> list[Draft]:
    """One finding for the nodes that are wrong, one for those that are only low: equal remedies are given once."""
    low = {node: metric for node, metric in sorted(best.items()) if _is_low(metric)}
    findings = []
    for is_fault in (True, False):
        nodes = [node for node, metric in low.items() if (_share(metric) < COMPUTE_FAULT) == is_fault]
        if not nodes:
            continue
        worst = min((low[node] for node in nodes), key=_share)
        others = f" ({worst['subject'][0]}, the lowest of {len(nodes)})" if len(nodes) > 1 else ""
        because = words.fault if is_fault else "Power mode, heat or other work on the node holds it back."
        findings.append(
            finding(
                severity="fault" if is_fault else "limit",
                kind=words.kind,
                title=words.title.format(percent(worst["share"])),
                subject=nodes,
                measured=f"{human(worst['median'], worst['unit'])} {words.what}, {percent(worst['share'])} of peak{others}",
                expected=f"at least {percent(COMPUTE_GOOD)} of {human(worst['ceiling'], worst['unit'])} "
                f"({worst['ceiling_source']})",
                because=" ".join(part for part in (because, gpu.words(run, worst["subject"][0], words.suite)) if part),
                remedies=words.remedies,
                cost=1 - _share(worst),
                gain_at_most=_gain(COMPUTE_GOOD, worst["share"]),
            )
        )
    return findings


def _twins(run: RunDocument, _data: Data) -> list[Draft]:
    """Nodes with the same chip should reach the same."""
    by_chip: dict[tuple[str | None, int | None], list[tuple[str, Metric]]] = {}
    for node, metric in best_of_nodes(run, "gemm.float32").items():
        facts = run["nodes"][node]["facts"] if node in run["nodes"] else {}
        by_chip.setdefault((facts.get("chip"), (facts.get("gpu") or {}).get("cores")), []).append((node, metric))
    findings = []
    for members in by_chip.values():
        typical = statistics.median([metric["median"] for _node, metric in members])
        shared = any(run["nodes"][node]["facts"].get("virtual") for node, _metric in members)
        for node, metric in members:
            share = statistics.ratio(metric["median"], typical)
            # Containers of one host share its cores: they differ by what their neighbors do.
            if len(members) < 2 or shared or share is None or share >= EQUAL_CHIPS:
                continue
            findings.append(
                finding(
                    severity="limit",
                    kind="slow_node",
                    title=f"Node at {percent(share)} of nodes with the same chip",
                    subject=[node],
                    measured=f"{human(metric['median'], 'FLOP/s')} in float32",
                    expected=f"{human(typical, 'FLOP/s')}, the median of the nodes with the same chip",
                    because="A node slower than its twins (heat, power mode, other work) sets the pace of every parallel step.",
                    remedies=["Compare its power mode, load and temperature with the others and measure again."],
                    cost=1 - share,
                    gain_at_most=_gain(1, share),
                )
            )
    return findings


def _gain(better: float, now: float | None) -> float | None:
    """Return the factor that is at most to be gained, None where nothing was reached that it could multiply."""
    factor = statistics.ratio(better, now)
    return None if factor is None else round(factor, 2)


def _throttled(run: RunDocument, _data: Data) -> list[Draft]:
    findings = []
    for metric in named(run, "gemm.sustained"):
        early, late = flags.ends(metric["samples"])
        if "throttled" not in metric["flags"] or early is None or late is None:
            continue
        findings.append(
            finding(
                severity="limit",
                kind="throttling",
                title=f"GPU falls to {percent(late / early)} of its first rate in {metric['params']['seconds']} s",
                subject=metric["subject"],
                measured=f"{human(late, metric['unit'])} after {metric['params']['seconds']} s, "
                f"{percent(late / early)} of the beginning",
                expected=f"{human(early, metric['unit'])}, the rate at the beginning",
                because="The rate falls while the same work goes on: the chip lowers its clock, by heat or by a power limit.",
                remedies=["Improve cooling and use AC power.", "Plan long jobs on the lower rate."],
                cost=1 - late / early,
                gain_at_most=_gain(early, late),
            )
        )
    return findings


RULES: list[Rule] = [_products, _bandwidth, _twins, _throttled]
