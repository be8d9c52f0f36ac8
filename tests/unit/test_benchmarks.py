"""The benchmark modules where nothing needs to be measured; Molecule runs them for real."""

import sys

import pytest
from ansible.module_utils.saf.probes import gemm

import mlx_benchmark
import ray_benchmark

RAY = {"python": sys.executable, "address": "x:1", "head": "a", "nodes": ["a"]}
PARAMS = {"warmup_calls": 2, "warmup_s": 0, "min_samples": 5, "max_samples": 20, "sample_s": 0.002, "budget_s": 5}


def test_every_product_is_counted():
    calls = []
    document = gemm.measure(calls.append, PARAMS, flop=1000)
    per_sample = document["context"]["products_per_sample"]
    assert PARAMS["min_samples"] <= len(document["samples"]) <= PARAMS["max_samples"]
    assert calls[:3] == [1, 1, 1]  # the first call and the warm-up are no samples
    assert set(calls[1 + document["context"]["warmup_calls"] :]) == {per_sample}


@pytest.mark.parametrize(
    ("module", "args", "names"),
    [
        (mlx_benchmark, {"node": "a", "python": sys.executable}, {"gemm.float32", "gemm.float16"}),
        (
            ray_benchmark,
            {"python": sys.executable, "address": "x:1", "head": "a", "nodes": ["a"]},
            {"ray.task_rtt", "ray.mlx_tasks"},
        ),
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
    result = run_module(mlx_benchmark, {"node": "a", "python": python})
    assert result["measurements"] == []
    assert fragment in result["not_measured"][0]["reason"]


def test_ray_that_is_not_there_is_one_sentence_for_each_metric(run_module):
    args = {"python": sys.executable, "address": "127.0.0.1:1", "head": "a", "nodes": ["a"]}
    result = run_module(ray_benchmark, args)
    assert [item["name"] for item in result["not_measured"]] == ["ray.task_rtt", "ray.mlx_tasks"]
    assert "No module named 'ray'" in result["not_measured"][0]["reason"]


def test_environment_file():
    text = "# comment\nA=1\nB=x=y\n\n"
    assert ray_benchmark.read_environment(text) == {"A": "1", "B": "x=y"}


def test_a_task_to_another_node_is_a_pair():
    document = {"suite": "task_rtt", "params": {"target": "b", "local": False}, "samples": [0.1]}
    assert ray_benchmark.as_measurement(document, "a")["subject"] == ["a", "b"]
    document["params"] = {"target": "a", "local": True}
    assert ray_benchmark.as_measurement(document, "a")["subject"] == ["a"]
