#!/usr/bin/env python3
"""Compare the product's figures with the same measured by hand beside it, and print the ratios. Nothing is asserted here.

Each comparison alternates both in one sitting, so that both see the same machine. Links are those between two network namespaces,
shaped with tc (needs root); compute runs in the interpreter given, which needs mlx and mlx-lm.

usage: perf_bench.py [--python VENV_PYTHON] [--seconds N] [--sizes N...] [network] [gemm] [memory] [llm]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.saf.fabric.plugins.module_utils.measure import mlx_suites  # noqa: E402
from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import run_probe  # noqa: E402
from ansible_collections.saf.fabric.plugins.module_utils.probes import evaluation, timing  # noqa: E402
from ansible_collections.saf.fabric.plugins.module_utils.system import hardware  # noqa: E402
from ansible_collections.saf.fabric.plugins.module_utils.system.linux.facts import last_cache_bytes  # noqa: E402

RATES = ("100mbit", "300mbit", "945mbit", "2350mbit", None)
SAMPLING = {
    "min_samples": 20,
    "sample_seconds": 0.1,
    "warmup_calls": 5,
    "warmup_seconds": 1,
    "budget": 60,
    "rest_seconds": 0,
}
# Both ways in one process, sample by sample in turn: between processes this machine's rate moves by more than the difference. Who
# is first, in a turn and with its arrays, changes too: the first of two is not as fast as the second.
TURNS = """
import sys, time
sys.path.insert(0, sys.argv[1])
import mlx.core as mx
import evaluation, gemm, memory, timing
size, ours_first = %(size)d, %(ours_first)d

def ours():
    if %(gemm)d:
        return gemm.mlx_product(size, "float32")[0]
    return next(call for name, _moved, call, _check in memory.mlx_operations(size) if name == "add")

def by_hand():
    shape = (size, size) if %(gemm)d else (size,)
    a, b = mx.random.normal(shape), mx.random.normal(shape)
    mx.eval(a, b)
    step = (lambda: a @ b) if %(gemm)d else (lambda: a + b)
    def loop(count):
        for _ in range(count):
            (mx.async_eval if evaluation.on_gpu() else mx.eval)(step())
        mx.synchronize()
    return loop

work = 2 * size**3 if %(gemm)d else 12 * size
calls = {}
for make in (ours, by_hand) if ours_first else (by_hand, ours):
    calls[make] = make()

def rate(make, count):
    start = time.perf_counter()
    calls[make](count)
    return count * work / (time.perf_counter() - start)

count = timing.calls_per_sample(calls[by_hand], 0.1, work / rate(by_hand, 3))
rate(ours, count), rate(by_hand, count)
for turn in range(10):
    order = (ours, by_hand) if (turn + ours_first) %% 2 else (by_hand, ours)
    rates = {make: rate(make, count) for make in order}
    print(rates[ours], rates[by_hand])
"""
# mlx_lm.benchmark's own loop, over the same synthetic model; the program itself takes models with a tokenizer only.
LLM_BY_HAND = """
import importlib, json, sys, mlx.core as mx
from mlx.utils import tree_map
from mlx_lm import batch_generate
config = json.loads(sys.argv[1])
module = importlib.import_module("mlx_lm.models." + config["model_type"])
model = module.Model(module.ModelArgs.from_dict(config))
model.update(tree_map(lambda array: array.astype(mx.bfloat16), model.parameters()))
mx.eval(model.parameters())
class Tokenizer:
    eos_token_ids = []
    def decode(self, tokens):
        return ""
prompts = mx.random.randint(0, config["vocab_size"], (1, %(prompt)d)).tolist()
batch_generate(model, Tokenizer(), prompts, max_tokens=%(generation)d)
stats = [batch_generate(model, Tokenizer(), prompts, max_tokens=%(generation)d).stats for _ in range(3)]
print(sum(s.prompt_tps for s in stats) / 3, sum(s.generation_tps for s in stats) / 3)
"""


def run(*command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextlib.contextmanager
def pair_of_namespaces():
    """Yield (name of the client's, name of the server's, the server's address) of two namespaces joined by a veth pair."""
    one, other = f"saf-perf-{os.getpid()}a", f"saf-perf-{os.getpid()}b"
    try:
        for name in (one, other):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "veth0", "netns", one, "type", "veth", "peer", "name", "veth0", "netns", other)
        for name, address in ((one, "10.213.0.1/24"), (other, "10.213.0.2/24")):
            run("ip", "-n", name, "addr", "add", address, "dev", "veth0")
            run("ip", "-n", name, "link", "set", "veth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        yield one, other, "10.213.0.2"
    finally:
        for name in (one, other):
            run("ip", "netns", "del", name, check=False)


def shape(namespaces, rate):
    for name in namespaces:
        run("ip", "netns", "exec", name, "tc", "qdisc", "del", "dev", "veth0", "root", check=False)
        if rate:
            tbf = ["tbf", "rate", rate, "burst", "256kb", "latency", "50ms"]
            run("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "veth0", "root", *tbf)


def module(namespace, arguments):
    """Start network_benchmark in a namespace, as Ansible would on a node."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as stream:
        json.dump({"ANSIBLE_MODULE_ARGS": arguments}, stream)
    code = (
        "import sys, runpy;"
        f"sys.path.insert(0, {str(ROOT / 'collections')!r});"
        f"sys.argv = ['m', {stream.name!r}];"
        f"runpy.run_path({str(ROOT / 'library' / 'network_benchmark.py')!r}, run_name='__main__')"
    )
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def goodput_by_module(client, server, address, seconds):
    common = {"nodes": ["a", "b"], "seconds": seconds, "omit": 1, "modes": ["forward"], "round_trips": 100, "timeout": 120}
    serving = module(server, {**common, "node": "b", "clients": [{"peer": "a", "host": "10.213.0.1"}]})
    measuring = module(client, {**common, "node": "a", "targets": [{"peer": "b", "host": address}]})
    out, err = measuring.communicate(timeout=180)
    serving.communicate(timeout=60)
    result = json.loads(out or "{}")
    found = [metric for metric in result.get("measurements", []) if metric["name"] == "net.goodput"]
    if not found:
        raise SystemExit(f"network_benchmark: {result.get('not_measured') or err}")
    return statistics.median(found[0]["samples"])


def goodput_by_hand(client, server, address, seconds):
    serving = subprocess.Popen(
        ["ip", "netns", "exec", server, "iperf3", "--server", "--one-off", "--port", "5999"], stdout=subprocess.DEVNULL
    )
    time.sleep(0.5)
    line = ["iperf3", "--client", address, "--port", "5999", "--time", str(seconds), "--omit", "1", "--json"]
    document = json.loads(run("ip", "netns", "exec", client, *line))
    serving.wait(10)
    return document["end"]["sum_received"]["bits_per_second"]


def network(options):
    """Goodput of the module against a bare iperf3 on the same link in the same minute."""
    with pair_of_namespaces() as (client, server, address):
        for rate in RATES:
            shape((client, server), rate)
            link = (client, server, address, options.seconds)
            ours, hand = (lambda: goodput_by_module(*link)), (lambda: goodput_by_hand(*link))  # noqa: B023 called in this round
            side_by_side(f"goodput, {rate or 'unshaped'}", "bit/s", ours, hand, rounds=3)


def by_probe(options, suite, settings, models=None):
    """Return the probe's measurements of a suite."""
    machine = {
        "cache_bytes": {"cpu": last_cache_bytes(), "gpu": None},
        "memory_bytes": hardware.memory_bytes(),
        "cuda": False,
        "models": models or {},
    }
    ((probe, params),) = mlx_suites.requests(suite, settings, SAMPLING, machine)
    reported = run_probe(options.python, probe, params, 900, mlx_suites.environment(params), helpers=[evaluation, timing])
    return [mlx_suites.as_measurement(suite, document, "here") for document in reported.get("measurement", [])]


def side_by_side(what, unit, ours, hand, rounds=5):
    """Measure both in turn, as often as ``rounds``, and print medians and the median of the ratios: a machine drifts."""
    pairs = [(ours(), hand()) for _ in range(rounds)]
    first, second = (statistics.median(values) for values in zip(*pairs))
    ratios = sorted(one / other for one, other in pairs)
    spread = f"ratio {statistics.median(ratios):6.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}, {rounds} rounds)"
    print(f"{what:38} ours {first:10.4g} {unit:8} by hand {second:10.4g} {unit:8} {spread}", flush=True)


def in_turns(options, what, unit, product, size, processes=4):
    """Print the suite's own loop against a plain one over ten turns in each of some processes."""
    probes = str(ROOT / "module_utils" / "probes")
    turns = []
    for number in range(processes):
        text = run(
            *(options.python, "-c", TURNS % {"gemm": product, "size": size, "ours_first": number % 2}, probes),
            env={**os.environ, **mlx_suites.environment({})},
        )
        turns += [tuple(map(float, line.split())) for line in text.splitlines()]
    left, right = (iter(values) for values in zip(*turns))
    side_by_side(what, unit, left.__next__, right.__next__, len(turns))


def gemm(options):
    for size in options.sizes:
        in_turns(options, f"gemm float32 {size}", "FLOP/s", True, size)


def memory(options):
    in_turns(options, "memory add 128 MiB", "B/s", False, 32 * 2**20)


def llm(options):
    import yaml

    models = yaml.safe_load((ROOT / "data" / "synthetic_models.yml").read_text())
    shape = {"prompt": 32, "generation": 64}
    case = {"model": "SmolLM2-135M", "bits": None, "batch": 1, **shape}
    settings = {"repetitions": 3, "budget": 300, "gpu": [case], "cpu": [case]}

    def ours():
        measured = by_probe(options, "llm", settings, models)
        return {metric["name"]: statistics.mean(metric["samples"]) for metric in measured}

    def hand():
        text = run(options.python, "-c", LLM_BY_HAND % shape, json.dumps(models["SmolLM2-135M"]))
        return [float(word) for word in text.split()]

    rounds = [(ours(), hand()) for _ in range(3)]
    for place, phase in enumerate(("llm.prefill", "llm.decode")):
        left, right = (iter(values) for values in zip(*((one[phase], other[place]) for one, other in rounds)))
        side_by_side(f"{phase}, SmolLM2-135M, p 32 g 64", "token/s", left.__next__, right.__next__, len(rounds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["network", "gemm", "memory", "llm", []], default=[])
    parser.add_argument("--python", default=os.path.expanduser("~/.saf/current/bin/python"))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512], help="of the products; on a GPU name larger ones")
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    for what in options.what or ["network", "gemm", "memory", "llm"]:
        if what == "network" and os.geteuid() != 0:
            print("network: left out, network namespaces need root")
        elif what != "network" and not Path(options.python).exists():
            print(f"{what}: left out, {options.python} does not exist: run `make bench` first, or name --python")
        else:
            {"network": network, "gemm": gemm, "memory": memory, "llm": llm}[what](options)


if __name__ == "__main__":
    main()
