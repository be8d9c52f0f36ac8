"""Runs in many situations, made from a few lines each: what the verdicts are tested on."""

from __future__ import annotations

from itertools import permutations

M2_ULTRA = {
    "system": "Darwin",
    "machine": "arm64",
    "chip": "Apple M2 Ultra",
    "gpu": {"kind": "metal", "name": "Apple M2 Ultra", "cores": 76},
    "cpu": {"model": "Apple M2 Ultra", "cores_physical": 24, "cores_logical": 24},
    "os": {"name": "macOS", "version": "26.1", "kernel": "25.1.0"},
    "memory_bytes": 192 * 2**30,
    "virtual": "",
}
CONTAINER = {
    "system": "Linux",
    "machine": "x86_64",
    "chip": "AMD EPYC",
    "gpu": {"kind": "none", "name": None, "cores": None},
    "cpu": {"model": "AMD EPYC", "cores_physical": 2, "cores_logical": 2},
    "os": {"name": "debian", "version": "12", "kernel": "6.1"},
    "memory_bytes": 24 * 2**30,
    "virtual": "podman",
}
PINS = {"ray": "2.49.1", "mlx": "0.29.1", "mlx-lm": "0.28.0"}


def link(negotiated, capable=None, kind="ethernet"):
    return {"interface": "en0", "kind": kind, "negotiated_bps": negotiated, "capable_bps": capable, "mtu": 1500}


def make(nodes, machine, goodput=None, port=None, flops=None, efficiency=0.95, backend="gpu", **changes):
    """Return ``(plan, raws)``.

    goodput: bit/s for every pair, or {(from, to): bit/s} with None for the rest; port: link facts; flops: float32 of each node;
    changes: {node: {fact: value}}.
    """
    plan = {
        "run_id": "20261123T181500Z",
        "started": "2026-11-23T18:15:00Z",
        "profile": "standard",
        "parameters": {},
        "playbook": {"commit": "0" * 40, "dirty": False},
        "stack": {"name": "studio-2025", "pins": PINS, "python_version": "3.9.23"},
        "nodes": list(nodes),
        "head": nodes[0],
        "absent": changes.pop("absent", []),
    }
    raws = [facts(node, machine, port, changes.get(node, {})) for node in nodes]
    if flops:
        raws += [
            raw(node, [gemm(node, flops[index] if isinstance(flops, list) else flops, backend)])
            for index, node in enumerate(nodes)
        ]
    if len(nodes) == 1:
        reason = "one node: there is no link to measure"
        raws.append({**raw(nodes[0], []), "not_measured": [{"name": "net.goodput", "subject": nodes, "reason": reason}]})
    elif goodput:
        raws.append(raw(nodes[0], [net(pair, pair_goodput(goodput, pair)) for pair in permutations(nodes, 2)]))
    raws.append(raw(nodes[0], ray(nodes, efficiency)))
    return plan, raws


def pair_goodput(goodput, pair):
    return goodput.get(pair, goodput.get(None)) if isinstance(goodput, dict) else goodput


def raw(node, measurements):
    return {
        "part": "x",
        "node": node,
        "finished": "2026-11-23T18:20:00Z",
        "facts": {},
        "measurements": measurements,
        "not_measured": [],
    }


def facts(node, machine, port, changed):
    conditions = {"load_average": changed.pop("load_average", [0.1, 0.1, 0.1]), "time": "2026-11-23T18:15:00Z"}
    venv = {"path": "/opt/saf/venvs/1", "digest": "d", "fingerprint": "f" * 64, "distributions": {"ray": "2.49.1"}}
    described = {
        **machine,
        "python": {"version": "3.9.23"},
        "venv": venv,
        "links": {"default": port or {}},
        "conditions": conditions,
    }
    return {**raw(node, []), "facts": {**described, **changed}}


def metric(name, scope, subject, params, unit, better, samples, **context):
    fixed = {"link": "default" if name.startswith("net.") else None, "flags": []}
    return {
        "name": name,
        "scope": scope,
        "subject": list(subject),
        "params": params,
        "unit": unit,
        "better": better,
        "samples": samples,
        "context": context,
        **fixed,
    }


def spread(value):
    return [value * factor for factor in (0.99, 1.0, 1.01)]


def gemm(node, flops, backend):
    params = {"dtype": "float32", "m": 4096, "n": 4096, "k": 4096, "implementation": "mlx", "backend": backend}
    return metric("gemm.float32", "node", [node], params, "FLOP/s", "higher", spread(flops))


def net(pair, goodput):
    params = {"streams": 1, "seconds": 10, "direction": "forward", "iperf3": "iperf 3.18"}
    return metric(
        "net.goodput", "pair", pair, params, "bit/s", "higher", spread(goodput), retransmits=0, cpu_percent={"host_total": 20}
    )


def ray(nodes, efficiency):
    trips = [
        metric("ray.task_rtt", "node", [nodes[0]], {"target": node, "local": node == nodes[0]}, "s", "lower", spread(1e-3))
        for node in nodes
    ]
    shape = {"tasks": 8, "size": 512, "products": 4, "dtype": "float32"}
    runs = [[nodes[0]]] + ([list(nodes)] if len(nodes) > 1 else [])
    sets = [
        metric("ray.mlx_tasks", "cluster", [], {**shape, "nodes": names}, "s", "lower", spread(wall), per_task=tasks(names, wall))
        for names, wall in ((names, 1.0 if len(names) == 1 else 1 / (len(names) * efficiency)) for names in runs)
    ]
    return trips + sets


def tasks(names, wall):
    return [{"node": name, "seconds": wall * 0.9, "checksum": 1.0} for name in names]


THREE = ["head1", "worker1", "worker2"]
VETH = link(10e9, kind="virtual")
SITUATIONS = {
    # the owner's: 6 TFLOP/s a node, 945 Mb/s on ports that negotiated 1 of their 10 Gb/s
    "two_studios": lambda: make(["alpha", "beta"], M2_ULTRA, 945e6, link(1e9, 10e9), 6e12),
    "healthy_studios": lambda: make(["alpha", "beta"], M2_ULTRA, 9.41e9, link(10e9, 10e9), 22e12),
    "healthy_three": lambda: make(["a", "b", "c"], M2_ULTRA, 941e6, link(1e9, 1e9), 22e12),
    "one_slow_pair": lambda: make(
        THREE, CONTAINER, {("head1", "worker1"): 287e6, ("worker1", "head1"): 287e6, None: 12e9}, VETH, 5e9, backend="cpu"
    ),
    "one_bad_cable": lambda: make(
        ["a", "b", "c", "d"],
        M2_ULTRA,
        {**{pair: 94e6 for pair in permutations("abcd", 2) if "c" in pair}, None: 941e6},
        link(1e9, 1e9),
        22e12,
    ),
    "path_limits_all": lambda: make(THREE, CONTAINER, 904e6, VETH, 5e9, backend="cpu"),
    "single": lambda: make(["alpha"], M2_ULTRA, flops=22e12),
    "one_node_slower": lambda: make(["a", "b", "c"], M2_ULTRA, 941e6, link(1e9, 1e9), [22e12, 17e12, 22e12]),
    "versions": lambda: make(
        ["a", "b"], M2_ULTRA, 941e6, link(1e9, 1e9), 22e12, b={"venv": {"fingerprint": "f", "distributions": {"ray": "2.48.0"}}}
    ),
    "busy": lambda: make(["a", "b"], M2_ULTRA, 941e6, link(1e9, 1e9), 22e12, b={"load_average": [20.0, 9, 5]}),
    "poor_scaling": lambda: make(["a", "b"], M2_ULTRA, 941e6, link(1e9, 1e9), 22e12, efficiency=0.5),
    "asymmetric": lambda: make(["a", "b"], M2_ULTRA, {("a", "b"): 941e6, ("b", "a"): 500e6}, link(1e9, 1e9), 22e12),
    "impossible": lambda: make(["alpha"], M2_ULTRA, flops=500e12),
    "absent": lambda: make(["a", "b"], M2_ULTRA, 941e6, link(1e9, 1e9), 22e12, absent=["c"]),
}
