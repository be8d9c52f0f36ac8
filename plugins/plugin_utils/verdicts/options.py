"""What could be done with this cluster that is no fault and no limit: options, each with its condition. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final

from ..analysis.ceilings import tcp_goodput
from ..analysis.statistics import ratio
from ..guard import guarded
from ..model import Failure, Node, Option, RunDocument
from ..text.units import binary_size, human
from ..thresholds import (
    CPU_BLAS_LOW,
    EQUAL_SPEEDS,
    GPU_WORKING_SET,
    LINK_FASTER,
    LINK_FULL,
    QUICK_LINK_SECONDS,
    UNEQUAL_NODES,
)
from . import causes, compute, remedies
from .finding import named
from .pairs import Pair, pairs_of

_FAST: Final = 10e9  # bit/s of the next kind of Ethernet link
# Chips of Macs whose Thunderbolt 5 ports can do RDMA; M1 Ultra and M2 Ultra never can.
_THUNDERBOLT_5: Final = ("M4 Pro", "M4 Max", "M3 Ultra", "M5 Pro", "M5 Max")
_MTU, _JUMBO_MTU = 1500, 9000


def options(run: RunDocument, failures: list[Failure] | None = None) -> list[Option]:
    """Return the options of a run document with its metrics; failures: list for the rules that raise."""
    failures = [] if failures is None else failures
    rules: tuple[Callable[[RunDocument], list[Option]], ...]
    rules = (_faster_link, _different_nodes, _one_large_model, _cpu_blas, _jumbo_frames)
    found: list[Option] = []
    for rule in rules:
        found += guarded(f"option {rule.__name__.lstrip('_')}", partial(rule, run), [], failures)
    return found


def _faster_link(run: RunDocument) -> list[Option]:
    """Links that are full although nothing is wrong with them: what another kind of link would gain on this cluster."""
    if _has_findings(run, (*causes.LINKS, "link_fell", "mtu_differs", "switch_contention")):  # their remedies are cheaper
        return []
    everywhere = pairs_of(run)
    pairs = [pair for pair in everywhere if pair["link"] == "default" and not pair["virtual"]]
    slow = [pair for pair in pairs if _healthy_and_full(pair) and (pair["ceiling"] or 0) < tcp_goodput(_FAST)]
    if not slow or len(slow) < len(pairs):
        return []
    # The nodes have a faster link already: a finding names it, and nothing needs to be bought.
    if any(pair["goodput"] > LINK_FASTER * slow[0]["goodput"] for pair in everywhere if pair["link"] != "default"):
        return []
    rate = max(end.get("negotiated_bps") or 0 for end in slow[0]["ends"])
    nodes = list(run["nodes"].values())
    macs = all(node["facts"].get("system") == "Darwin" for node in nodes)
    cabled = any(link.get("kind") == "thunderbolt" for node in nodes for link in (node["facts"].get("links") or {}).values())
    if macs and not cabled and len(nodes) <= 3:
        way, reached = f"{remedies.thunderbolt()}: name its addresses in links", remedies.THUNDERBOLT_BPS
    else:
        way = f"Use adapters of {_FAST / 1e9:.0f} Gb/s and a switch with as many such ports"
        reached = tcp_goodput(_FAST)
    _bound, words = remedies.gain(run, ratio(reached, slow[0]["goodput"]))
    return [
        {
            "kind": "faster_link",
            "title": "A faster kind of link",
            "text": f"The links are healthy and full: {human(slow[0]['goodput'], 'bit/s')} is what {human(rate, 'bit/s')} "
            f"Ethernet carries, and no port negotiates less than it can. {way}. "
            f"That is {reached / slow[0]['goodput']:.0f} times this link. {words}",
        }
    ]


def _has_findings(run: RunDocument, kinds: Collection[str]) -> bool:
    """Return whether something of some kinds is wrong or holds the cluster back."""
    return any(finding["kind"] in kinds and finding["severity"] != "note" for finding in run["findings"])


def _healthy_and_full(pair: Pair) -> bool:
    ends = pair["ends"]
    if not pair["ceiling"] or pair["goodput"] < LINK_FULL * pair["ceiling"] or any(end.get("kind") != "ethernet" for end in ends):
        return False
    # A port whose capability is not known may be the one that negotiates less than it can.
    return all(
        end.get("capable_bps") and (end["capable_bps"] or 0) <= (end.get("negotiated_bps") or 0) * EQUAL_SPEEDS for end in ends
    )


def _different_nodes(run: RunDocument) -> list[Option]:
    """Nodes of different speed: equal parts of the work make the fast ones wait for the slow one."""
    rates = {node: metric["median"] for node, metric in compute.best_of_nodes(run, "gemm.float32").items()}
    if len(rates) < 2 or len(rates) < len(run["nodes"]) or max(rates.values()) < UNEQUAL_NODES * min(rates.values()):
        return []
    fastest, slowest = max(rates, key=lambda node: rates[node]), min(rates, key=lambda node: rates[node])
    return [
        {
            "kind": "different_nodes",
            "title": "Nodes of different speed",
            "text": f"In MLX float32 {fastest} reaches {human(rates[fastest], 'FLOP/s')} and {slowest} "
            f"{human(rates[slowest], 'FLOP/s')}. With equal parts of the work the fast ones wait: submit many small tasks "
            "and let Ray give the next one to the node that is free, or request the resource gpu_cores.",
        }
    ]


def _gpu_memory(facts: dict[str, Any]) -> float:
    """Return the bytes that a Mac's GPU may hold: as it was set, as Metal recommends, else a fraction of the memory."""
    gpu = facts.get("gpu") or {}
    limit: float = gpu.get("wired_limit_bytes") or gpu.get("working_set_bytes") or 0
    return limit or GPU_WORKING_SET * (facts.get("memory_bytes") or 0)


def _one_large_model(run: RunDocument) -> list[Option]:
    """One model over several Macs instead of many tasks: for its memory, and over which link."""
    macs = {name: node for name, node in run["nodes"].items() if (node["facts"].get("gpu") or {}).get("kind") == "metal"}
    pairs = [pair for pair in pairs_of(run) if set(pair["nodes"]) <= set(macs)]
    if len(macs) < 2 or not pairs:
        return []
    sizes = {name: _gpu_memory(node["facts"]) for name, node in macs.items()}
    slowest: dict[str | None, Pair] = {}
    for pair in pairs:
        known = slowest.setdefault(pair["link"], pair)
        slowest[pair["link"]] = min(known, pair, key=lambda item: item["goodput"])
    link, pair = max(slowest.items(), key=lambda item: item[1]["goodput"])
    trip = pair["idle"]["median"] if pair["idle"] else None
    speed = (
        "Its round trip is short enough to try tensor parallel layers for a faster single stream too."
        if trip is not None and trip < QUICK_LINK_SECONDS
        else "Expect room, not speed: a single stream gets faster only over links with round trips below "
        f"{QUICK_LINK_SECONDS * 1e3:g} ms."
    )
    return [
        {
            "kind": "one_large_model",
            "title": "One large model over all Macs",
            "text": f"Together their GPUs can hold about {binary_size(sum(sizes.values()))}, "
            f"one alone {binary_size(max(sizes.values()))}. "
            f"Worth trying for a model that does not fit on one, over the link {link} "
            f"({human(pair['goodput'], 'bit/s')}, round trip {human(trip, 's')}). {speed} "
            f"{_rdma(macs)}mlx-lm 0.28 splits only some models by layers; 0.30 and newer split many.",
        }
    ]


def _rdma(macs: Mapping[str, Node]) -> str:
    """Return a sentence about RDMA over Thunderbolt 5 where every one of the chips has it, else ""."""
    chips = {str(node["facts"].get("chip") or "").removeprefix("Apple ") for node in macs.values()}
    if not chips <= set(_THUNDERBOLT_5):
        return ""
    return (
        "These chips have Thunderbolt 5: RDMA over it (macOS 26.2 or newer, the same build on every Mac, enabled with rdma_ctl "
        "in Recovery) has round trips below 50 µs, about 300 µs without. "
    )


def _cpu_blas(run: RunDocument) -> list[Option]:
    """MLX on a CPU does not describe the node."""
    low = [
        metric
        for metric in named(run, "gemm.float32")
        if metric["params"].get("backend") == "cpu"
        and metric["params"].get("implementation") == "mlx"
        and metric["share"] is not None
        and metric["share"] < CPU_BLAS_LOW
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
            f"NumPy reaches {human(best['ceiling'], 'FLOP/s')}. These results reflect the wheel; the NumPy row shows what the "
            "CPU can do.",
        }
    ]


def _jumbo_frames(run: RunDocument) -> list[Option]:
    """Larger frames carry about 5 % more, free of charge, where a fast link is filled."""
    if _has_findings(run, ("jumbo_frames_lost", "mtu_differs")):
        return []
    filled = [
        pair
        for pair in pairs_of(run)
        if not pair["virtual"]
        and pair["ceiling"]
        and pair["goodput"] >= LINK_FULL * pair["ceiling"]
        and all(end.get("mtu") == _MTU and (end.get("negotiated_bps") or 0) >= _FAST for end in pair["ends"])
    ]
    if not filled:
        return []
    now, then = tcp_goodput(_FAST, _MTU), tcp_goodput(_FAST, _JUMBO_MTU)
    return [
        {
            "kind": "jumbo_frames",
            "title": "Larger frames",
            "text": f"The {_FAST / 1e9:.0f} Gb/s links are full at MTU {_MTU}. MTU {_JUMBO_MTU} at both ends and on every switch "
            f"between carries {(then / now - 1) * 100:.0f} % more ({then / 1e9:.2f} instead of {now / 1e9:.2f} Gb/s) with fewer "
            "interrupts; bench.yml shows whether such frames really pass.",
        }
    ]
