"""The benchmark modules where nothing needs to be measured; Molecule runs them for real."""

import ast
import inspect
import math
import socket
import sys
import time
from types import SimpleNamespace

import pytest
import yaml

import collective_benchmark
import mlx_benchmark
import ray_benchmark
from ansible_collections.saf.fabric.plugins.module_utils.measure import mlx_suites
from ansible_collections.saf.fabric.plugins.module_utils.probes import llm, ray_tasks, timing
from ansible_collections.saf.fabric.plugins.module_utils.system import environment

RAY = {"python": sys.executable, "address": "127.0.0.1:1", "head": "a", "nodes": ["a", "b"]}
COLLECTIVE = {"python": sys.executable, "node": "a", "nodes": ["a", "b"], "addresses": ["127.0.0.1", "127.0.0.1"]}
GEMM = {"shapes": [64], "dtypes": ["float32"]}
PARAMS = {"warmup_calls": 2, "warmup_s": 0, "min_samples": 5, "max_samples": 20, "sample_s": 0.002, "budget_s": 5}
MACHINE = {"cache_bytes": {"cpu": 32 * 2**20, "gpu": None}, "memory_bytes": 64 * 2**30, "cuda": False, "models": {}}
SAMPLING = {
    "min_samples": 8,
    "sample_seconds": 0.1,
    "warmup_calls": 3,
    "warmup_seconds": 0.5,
    "budget": 10,
    "rest_seconds": 0,
}


def test_every_call_is_counted():
    calls = []

    def call(count):
        calls.append(count)
        time.sleep(0.0005 * count)

    document = timing.measure(call, PARAMS, work=1000)
    per_sample, samples = document["context"]["calls_per_sample"], document["samples"]
    assert PARAMS["min_samples"] <= len(samples) <= PARAMS["max_samples"]
    assert calls[:3] == [1, 1, 1]  # the first call and the warm-up are no samples
    assert calls[-len(samples) :] == [per_sample] * len(samples)
    assert all(0 < rate <= 1000 / 0.0005 for rate in samples)


@pytest.mark.parametrize(
    ("alone", "among_others", "least"),
    [
        (0.002, 0.002, 1),
        (0.01, 0.0005, 8),  # a GPU that is waited for after each call looks twenty times as slow
    ],
)
def test_a_sample_is_long_enough_whatever_a_call_takes_alone(monkeypatch, alone, among_others, least):
    clock = [0.0]  # not the machine's, which may be busy
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def call(count):
        clock[0] += among_others * count

    assert timing.calls_per_sample(call, 0.006, alone) >= least


def test_a_call_that_takes_no_time_ends_the_search():
    assert timing.calls_per_sample(lambda _count: None, 0.1, 1e-9) > 1e6


def test_a_call_that_turns_out_too_long_is_given_up():
    with pytest.raises(timing.TooLong, match=r"the budget is 0\.1 s"):
        timing.measure(lambda count: time.sleep(0.05), {**PARAMS, "budget_s": 0.1}, work=1)


def test_without_a_warm_up_one_call_is_made_all_the_same():
    first, calls, each = timing.warm_up(lambda count: None, {**PARAMS, "warmup_calls": 0, "warmup_s": 0})
    assert (calls, first >= 0, each > 0) == (1, True, True)


@pytest.mark.parametrize(("error", "right"), [(0.0, True), (1e-4, True), (2e-4, False), (math.nan, False), (math.inf, False)])
def test_an_error_that_is_no_number_is_wrong(error, right):
    assert timing.is_correct(error, 1e-4) is right


@pytest.mark.parametrize(("model", "whole", "times"), [("Qwen3-4B", 4.02e9, 1.11), ("Llama-3.1-8B", 8.03e9, 1.15)])
def test_a_prompt_is_not_multiplied_with_embeddings(root, model, whole, times):
    config = yaml.safe_load((root / "data" / "synthetic_models.yml").read_text())[model]
    assert whole / (whole - llm.embedding_parameters(config)) == pytest.approx(times, abs=0.01)


def test_a_latency_is_one_call():
    calls = []
    document = timing.latency(calls.append, PARAMS)
    assert set(calls) == {1}
    assert len(document["samples"]) == 5 * PARAMS["min_samples"]


@pytest.mark.parametrize(("seconds", "told"), [(0.1, False), (0.714, False), (0.72, True)])
def test_what_would_take_too_long_is_said(seconds, told):
    assert bool(timing.too_long(seconds, PARAMS)) is told  # seven calls within five seconds


@pytest.mark.parametrize(
    ("cache", "memory", "size", "flags"),
    [
        (32 * 2**20, 64 * 2**30, 128 * 2**20, []),
        (1 * 2**20, 64 * 2**30, 64 * 2**20, []),  # never less than 64 MiB
        (96 * 2**20, 192 * 2**30, 384 * 2**20, []),
        (None, 192 * 2**30, 400 * 2**20, []),  # a Mac does not tell
        (32 * 2**20, 1 * 2**30, 64 * 2**20, ["small_arrays"]),
    ],
)
def test_arrays_are_several_caches(cache, memory, size, flags):
    assert mlx_suites.array_bytes(cache, memory) == {"bytes": size, "flags": flags}


def test_a_gpu_has_a_cache_of_its_own():
    machine = {**MACHINE, "cache_bytes": {"cpu": 300 * 2**20, "gpu": 50 * 2**20}}
    ((_probe, params),) = mlx_suites.requests("memory", {"array_bytes": None}, SAMPLING, machine)
    assert params["arrays"]["gpu"] == {"bytes": 200 * 2**20, "flags": []}
    assert params["arrays"]["cpu"]["flags"] == ["small_arrays"]


def test_an_array_size_of_ones_own_is_flagged_where_it_is_small():
    assert mlx_suites.array_bytes(32 * 2**20, 64 * 2**30, 2**20) == {"bytes": 2**20, "flags": ["small_arrays"]}


def test_tf32_is_a_row_of_its_own_on_cuda_alone():
    assert len(mlx_suites.requests("gemm", GEMM, SAMPLING, MACHINE)) == 1
    (_, plain), (_, tf32) = mlx_suites.requests("gemm", GEMM, SAMPLING, {**MACHINE, "cuda": True})
    assert (plain["tf32"], tf32["tf32"]) == (False, True)


def test_a_gpu_that_was_not_sampled_gives_no_measurement():
    found = mlx_suites.gpu_measurements("alpha", "gemm", [0.8, 0.79], [])
    assert [(item["name"], item["unit"]) for item in found] == [("gpu.utilisation", "1")]


def test_a_model_that_is_not_in_the_data_is_a_path():
    settings = {
        "repetitions": 3,
        "budget": 9,
        "gpu": [{"model": "/models/mine", "bits": None, "prompt": 8, "generation": 8, "batch": 1}],
    }
    ((_probe, params),) = mlx_suites.requests("llm", settings, SAMPLING, MACHINE)
    assert params["cases"]["gpu"][0]["path"] == "/models/mine"
    assert params["cases"]["cpu"] == []


@pytest.mark.parametrize(
    ("module", "args", "names"),
    [
        (mlx_benchmark, {"node": "a", "python": sys.executable, "settings": GEMM}, {"gemm"}),
        (mlx_benchmark, {"node": "a", "python": sys.executable, "suite": "llm"}, {"llm"}),
        (ray_benchmark, RAY, {"ray.task_rtt", "ray.task_rate", "ray.transfer", "ray.broadcast", "ray.mlx_tasks"}),
        (collective_benchmark, COLLECTIVE, {"collective"}),
    ],
)
def test_check_mode_measures_nothing_and_says_so(run_module, module, args, names):
    result = run_module(module, args, check=True)
    assert result["measurements"] == []
    assert {item["name"] for item in result["not_measured"]} == names
    assert all("check mode" in item["reason"] for item in result["not_measured"])


@pytest.mark.parametrize(
    ("python", "fragment"), [("/nowhere/python", "cannot be run"), (sys.executable, "No module named 'mlx'")]
)
def test_mlx_that_is_not_there_is_one_sentence(run_module, python, fragment):
    result = run_module(mlx_benchmark, {"node": "a", "python": python, "settings": GEMM, "sampling": {}})
    assert result["measurements"] == []
    assert fragment in result["not_measured"][0]["reason"]


def test_settings_that_are_missing_are_named(run_module):
    result = run_module(mlx_benchmark, {"node": "a", "python": sys.executable, "suite": "gemm", "sampling": {}})
    assert result["failed"]
    assert "lack 'shapes'" in result["msg"]


def test_unreachable_ray_gives_one_reason_per_metric(run_module):
    result = run_module(ray_benchmark, RAY)
    assert [item["name"] for item in result["not_measured"]] == [f"ray.{suite}" for suite in ray_benchmark.SUITES]
    assert "No module named 'ray'" in result["not_measured"][0]["reason"]


def test_a_cluster_that_was_not_provisioned_is_one_sentence(run_module):
    result = run_module(ray_benchmark, {**RAY, "environment_file": "/nowhere/ray.env"})
    assert "No such file or directory: '/nowhere/ray.env'" in result["not_measured"][0]["reason"]


def test_one_node_alone_is_a_reason_for_ray_transfers(run_module):
    result = run_module(ray_benchmark, {**RAY, "nodes": ["a"]})
    reasons = {item["name"]: item["reason"] for item in result["not_measured"]}
    assert reasons["ray.transfer"] == "needs at least two nodes"
    assert reasons["ray.broadcast"] == reasons["ray.transfer"]
    assert "No module named 'ray'" in reasons["ray.task_rtt"]


def test_environment_file():
    text = "# comment\nA=1\nB=x=y\n\n"
    assert environment.parse(text) == {"A": "1", "B": "x=y"}


@pytest.mark.parametrize(
    ("document", "scope", "subject", "unit"),
    [
        ({"suite": "task_rtt", "params": {"target": "b", "local": False}}, "pair", ["a", "b"], "s"),
        ({"suite": "task_rtt", "params": {"target": "a", "local": True}}, "node", ["a"], "s"),
        ({"suite": "transfer", "params": {"bytes": 1}, "subject": ["b", "a"]}, "pair", ["b", "a"], "bit/s"),
        ({"suite": "broadcast", "params": {"bytes": 1}}, "cluster", [], "bit/s"),
        ({"suite": "task_rate", "params": {"tasks": 1}}, "cluster", [], "task/s"),
    ],
)
def test_whose_figure_it_is(document, scope, subject, unit):
    found = ray_benchmark.as_measurement({**document, "samples": [0.1]}, "a")
    assert (found["scope"], found["subject"], found["unit"]) == (scope, subject, unit)


@pytest.mark.parametrize(
    ("spans", "length"),
    [([(0, 1)], 1), ([(0, 1), (2, 3)], 2), ([(0, 2), (1, 3)], 3), ([(0, 3), (1, 2)], 3), ([(1, 2), (0, 1)], 2)],
)
def test_busy_time_counts_overlaps_once(spans, length):
    assert ray_tasks.covered(spans) == pytest.approx(length)


@pytest.mark.parametrize(
    ("nodes", "groups"),
    [
        (["a"], [(["a"], 4)]),
        (["b", "a"], [(["a"], 4), (["a"], 8), (["a", "b"], 8)]),
        (
            list("abcde"),
            [
                *[(["a"], 4), (["a", "b"], 8), (list("abcd"), 16)],  # weak: four for each node
                *[(["a"], 20), (["a", "b"], 20), (list("abcd"), 20), (list("abcde"), 20)],  # strong: all of them
            ],
        ),
        (["b", "c"], [(["b"], 4), (["b"], 8), (["b", "c"], 8)]),  # a head without MLX is not among them
    ],
)
def test_task_sets_grow_from_the_head(nodes, groups):
    assert ray_tasks.groups_of(nodes, "a", 4 * len(nodes), all_nodes_only=False) == groups


def test_a_smoke_test_is_one_set_on_all_nodes():
    assert ray_tasks.groups_of(list("abc"), "a", 4, all_nodes_only=True) == [(list("abc"), 4)]


def test_large_clusters_send_to_and_from_the_head():
    assert len(ray_tasks.pairs_of(list("abcd"), "a")) == 12
    pairs = ray_tasks.pairs_of(list("abcde"), "a")
    assert len(pairs) == 8
    assert all("a" in pair for pair in pairs)


def test_a_rank_that_is_alone_ends_in_time(run_module):
    result = run_module(collective_benchmark, {**COLLECTIVE, "timeout": 20})
    assert result["measurements"] == []
    assert result["not_measured"][0]["reason"].startswith("rank 0: ")


@pytest.mark.parametrize(("sizes", "chosen"), [([2**20, 2**24, 2**30], 2**24), ([2**30, 2**29], 2**29), ([2**28], 2**28)])
def test_a_broadcast_has_a_size_whatever_the_sizes(sizes, chosen):
    assert ray_tasks.broadcast_size(sizes) == chosen


def test_no_remote_function_is_made_within_what_is_timed():
    """Ray exports each new one to the GCS: what runs the sets takes it as an argument."""
    (function,) = [one for one in ast.parse(inspect.getsource(ray_tasks)).body if getattr(one, "name", "") == "run_tasks"]
    assert not [one for one in ast.walk(function) if isinstance(one, ast.FunctionDef) and one is not function]


def test_a_port_of_collectives_in_use_is_named(run_module):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        addresses = {"node": "a", "nodes": ["a", "b"], "addresses": ["127.0.0.1", "127.0.0.2"], "port": port, "python": "python3"}
        (skipped,) = run_module(collective_benchmark, addresses)["not_measured"]
    assert skipped["reason"] == f"rank 0: port {port} is in use by another program: free it or set bench_collective_port."


def test_an_unknown_suite_is_an_error_that_lists_the_suites(run_module):
    answer = run_module(mlx_benchmark, {"node": "alpha", "python": "/usr/bin/python3", "suite": "gem"})
    assert answer["failed"]
    assert answer["msg"] == "gem is not a suite: set suite to one of gemm, memory, ops, llm, sustained."
