"""What could be done with this cluster that is no fault and no limit: options, each with its condition. Pure functions."""

from __future__ import annotations

from ..analysis.ceilings import tcp_goodput
from ..analysis.statistics import ratio
from ..guard import guarded
from ..text.units import binary_size, human
from . import compute, remedies
from .pairs import pairs_of

_WORKING_SET = 0.75  # of the memory, what a Mac's GPU may use above 32 GB
_DIFFERENT = 1.25  # the fastest node against the slowest, in float32
_FULL = 0.9  # of its ceiling
_THUNDERBOLT = 16e9  # bit/s that IP gets over Thunderbolt 4
_QUICK_LINK_S = 100e-6  # below this round trip, splitting each layer over nodes can make one stream faster


def options(run, failures=None):
    """Return [{kind, title, text}] of a run document with its metrics; failures: list for the rules that raise."""
    failures = [] if failures is None else failures
    rules = (_faster_link, _different_nodes, _one_large_model, _cpu_blas, _jumbo_frames)
    return [
        option
        for rule in rules
        for option in guarded(f"option {rule.__name__.lstrip('_')}", lambda rule=rule: rule(run), [], failures)
    ]


def _faster_link(run):
    """Links that are full although nothing is wrong with them: what another kind of link would bring to this cluster."""
    pairs = [pair for pair in pairs_of(run) if pair["link"] == "default" and not pair["virtual"]]
    slow = [pair for pair in pairs if _healthy_and_full(pair) and pair["ceiling"] < tcp_goodput(10e9)]
    if not slow or len(slow) < len(pairs):
        return []
    rate = max(end.get("negotiated_bps") or 0 for end in slow[0]["ends"])
    nodes = list(run["nodes"].values())
    macs = all(node["facts"].get("system") == "Darwin" for node in nodes)
    cabled = any(link.get("kind") == "thunderbolt" for node in nodes for link in (node["facts"].get("links") or {}).values())
    if macs and not cabled and len(nodes) <= 3:
        way, reached = (
            "A Thunderbolt cable between the Macs carries IP at about 16 Gb/s: name its addresses in links",
            _THUNDERBOLT,
        )
    else:
        way, reached = "Faster are adapters of 10 Gb/s and a switch with as many such ports", tcp_goodput(10e9)
    factor = ratio(reached, slow[0]["goodput"])
    _bound, words = remedies.gain(run, factor)
    return [
        {
            "kind": "faster_link",
            "title": "A faster kind of link",
            "text": f"The links are healthy and full: {human(slow[0]['goodput'], 'bit/s')} is what {human(rate, 'bit/s')} "
            f"Ethernet carries, and no port negotiates less than it can. {way}. That is {factor:.0f} times this link. {words}",
        }
    ]


def _healthy_and_full(pair):
    ends = pair["ends"]
    if not pair["ceiling"] or pair["goodput"] < _FULL * pair["ceiling"] or any(end.get("kind") != "ethernet" for end in ends):
        return False
    # A port whose capability is not known may be the one that negotiates less than it can.
    return all(end.get("capable_bps") and end["capable_bps"] <= (end.get("negotiated_bps") or 0) * 1.01 for end in ends)


def _different_nodes(run):
    """Nodes of different speed: equal shares make the fast ones wait for the slow one."""
    rates = {node: metric["median"] for node, metric in compute.best_of_nodes(run, "gemm.float32").items()}
    if len(rates) < 2 or len(rates) < len(run["nodes"]) or max(rates.values()) < _DIFFERENT * min(rates.values()):
        return []
    ranked = sorted(rates, key=rates.get, reverse=True)
    return [
        {
            "kind": "different_nodes",
            "title": "Nodes of different speed",
            "text": f"In MLX float32 {ranked[0]} reaches {human(rates[ranked[0]], 'FLOP/s')} and {ranked[-1]} "
            f"{human(rates[ranked[-1]], 'FLOP/s')}. With equal shares of the work the fast ones wait: hand out many small tasks "
            "and let Ray give the next one to whoever is free, or ask for the resource gpu_cores.",
        }
    ]


def _gpu_memory(facts):
    """Return the bytes that a Mac's GPU may hold: as it was set, as Metal recommends, else three quarters of the memory."""
    told = (facts.get("gpu") or {}).get("wired_limit_bytes") or (facts.get("gpu") or {}).get("working_set_bytes")
    return told or _WORKING_SET * (facts.get("memory_bytes") or 0)


def _one_large_model(run):
    """One model over several Macs instead of many tasks: for its memory, and over which link."""
    macs = {name: node for name, node in run["nodes"].items() if (node["facts"].get("gpu") or {}).get("kind") == "metal"}
    pairs = [pair for pair in pairs_of(run) if set(pair["nodes"]) <= set(macs)]
    if len(macs) < 2 or not pairs:
        return []
    sizes = {name: _gpu_memory(node["facts"]) for name, node in macs.items()}
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
