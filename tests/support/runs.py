"""Runs in many situations, made from a few lines each: what the verdicts are tested on."""

from __future__ import annotations

import json
from itertools import permutations

from ansible_collections.saf.fabric.plugins.plugin_utils.analysis.ceilings import tcp_goodput

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


LAPTOP = {
    **M2_ULTRA,
    "chip": "Apple M4 Max",
    "gpu": {"kind": "metal", "name": "Apple M4 Max", "cores": 40},
    "cpu": {"model": "Apple M4 Max", "cores_physical": 16, "cores_logical": 16},
    "memory_bytes": 64 * 2**30,
}
SERVER = {
    **CONTAINER,
    "cpu": {"model": "AMD EPYC", "cores_physical": 32, "cores_logical": 64},
    "memory_bytes": 256 * 2**30,
    "virtual": "",
}


def make(nodes, machine, goodput=None, port=None, flops=None, efficiency=0.95, backend="gpu", extra=(), **changes):
    """Return ``(plan, raws)``.

    goodput: bit/s for every pair, or {(from, to): bit/s} with None for the rest; port: link facts; flops: float32 of each node;
    machine: facts of every node, or {node: facts}; extra: further measurements; changes: {node: {fact: value}}.
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
    raws = [facts(node, machine.get(node, machine), port, changes.get(node, {})) for node in nodes]
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
    raws.append(raw(nodes[0], [*ray(nodes, efficiency), *extra]))
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
    changed = dict(changed)
    conditions = {"load_average": changed.pop("load_average", [0.1, 0.1, 0.1]), "time": "2026-11-23T18:15:00Z"}
    conditions["busy_cores"] = changed.pop("busy_cores", 0.1)
    conditions["power"] = changed.pop("power", None)
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


def gemm(node, flops, backend, size=4096, dtype="float32", implementation="mlx"):
    params = {"dtype": dtype, "m": size, "n": size, "k": size, "implementation": implementation, "backend": backend}
    return metric(f"gemm.{dtype}", "node", [node], params, "FLOP/s", "higher", spread(flops))


def net(pair, goodput, streams=1, retransmits=0, cpu=20, link="default", **ends):
    params = {"streams": streams, "seconds": 10, "direction": "forward", "iperf3": "iperf 3.18"}
    measured = metric("net.goodput", "pair", pair, params, "bit/s", "higher", spread(goodput), **ends)
    measured["context"].update(retransmits=retransmits, cpu_percent={"host_total": cpu}, whole_run=goodput)
    return {**measured, "link": link}


def trips(pair, idle, loaded):
    shape = {"bytes": 64, "protocol": "TCP"}
    return [
        metric("net.rtt.idle", "pair", pair, shape, "s", "lower", spread(idle)),
        metric("net.rtt.loaded", "pair", pair, {**shape, "load": "forward", "streams": 1}, "s", "lower", spread(loaded)),
    ]


def together(nodes, each):
    shape = {"flows": len(nodes) - 1, "seconds": 8, "streams": 1}
    return [metric("net.together", "node", [node], shape, "bit/s", "higher", spread(each)) for node in nodes]


def memory(node, rate, operation="triad", backend="gpu", implementation="mlx"):
    shape = {"array_bytes": 400 * 10**6, "dtype": "float32", "implementation": implementation, "backend": backend}
    shape["transfers"] = 3 if operation in ("add", "triad") else 2
    return metric(f"memory.{operation}", "node", [node], shape, "B/s", "higher", spread(rate))


def model(name="Qwen3-4B", bits=None, backend="gpu", parameters=4e9, read_bytes=8e9, prompt=512, generation=128):
    return {
        "model": name,
        "bits": bits,
        "prompt": prompt,
        "generation": generation,
        "batch": 1,
        "synthetic": True,
        "backend": backend,
        "parameters": parameters,
        "weight_bytes": read_bytes,
        "read_bytes": read_bytes,
    }


def decode(node, rate, **shape):
    return metric("llm.decode", "node", [node], model(**shape), "token/s", "higher", spread(rate))


def prefill(node, rate, **shape):
    return metric("llm.prefill", "node", [node], model(**shape), "token/s", "higher", spread(rate))


def sustained(node, start, end):
    shape = {"dtype": "float32", "m": 4096, "n": 4096, "k": 4096, "implementation": "mlx", "backend": "gpu", "seconds": 60}
    series = [start + (end - start) * number / 239 for number in range(240)]
    times = [0.25 * number for number in range(240)]
    return metric("gemm.sustained", "node", [node], shape, "FLOP/s", "higher", series, times_s=times)


def transfer(pair, rate, size=128 * 2**20):
    return metric("ray.transfer", "pair", pair, {"bytes": size}, "bit/s", "higher", spread(rate))


def all_reduce(ranks, rate, size=2**27):
    shape = {"bytes": size, "ranks": ranks, "dtype": "float32", "backend": "ring"}
    return metric("collective.all_reduce", "cluster", [], shape, "bit/s", "higher", spread(rate), seconds=[1.0], bus_factor=1.0)


def ray(nodes, efficiency):
    trips = [task_trip(nodes[0], node, 1e-3) for node in nodes]
    shape = {"tasks": 8, "size": 512, "products": 4, "dtype": "float32"}
    runs = [[nodes[0]]] + ([list(nodes)] if len(nodes) > 1 else [])
    sets = [
        metric(
            "ray.mlx_tasks",
            "cluster",
            [],
            {**shape, "nodes": names},
            "s",
            "lower",
            spread(wall),
            per_task=tasks(names, wall),
            parts=[{"wall_s": wall, "ready_s": wall * 0.95, "busy_s": dict.fromkeys(names, wall * 0.9)}],
        )
        for names, wall in ((names, 1.0 if len(names) == 1 else 1 / (len(names) * efficiency)) for names in runs)
    ]
    return trips + sets


def task_trip(head, node, seconds):
    """Return what the head measures of an empty task on a node: of the pair where that is another one."""
    params = {"target": node, "local": node == head}
    subject = [head] if node == head else [head, node]
    return metric("ray.task_rtt", "node" if node == head else "pair", subject, params, "s", "lower", spread(seconds))


def tasks(names, wall):
    return [{"node": name, "seconds": wall * 0.9, "checksum": 1.0} for name in names]


THREE = ["head1", "worker1", "worker2"]
EIGHT = list("abcdefgh")
SIXTEEN = [f"node{number:02}" for number in range(1, 17)]
VETH = link(10e9, kind="virtual")
GIGABIT, TEN = link(1e9, 1e9), link(10e9, 10e9)


def bad_cable(nodes, culprit, bad=94e6, good=941e6):
    return {**{pair: bad for pair in permutations(nodes, 2) if culprit in pair}, None: good}


def studios(goodput, port, flops=22e12, **changes):
    return make(["alpha", "beta"], M2_ULTRA, goodput, port, flops, **changes)


def healthy(nodes, goodput=9.41e9, port=TEN):
    """Everything as good as published machines and links are; goodput may name pairs that are not."""
    usual = goodput[None] if isinstance(goodput, dict) else goodput
    extra = [figure for node in nodes for figure in (memory(node, 650e9), decode(node, 78), sustained(node, 22e12, 21.9e12))]
    extra += [gemm(node, rate, "gpu", size) for node in nodes for size, rate in ((512, 6e12), (1024, 14e12), (2048, 20e12))]
    if len(nodes) > 1:
        for pair in permutations(nodes, 2):
            extra += [*trips(pair, 120e-6, 700e-6), transfer(pair, 0.5 * pair_goodput(goodput, pair))]
        slowest = min(pair_goodput(goodput, pair) for pair in permutations(nodes, 2))
        extra += [all_reduce(len(nodes), 0.8 * slowest * share, size) for size, share in ((2**16, 0.2), (2**20, 0.7), (2**27, 1))]
        extra += together(nodes, 0.97 * usual)
    return make(nodes, M2_ULTRA, goodput, port, 22e12, extra=extra)


def two_links():
    """The cluster's addresses are on the slower of two links."""
    plan, raws = studios(941e6, GIGABIT)
    for document in raws:
        if document["facts"]:
            bridge = {**link(None, None, kind="thunderbolt"), "interface": "bridge0"}
            document["facts"]["links"] = {**document["facts"]["links"], "thunderbolt": bridge}
    raws[-1]["measurements"] += [net(pair, 15e9, link="thunderbolt") for pair in permutations(("alpha", "beta"), 2)]
    return plan, raws


def mixed():
    machines = {"mac": M2_ULTRA, "linux": SERVER}
    plan, raws = make(["mac", "linux"], machines, 941e6, GIGABIT)
    numpy = gemm("linux", 900e9, "cpu")
    numpy["params"]["implementation"] = "numpy"
    raws.append(raw("mac", [gemm("mac", 22e12, "gpu"), gemm("linux", 8e9, "cpu"), numpy]))
    return plan, raws


def one_way(pair_goodput, **changes):
    """Two studios whose alpha to beta is replaced by one value with a cause."""
    plan, raws = studios(9.41e9, TEN)
    for document in raws:
        document["measurements"] = [m for m in document["measurements"] if m["name"] != "net.goodput"]
    pairs = permutations(("alpha", "beta"), 2)
    raws[-1]["measurements"] += [net(pair, pair_goodput, **changes) for pair in pairs]
    return plan, raws


def several_streams():
    plan, raws = one_way(3e9)
    raws[-1]["measurements"] += [net(pair, 9.3e9, streams=4) for pair in permutations(("alpha", "beta"), 2)]
    return plan, raws


def route_elsewhere(used):
    """Both have a 10 Gb/s port with the address of the link; alpha's packets leave by another interface."""
    plan, raws = one_way(941e6)
    for document in raws:
        for metric in document["measurements"]:
            if metric["name"] == "net.goodput":
                sides = ("from", "to") if metric["subject"][0] == "alpha" else ("to", "from")
                metric["context"].update(zip(sides, (used, TEN)))
    return plan, raws


def ported(ports, goodput=None, **changes):
    """Nodes whose ports differ: {node: link facts}; what is not in goodput fills the slower port."""
    known = goodput or {}
    filled = {
        pair: known.get(pair, 0.98 * tcp_goodput(min(ports[node]["negotiated_bps"] for node in pair)))
        for pair in permutations(ports, 2)
    }
    own = {node: {"links": {"default": port}, **changes.get(node, {})} for node, port in ports.items()}
    return make(list(ports), M2_ULTRA, filled, None, 22e12, **{**changes, **own})


def mixed_ports(*slow):
    return {**dict.fromkeys(["mac1", "mac2", "mac3"], TEN), **dict.fromkeys(slow, GIGABIT)}


def one_way_slow(nodes, culprits, bad, good, sends=True):
    """Everything that the culprits send (or receive) is slow."""
    return {pair: bad if pair[0 if sends else 1] in culprits else good for pair in permutations(nodes, 2)}


def busy_core(nodes, culprit, rate, good=9.3e9):
    """A node whose CPU cannot fill its port, in both directions."""
    plan, raws = make(nodes, M2_ULTRA, None, TEN, 22e12)
    pairs = permutations(nodes, 2)
    raws[-1]["measurements"] += [net(pair, *((rate, 1, 0, 99) if culprit in pair else (good,))) for pair in pairs]
    return plan, raws


JUMBO = {**TEN, "mtu": 9000}
# The reviewer's: what gamma sends was shaped to 137 Mb/s, and the report said nothing.
GAMMA = {
    ("gamma", "alpha"): 131e6,
    ("gamma", "beta"): 127e6,
    ("alpha", "gamma"): 8.1e9,
    ("beta", "gamma"): 10e9,
    ("alpha", "beta"): 12.4e9,
    ("beta", "alpha"): 9.6e9,
}
SITUATIONS = {
    # the owner's: 6 TFLOP/s a node, 945 Mb/s on ports that negotiated 1 of their 10 Gb/s
    "two_studios": lambda: studios(945e6, link(1e9, 10e9), 6e12),
    "healthy_studios": lambda: healthy(["alpha", "beta"]),
    "healthy_three": lambda: make(["a", "b", "c"], M2_ULTRA, 941e6, GIGABIT, 22e12),
    "healthy_sixteen": lambda: healthy(SIXTEEN),
    "healthy_single": lambda: healthy(["alpha"]),
    "healthy_mixed": mixed,
    "one_slow_pair": lambda: make(
        THREE, CONTAINER, {("head1", "worker1"): 287e6, ("worker1", "head1"): 287e6, None: 12e9}, VETH, 5e9, backend="cpu"
    ),
    "one_slow_uplink": lambda: make(["alpha", "beta", "gamma"], CONTAINER, GAMMA, VETH, 5e9, backend="cpu"),
    "one_slow_downlink": lambda: make(
        ["alpha", "beta", "gamma"], CONTAINER, {pair[::-1]: rate for pair, rate in GAMMA.items()}, VETH, 5e9, backend="cpu"
    ),
    "two_slow_uplinks": lambda: make(list("abcde"), M2_ULTRA, one_way_slow("abcde", "bd", 173e6, 9.2e9), TEN, 22e12),
    "two_bad_pairs": lambda: make(
        list("abcde"),
        M2_ULTRA,
        {**{pair: 300e6 for pair in permutations("abcde", 2) if set(pair) in ({"a", "b"}, {"c", "d"})}, None: 9.2e9},
        TEN,
        22e12,
    ),
    "mixed_ports": lambda: ported(mixed_ports("pi")),
    "mixed_ports_of_five": lambda: ported(
        {**mixed_ports("pi"), "nuc": {**GIGABIT, "negotiated_bps": 2.5e9, "capable_bps": 2.5e9}}
    ),
    # A virtual machine on a host with a 1 Gb/s port: its own interface says 10 Gb/s.
    "mixed_virtual_ports": lambda: make(
        ["a", "b", "c", "pi"], CONTAINER, {**bad_cable(["a", "b", "c", "pi"], "pi", 930e6, 9e9)}, VETH, 5e9, backend="cpu"
    ),
    "wifi_everywhere": lambda: make(
        EIGHT,
        M2_ULTRA,
        {**{pair: 12e6 for pair in permutations(EIGHT, 2) if pair[0] == "h"}, None: 500e6},
        link(1.2e9, 1.2e9, kind="wifi"),
        22e12,
        extra=together(EIGHT, 60e6),
    ),
    "bridge_below_its_port": lambda: studios(300e6, {**GIGABIT, "interface": "br0", "driver": "igc"}),
    "paravirtual": lambda: make(
        ["a", "b", "c"], SERVER, 28.3e9, {**TEN, "driver": "vmxnet3", "speed_is_nominal": True}, 5e9, backend="cpu"
    ),
    "two_virtual_one_way": lambda: make(
        ["alpha", "beta"], CONTAINER, {("alpha", "beta"): 131e6, ("beta", "alpha"): 9e9}, VETH, 5e9, backend="cpu"
    ),
    # CPUs let 4.5 Gb/s through, which is near what 5 Gb/s Ethernet carries.
    "near_a_standard_rate": lambda: make(
        ["a", "b"], CONTAINER, {("a", "b"): 4.75e9, ("b", "a"): 4.54e9}, VETH, 5e9, backend="cpu"
    ),
    "nothing_arrives": lambda: make(list("abcd"), M2_ULTRA, {("a", "b"): 0, ("b", "a"): 0, None: 9.3e9}, TEN, 22e12),
    "nothing_arrives_anywhere": lambda: make(list("abc"), CONTAINER, {None: 0}, VETH, 5e9, backend="cpu"),
    "four_that_are_half_full": lambda: make(list("abcd"), M2_ULTRA, 5e9, TEN, 22e12),
    "one_port_negotiates_less": lambda: ported({**dict.fromkeys("abd", TEN), "c": link(1e9, 10e9)}),
    "one_slow_cpu": lambda: busy_core(list("abcd"), "c", 4e9),
    "unknown_ports": lambda: make(["a", "b"], SERVER, 941e6, link(1e9), 5e9, backend="cpu"),
    "one_bad_cable": lambda: make(list("abcd"), M2_ULTRA, bad_cable("abcd", "c"), GIGABIT, 22e12),
    "one_bad_cable_of_eight": lambda: make(EIGHT, M2_ULTRA, bad_cable(EIGHT, "f"), GIGABIT, 22e12),
    "one_bad_cable_of_sixteen": lambda: healthy(SIXTEEN, bad_cable(SIXTEEN, "node07", 940e6, 9.41e9)),
    "path_limits_all": lambda: make(THREE, CONTAINER, 904e6, VETH, 5e9, backend="cpu"),
    "single": lambda: make(["alpha"], M2_ULTRA, flops=22e12),
    "small_products": lambda: make(
        ["alpha"], M2_ULTRA, extra=[gemm("alpha", rate, "gpu", size) for size, rate in ((512, 4e12), (1024, 6e12))]
    ),
    "one_node_slower": lambda: make(["a", "b", "c"], M2_ULTRA, 941e6, GIGABIT, [22e12, 17e12, 22e12]),
    "versions": lambda: make(
        ["a", "b"], M2_ULTRA, 941e6, GIGABIT, 22e12, b={"venv": {"fingerprint": "f", "distributions": {"ray": "2.48.0"}}}
    ),
    "busy": lambda: make(["a", "b"], M2_ULTRA, 941e6, GIGABIT, 22e12, b={"busy_cores": 20.0}),
    # what the provisioning of a minute ago leaves in the load average
    "busy_a_minute_ago": lambda: make(["a", "b"], M2_ULTRA, 941e6, GIGABIT, 22e12, b={"load_average": [40.0, 9, 5]}),
    "poor_scaling": lambda: make(["a", "b"], M2_ULTRA, 941e6, GIGABIT, 22e12, efficiency=0.5),
    "asymmetric": lambda: make(["a", "b"], M2_ULTRA, {("a", "b"): 941e6, ("b", "a"): 780e6}, GIGABIT, 22e12),
    "impossible": lambda: make(["alpha"], M2_ULTRA, flops=500e12),
    "absent": lambda: make(["a", "b"], M2_ULTRA, 941e6, GIGABIT, 22e12, absent=["c"]),
    "wifi": lambda: studios(600e6, link(1.2e9, 1.2e9, kind="wifi")),
    "wrong_link": two_links,
    "route_by_wifi": lambda: route_elsewhere({**link(1.2e9, 1.2e9, kind="wifi"), "interface": "en1"}),
    "route_by_another_port": lambda: route_elsewhere({**GIGABIT, "interface": "en7"}),
    "switch_back_plane": lambda: make(EIGHT, M2_ULTRA, 9.41e9, TEN, 22e12, extra=together(EIGHT, 2.5e9)),
    "throttling_laptop": lambda: make(["laptop"], LAPTOP, flops=13.5e12, extra=[sustained("laptop", 13.5e12, 8e12)]),
    "low_power": lambda: make(["laptop"], LAPTOP, flops=13.5e12, laptop={"power": {"source": "Battery Power", "mode": "low"}}),
    "lossy": lambda: one_way(4e9, retransmits=20000),
    "cpu_bound": lambda: one_way(6e9, cpu=99),
    "one_stream": several_streams,
    "slower_hop": lambda: one_way(7e9),
    "jumbo_lost": lambda: studios(
        9.6e9, JUMBO, extra=[net(("alpha", "beta"), 9.6e9, **{"from": {**JUMBO, "mtu_passes": False}})]
    ),
    "mtu_differs": lambda: studios(9.41e9, TEN, beta={"links": {"default": JUMBO}}),
    "bufferbloat": lambda: studios(9.41e9, TEN, extra=trips(("alpha", "beta"), 200e-6, 40e-3)),
    "slow_memory": lambda: studios(9.41e9, TEN, extra=[memory("alpha", 300e9), memory("beta", 650e9)]),
    "slow_objects": lambda: studios(9.41e9, TEN, extra=[transfer(("alpha", "beta"), 1e9)]),
    "slow_collective": lambda: studios(9.41e9, TEN, extra=[all_reduce(2, 1e9)]),
}


def write_run(folder, plan, raws):
    """Write plan.json and raw/*.json of a run as the playbook leaves them before anything is evaluated."""
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number:02}.json").write_text(json.dumps(raw))
