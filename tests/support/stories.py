"""Whole runs as people have them: every metric of a profile, plausible values, noise, and the runs before.

``STORIES`` is what the report's page, its pictures and the browser checks are made of; the parts come from runs.py, whose
``SITUATIONS`` are the small runs that single verdicts are tested on. Nothing here was measured: the values follow what is
published of the chips, and a story's name says what is wrong with it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

from runs import (
    CONTAINER,
    GIGABIT,
    LAPTOP,
    M2_ULTRA,
    PINS,
    SERVER,
    SIXTEEN,
    TEN,
    all_reduce,
    bad_cable,
    decode,
    facts,
    gemm,
    link,
    memory,
    metric,
    net,
    one_way_slow,
    pair_goodput,
    prefill,
    raw,
    ray,
    spread,
    sustained,
    task_trip,
    together,
    transfer,
    trips,
    write_run,
)

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as store

SAMPLES = 20
MEMORY_BEFORE, MEMORY_AFTER = 0.86, 0.79  # fractions that are free
SIZES = {512: 0.27, 1024: 0.64, 2048: 0.91, 4096: 1.0}  # fraction of a GPU's best rate at this size of a product
OPERATIONS = {"copy": 1.01, "scale": 1.0, "add": 1.0, "triad": 1.0}


@dataclass(frozen=True)
class Machine:
    """A kind of node and what it reaches; rates in FLOP/s, B/s and token/s."""

    facts: dict[str, Any]
    float32: float
    memory: float
    decode: float  # of Qwen3-4B in 16 bits on a GPU, of SmolLM2-135M on a CPU
    numpy: float | None = None  # float32 by NumPy, where MLX has no GPU
    sustained: tuple[float, float] | None = None
    power: dict[str, str] | None = None
    busy: float = 0.2
    busiest: tuple[tuple[str, float], ...] = ()

    @property
    def backend(self):
        return "gpu" if self.facts["gpu"]["cores"] else "cpu"


@dataclass(frozen=True)
class Story:
    """A run, and those before it; nodes: the first is the head; goodput: bit/s of each pair, or {pair: bit/s, None: the rest}."""

    nodes: dict[str, Machine]
    goodput: Any = 9.41e9
    port: dict[str, Any] = field(default_factory=lambda: TEN)
    profile: str = "standard"
    efficiency: float = 0.95
    round_trip: tuple[float, float] = (120e-6, 700e-6)  # idle and loaded, in seconds
    lost: tuple[str, ...] = ()  # parts of the plan that never came
    before: tuple[Story, ...] = ()


STUDIO = Machine(
    {**M2_ULTRA, "model": "Mac14,14"},
    float32=22.0e12,
    memory=650e9,
    decode=78.0,
    power={"source": "AC Power", "mode": "normal"},
)
SLOW_STUDIO = replace(STUDIO, float32=6.0e12, busy=0.4)
MACBOOK = Machine(
    {**LAPTOP, "model": "Mac16,5"},
    float32=13.1e12,
    memory=441e9,
    decode=55.0,
    sustained=(13.1e12, 8.2e12),
    power={"source": "AC Power", "mode": "normal"},
    busy=0.9,
)
EPYC = Machine({**SERVER, "chip": "AMD EPYC 7543P"}, float32=41e9, memory=38e9, decode=9.4, numpy=1.86e12)
SMALL = Machine(
    {**CONTAINER, "chip": "AMD EPYC", "virtual": "kvm"}, float32=5.01e9, memory=27e9, decode=2.1, numpy=170e9, busy=0.1
)


def runs_of(story):
    """Return [(plan, raws)] of the story's runs, the oldest first; the last one is what the story is about."""
    told = [*story.before, story]
    return [_run(one, day) for day, one in zip(range(24 - len(told), 24), told)]


def write_story(folder, story):
    """Write a story's runs into a folder as plays leave them, the earlier ones with their run.json; return the last one's."""
    *earlier, last = runs_of(story)
    for plan, raws in earlier:
        run = folder / plan["run_id"]
        write_run(run, plan, raws)
        store.write(run, store.assemble(run))
    run = folder / last[0]["run_id"]
    write_run(run, *last)
    return run


def document(story, data, change=lambda _raws: None):
    """Return the run document of a story with those before it, without files; change: what happens to the last run's raws."""
    *earlier, (plan, raws) = runs_of(story)
    change(raws)
    finished = max(one["finished"] for one in raws)
    before = [run_document.assemble(*one, data, max(part["finished"] for part in one[1])) for one in earlier]
    return run_document.assemble(plan, raws, data, finished, before)


def scaled(factor, of=lambda _metric: True):
    """Return a change of raws that makes the measurements which ``of`` picks ``factor`` times as good."""

    def change(raws):
        for one in (found for document in raws for found in document["measurements"] if of(found)):
            better = factor if one["better"] == "higher" else 1 / factor
            one["samples"] = [sample * better for sample in one["samples"]]

    return change


def _run(story, day):
    nodes, head = list(story.nodes), next(iter(story.nodes))
    chance = random.Random(f"{nodes} {day}")  # noqa: S311 the same noise each time, for comparable pictures
    started = f"2026-11-{day:02}T18:15:00Z"
    plan = {
        "run_id": started.replace("-", "").replace(":", ""),
        "started": started,
        "profile": story.profile,
        "parameters": {},
        "playbook": {"commit": "77a068f" + "0" * 33, "dirty": False},
        "stack": {"name": "studio-2025", "pins": PINS, "python_version": "3.9.23"},
        "nodes": nodes,
        "head": head,
        "absent": [],
        "parts": {part: nodes if part.startswith(("10-", "20-", "90-")) else [head] for part in _parts(story)},
    }
    raws = []
    for part, measured in _parts(story).items():
        if part in story.lost:
            continue
        for node in plan["parts"][part]:
            document = {**raw(node, measured(story, node)), "part": part, "finished": _clock(day, part)}
            if part.startswith(("10-", "90-")):
                document["facts"] = _facts(story, node, after=part.startswith("90-"))
            if part.startswith("30-") and len(nodes) == 1:
                reason = "one node: there is no link to measure"
                document["not_measured"] = [{"name": "net.goodput", "subject": nodes, "reason": reason}]
            for one in document["measurements"]:
                if one["name"] != "gemm.sustained":
                    one["samples"] = _samples(one["samples"][1], chance)
            raws.append(document)
    return plan, raws


def _clock(day, part):
    return f"2026-11-{day:02}T18:{15 + int(part[:2]) // 11:02}:12Z"


def _samples(middle, chance):
    """Return values around one: most within a percent, as of a quiet machine."""
    return [middle * (1 + chance.gauss(0, 0.006)) for _ in range(SAMPLES)]


def _parts(story):
    """Return {part of the plan: function of a story and a node that returns its measurements}."""
    cluster = {"30-network": _network, "31-together": _together, "50-collective": _collective} if len(story.nodes) > 1 else {}
    parts = {"10-facts": _nothing, "20-mlx": _compute, "40-ray": _ray, "90-facts": _nothing, "30-network": _nothing, **cluster}
    if len(story.nodes) < 3:
        parts.pop("31-together", None)
    return dict(sorted(parts.items()))


def _nothing(_story, _node):
    return []


def _facts(story, node, after):
    machine = story.nodes[node]
    changes = {"busy_cores": machine.busy, "power": machine.power}
    described = facts(node, machine.facts, story.port, changes)["facts"]
    described["conditions"].update(
        busiest=[{"command": command, "cpu_percent": percent} for command, percent in machine.busiest],
        memory_available_bytes=round(machine.facts["memory_bytes"] * (MEMORY_AFTER if after else MEMORY_BEFORE)),
        swap_used_bytes=0,
    )
    if after:
        described["conditions"]["load_average"] = [1.4, 2.1, 1.8]
    return described


def _compute(story, node):
    machine = story.nodes[node]
    on_gpu = machine.backend == "gpu"
    products = [
        gemm(node, machine.float32 * part * factor, machine.backend, size, dtype)
        for dtype, factor in (("float32", 1.0), ("float16", 1.03), ("bfloat16", 0.98))
        for size, part in SIZES.items()
        if on_gpu or (dtype == "float32" and size < 2048)
    ]
    streams = [memory(node, machine.memory * factor, name, machine.backend) for name, factor in OPERATIONS.items()]
    if machine.numpy:
        products += [gemm(node, machine.numpy * part, "cpu", size, implementation="numpy") for size, part in SIZES.items()]
        streams += [memory(node, machine.memory * 0.96, name, "cpu", "numpy") for name in OPERATIONS]
    for one in products:
        one["context"]["first_call_s"] = 0.21 if one["params"]["m"] == 512 else 0.02
    heat = machine.sustained or (machine.float32 * 0.99, machine.float32 * 0.985)
    series = [sustained(node, *heat)] if story.profile == "full" and on_gpu else []
    return products + streams + _operations(node, machine) + _models(node, machine) + series


def _operations(node, machine):
    rows = {"rows": 8192, "width": 4096, "dtype": "float16", "backend": machine.backend}
    heads = {"batch": 1, "heads": 16, "length": 1024, "dimension": 128, "dtype": "float16", "backend": machine.backend}
    launch = {"backend": machine.backend}
    return [
        metric("ops.softmax", "node", [node], rows, "B/s", "higher", spread(machine.memory * 0.94)),
        metric("ops.layer_norm", "node", [node], rows, "B/s", "higher", spread(machine.memory * 0.9)),
        metric("ops.attention", "node", [node], heads, "FLOP/s", "higher", spread(machine.float32 * 0.55)),
        metric("ops.launch", "node", [node], launch, "s", "lower", spread(180e-6 if machine.backend == "gpu" else 12e-6)),
    ]


def _models(node, machine):
    if machine.backend == "cpu":
        shape = {"name": "SmolLM2-135M", "backend": "cpu", "parameters": 135e6, "read_bytes": 270e6, "prompt": 32}
        return [prefill(node, machine.decode * 9, **shape), decode(node, machine.decode, **shape)]
    reached = machine.float32 * 0.75 / (2 * 3.63e9)  # token/s of a prompt: products without the embedding
    cases = (
        (None, 8.04e9, 1.0, 1.0),
        (4, 2.26e9, 1.9, 0.94),
    )  # bits, bytes read for each token, decode and prefill against 16 bits
    made = []
    for bits, size, faster, prompt in cases:
        shape = {"bits": bits, "parameters": 4.02e9, "read_bytes": size}
        made += [prefill(node, reached * prompt, **shape), decode(node, machine.decode * faster, **shape)]
    for one in made[::2]:
        one["context"]["prompt_parameters"] = 3.63e9
    return made


def _network(story, _head):
    made = []
    for pair in permutations(story.nodes, 2):
        goodput = pair_goodput(story.goodput, pair)
        both = {"streams": 1, "seconds": 8, "iperf3": "iperf 3.18"}
        made += [net(pair, goodput), net(pair, goodput * 1.0005, streams=4)]
        made += [
            metric("net.goodput_both", "pair", pair, both, "bit/s", "higher", spread(goodput * 0.97)),
            *trips(pair, *story.round_trip),
        ]
    return made


def _together(story, _head):
    sent = {node: max(pair_goodput(story.goodput, (node, to)) for to in story.nodes if to != node) for node in story.nodes}
    return [
        one for node, goodput in sent.items() for one in together(list(story.nodes), 0.97 * goodput) if one["subject"] == [node]
    ]


def _collective(story, _head):
    slowest = min(pair_goodput(story.goodput, pair) for pair in permutations(story.nodes, 2))
    count = len(story.nodes)
    sizes = ((8, 3e-5), (2**16, 0.16), (2**20, 0.62), (2**24, 0.86), (2**27, 0.91))
    return [all_reduce(count, slowest * reached, size) for size, reached in sizes]


def _ray(story, head):
    nodes = list(story.nodes)
    local, remote = 0.9e-3, 0.9e-3 + 2 * story.round_trip[0]
    made = [one for one in ray(nodes, story.efficiency) if one["name"] != "ray.task_rtt"]
    made += [task_trip(head, node, local if node == head else remote) for node in nodes]
    rate = metric("ray.task_rate", "cluster", [], {"tasks": 1000}, "task/s", "higher", spread(2900.0 * len(nodes) ** 0.5))
    made.append(rate)
    for pair in permutations(nodes, 2):
        made += [
            transfer(pair, pair_goodput(story.goodput, pair) * part, size)
            for size, part in ((2**20, 0.18), (2**24, 0.41), (2**27, 0.52))
        ]
    if len(nodes) > 1:
        shape = {"bytes": 2**27, "receivers": len(nodes) - 1}
        made.append(
            metric(
                "ray.broadcast",
                "cluster",
                [],
                shape,
                "bit/s",
                "higher",
                spread(0.5 * pair_goodput(story.goodput, (head, nodes[1]))),
            )
        )
    return made


def named(machine, *names):
    return dict.fromkeys(names, machine)


def slower(story, factor):
    """Return the story with every rate that a machine or a link has multiplied by a factor."""
    nodes = {
        name: replace(machine, float32=machine.float32 * factor, memory=machine.memory * factor, decode=machine.decode * factor)
        for name, machine in story.nodes.items()
    }
    return replace(story, nodes=nodes, goodput=story.goodput * factor)


TWO = Story(named(STUDIO, "alpha", "beta"))
AGAIN = replace(TWO, before=(TWO,) * 7)
LONG = "the-mac-studio-of-the-render-farm-in-the-basement-of-building-7.rack-12.example.internal"
MARKUP = {
    **STUDIO.facts,
    "chip": '<img src=x onerror=alert(1)> & "M2" Ultra',
    "virtual": "</script><script>alert(1)</script>",
    "os": {"name": "macOS' onfocus='alert(1)", "version": "26.1 | `x` | [y](javascript:alert(1))", "kernel": "25.1.0"},
}
HOSTILE = {
    "' onfocus='alert(1)": replace(STUDIO, facts=MARKUP, busy=20.0, busiest=(("<b>x</b>" + 40 * "long", 900.0),)),
    LONG: STUDIO,
    "Büro 2": STUDIO,
}
STORIES = {
    "one_healthy": Story(named(STUDIO, "alpha"), profile="full"),
    "two_healthy": replace(TWO, profile="full"),
    # the owner's: GPUs far below their peak, and 1 Gb/s negotiated by ports that can do 10
    "two_gpu_slow": Story(named(SLOW_STUDIO, "alpha", "beta"), 945e6, link(1e9, 10e9), efficiency=0.9),
    "three_bad_uplink": Story(
        named(STUDIO, "alpha", "beta", "gamma"), one_way_slow(["alpha", "beta", "gamma"], ["gamma"], 137e6, 9.41e9)
    ),
    "two_slower": replace(slower(TWO, 0.85), before=(TWO,) * 7),
    "laptop_throttling": Story(named(MACBOOK, "laptop"), profile="full"),
    "mixed": Story({"studio": STUDIO, "server": EPYC}, 941e6, GIGABIT, efficiency=0.93, round_trip=(210e-6, 1.4e-3)),
    "sixteen_healthy": Story(named(STUDIO, *SIXTEEN)),
    "sixteen_bad_cable": Story(named(STUDIO, *SIXTEEN), bad_cable(SIXTEEN, "node07", 940e6, 9.41e9), profile="full"),
    "cpu_only": Story(named(SMALL, "localhost")),
    "partial": replace(TWO, lost=("40-ray", "50-collective", "90-facts")),
    "hostile_names": Story(HOSTILE),
}
