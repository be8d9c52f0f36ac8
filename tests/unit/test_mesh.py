"""Schedules over the pairs of a cluster."""

from itertools import combinations

import benchmark as benchmark_filters
import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils import mesh

LINKS = {
    "a": {"default": "10.0.0.1", "thunderbolt": "10.9.0.1"},
    "b": {"default": "10.0.0.2", "thunderbolt": "10.9.0.2"},
}


@pytest.mark.parametrize("count", range(17))
def test_every_pair_meets_once_and_no_node_twice_in_a_round(count):
    nodes = [f"n{number:02}" for number in range(count)]
    schedule = mesh.rounds(nodes)
    met = [tuple(sorted(pair)) for pairs in schedule for pair in pairs]
    assert sorted(met) == sorted(combinations(nodes, 2))
    assert all(len({node for pair in pairs for node in pair}) == 2 * len(pairs) for pairs in schedule)
    if count > 1:
        assert len(schedule) == (count - 1 if count % 2 == 0 else count)


def test_links_are_measured_where_both_ends_have_them():
    assert mesh.measurements(mesh.rounds(["a", "b"]), LINKS) == [
        [{"from": "a", "to": "b", "link": "default", "host": "10.0.0.2", "back": "10.0.0.1"}],
        [{"from": "a", "to": "b", "link": "thunderbolt", "host": "10.9.0.2", "back": "10.9.0.1"}],
    ]
    fewer = {**LINKS, "b": {"default": "10.0.0.2"}}
    assert mesh.measurements(mesh.rounds(["a", "b"]), fewer) == [
        [{"from": "a", "to": "b", "link": "default", "host": "10.0.0.2", "back": "10.0.0.1"}]
    ]


def test_both_ends_know_their_part_of_a_round():
    (pairs,) = mesh.measurements(mesh.rounds(["a", "b"]), {name: {"default": name} for name in "ab"})
    assert mesh.node_role(pairs, "a") == {"targets": [{"peer": "b", "host": "b", "link": "default"}], "clients": []}
    assert mesh.node_role(pairs, "b") == {
        "targets": [],
        "clients": [{"peer": "a", "host": "a", "link": "default", "own": "b"}],
    }
    assert mesh.node_role(pairs, "c") == {"targets": [], "clients": []}


def test_all_pairs_are_in_both_directions():
    pairs = mesh.all_pairs({name: {"default": f"10.0.0.{name}"} for name in "123"})
    assert len(pairs) == 6
    assert [client["peer"] for client in mesh.node_role(pairs, "1")["clients"]] == ["2", "3"]


def test_the_plan_names_every_raw_file():
    nodes = ["a", "b", "c"]
    rounds = mesh.measurements(mesh.rounds(nodes), {name: {"default": name} for name in nodes})
    everything = ["gemm", "network", "ray", "collective"]
    parts = benchmark_filters.bench_parts(nodes, everything, rounds, "a")
    network = ["30-network-01", "30-network-02", "30-network-03", "31-together"]
    assert list(parts) == ["10-facts", "20-gemm", *network, "40-ray", "50-collective", "90-facts"]
    assert parts["40-ray"] == ["a"]
    assert all(len(parts[f"30-network-0{number}"]) == 2 for number in (1, 2, 3))
    assert "31-together" not in benchmark_filters.bench_parts(["a", "b"], everything, [], "a")
    assert benchmark_filters.bench_parts(nodes, everything, rounds[:1], "a", ["a", "b"])["30-network"] == ["c"]
    assert benchmark_filters.bench_parts(nodes, everything, [], "a", ["a"])["30-network"] == nodes
    assert list(benchmark_filters.bench_parts(nodes, ["gemm"], rounds, "a")) == ["10-facts", "20-gemm", "90-facts"]


def test_a_section_or_suite_that_is_null_is_left_out():
    assert benchmark_filters.bench_suites({"gemm": {}, "ops": None}, ["gemm", "ops", "llm"]) == ["gemm"]
    assert benchmark_filters.bench_suites(None, ["gemm"]) == []
    assert benchmark_filters.bench_suites({"sampling": {}, "gemm": {}, "ops": None, "llm": {}}) == ["gemm", "llm"]


@pytest.mark.parametrize(
    ("size", "products", "cpu"),
    [(0, 0, {"size": 512, "products": 8}), (64, 0, {"size": 64, "products": 8}), (0, 1, {"size": 512, "products": 1})],
)
def test_the_size_of_a_task_can_be_set_for_every_back_end(size, products, cpu):
    shapes = {"gpu": {"size": 4096, "products": 16}, "cpu": {"size": 512, "products": 8}}
    assert benchmark_filters.task_shapes(shapes, size, products)["cpu"] == cpu


def test_who_has_iperf3_is_known_before_the_rounds():
    hostvars = {"a": {"__bench_iperf3": {"rc": 0}}, "b": {"__bench_iperf3": {"rc": 127}}, "c": {}}
    assert benchmark_filters.with_iperf3(["a", "b", "c"], hostvars) == ["a"]
