#!/usr/bin/env python3
"""Compare the product's figures with the same measured by hand beside it, and print the ratios. Nothing is asserted here.

Each comparison alternates both in one sitting, so that both see the same machine. Links are those between two network namespaces,
shaped with tc (needs root); compute runs in the interpreter given, which needs mlx and mlx-lm.

usage: perf_bench.py [--python VENV_PYTHON] [--seconds N] [network] [gemm] [memory] [llm]
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

import ansible.module_utils  # noqa: E402

ansible.module_utils.__path__.append(str(ROOT / "module_utils"))

from ansible.module_utils.saf import mlx_suites, node_state  # noqa: E402
from ansible.module_utils.saf.facts_linux import last_cache_bytes  # noqa: E402
from ansible.module_utils.saf.probe import run_probe  # noqa: E402
from ansible.module_utils.saf.probes import timing  # noqa: E402

RATES = ("100mbit", "300mbit", "945mbit", "2350mbit", None)
SAMPLING = {
    "min_samples": 20,
    "sample_seconds": 0.1,
    "warmup_calls": 5,
    "warmup_seconds": 1,
    "budget": 60,
    "rest_seconds": 0,
}
GEMM_BY_HAND = """
import time, mlx.core as mx
a, b = mx.random.normal((%(size)d, %(size)d)), mx.random.normal((%(size)d, %(size)d))
mx.eval(a, b)
for _ in range(5):
    mx.eval(a @ b)
rates = []
for _ in range(20):
    start = time.perf_counter()
    mx.eval(a @ b)
    mx.synchronize()
    rates.append(2 * %(size)d**3 / (time.perf_counter() - start))
print(sorted(rates)[10])
"""
MEMORY_BY_HAND = """
import time, mlx.core as mx
n = %(bytes)d // 4
a, b = mx.random.normal((n,)), mx.random.normal((n,))
mx.eval(a, b)
for _ in range(5):
    mx.eval(a + b)
rates = []
for _ in range(20):
    start = time.perf_counter()
    mx.eval(a + b)
    mx.synchronize()
    rates.append(3 * 4 * n / (time.perf_counter() - start))
print(sorted(rates)[10])
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


def report(what, ours, hand, unit):
    print(f"{what:42} ours {ours:12.4g} {unit:8} by hand {hand:12.4g} {unit:8} ratio {ours / hand:6.3f}", flush=True)


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
        "import sys, runpy, ansible.module_utils;"
        f"ansible.module_utils.__path__.append({str(ROOT / 'module_utils')!r});"
        f"sys.argv = ['m', {stream.name!r}];"
        f"runpy.run_path({str(ROOT / 'library' / 'network_benchmark.py')!r}, run_name='__main__')"
    )
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def goodput_by_module(client, server, address, seconds):
    common = {"nodes": ["a", "b"], "seconds": seconds, "omit": 1, "modes": ["forward"], "round_trips": 100, "timeout": 120}
    serving = module(server, {**common, "node": "b", "clients": ["a"]})
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
            runs = [
                (
                    goodput_by_module(client, server, address, options.seconds),
                    goodput_by_hand(client, server, address, options.seconds),
                )
                for _ in range(2)
            ]
            ours, hand = (statistics.mean(values) for values in zip(*runs))
            report(f"goodput, {rate or 'unshaped'}", ours, hand, "bit/s")


def by_probe(options, suite, settings, models=None):
    """Return the probe's measurements of a suite."""
    machine = {
        "cache_bytes": last_cache_bytes(),
        "memory_bytes": node_state.memory_bytes(),
        "cuda": False,
        "models": models or {},
    }
    ((probe, params),) = mlx_suites.requests(suite, settings, SAMPLING, machine)
    reported = run_probe(options.python, probe, params, 900, helpers=[timing])
    return [mlx_suites.measurement(suite, document, "here") for document in reported.get("measurement", [])]


def side_by_side(ours, hand, rounds=3):
    """Return the medians of both over rounds that alternate, so that both meet the same state of the machine."""
    pairs = [(ours(), hand()) for _ in range(rounds)]
    return tuple(statistics.median(values) for values in zip(*pairs))


def gemm(options):
    for size in (256, 512):

        def ours(size=size):
            (metric,) = (
                item
                for item in by_probe(options, "gemm", {"shapes": [size], "dtypes": ["float32"]})
                if item["params"]["implementation"] == "mlx"
            )
            return statistics.median(metric["samples"])

        def hand(size=size):
            return float(run(options.python, "-c", GEMM_BY_HAND % {"size": size}))

        report(f"gemm float32 {size}", *side_by_side(ours, hand), "FLOP/s")


def memory(options):
    size = 128 * 2**20

    def ours():
        (metric,) = (
            item
            for item in by_probe(options, "memory", {"array_bytes": size})
            if item["name"] == "memory.add" and item["params"]["implementation"] == "mlx"
        )
        return statistics.median(metric["samples"])

    def hand():
        return float(run(options.python, "-c", MEMORY_BY_HAND % {"bytes": size}))

    report("memory add 128 MiB", *side_by_side(ours, hand), "B/s")


def llm(options):
    import yaml

    models = yaml.safe_load((ROOT / "data" / "synthetic_models.yml").read_text())
    shape = {"prompt": 32, "generation": 64}
    case = {"model": "SmolLM2-135M", "bits": None, "batch": 1, **shape}
    settings = {"repetitions": 3, "budget": 300, "gpu": [case], "cpu": [case]}
    both = {}

    def ours():
        both["ours"] = {
            metric["name"]: statistics.mean(metric["samples"]) for metric in by_probe(options, "llm", settings, models)
        }
        return both["ours"]["llm.decode"]

    def hand():
        text = run(options.python, "-c", LLM_BY_HAND % shape, json.dumps(models["SmolLM2-135M"]))
        both["hand"] = [float(word) for word in text.split()]
        return both["hand"][1]

    report("llm decode, SmolLM2-135M, p 32 g 64", *side_by_side(ours, hand, rounds=2), "token/s")
    report("llm prefill, the last round", both["ours"]["llm.prefill"], both["hand"][0], "token/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["network", "gemm", "memory", "llm", []], default=[])
    parser.add_argument("--python", default=os.path.expanduser("~/.saf/current/bin/python"))
    parser.add_argument("--seconds", type=int, default=5)
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
