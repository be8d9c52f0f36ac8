"""A timeout is never less than the sum of what may be waited for within it."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.module_utils.measure import budgets
from ansible_collections.saf.fabric.plugins.module_utils.probes import ray_tasks

PROFILES = ["quick", "standard", "full"]


@pytest.fixture
def profile(root):
    profiles = yaml.safe_load((root / "data" / "bench_profiles.yml").read_text())
    return lambda name: profiles[name]


@pytest.mark.parametrize("name", PROFILES)
def test_a_pair_may_wait_for_its_peer_and_hang_in_every_run(profile, name):
    settings = profile(name)["network"]
    runs = len(settings["streams"]) * len(settings["modes"]) + settings["udp"]
    worst = budgets.PATIENCE_S + budgets.ROUND_TRIPS_S + budgets.WARM_UP_S
    worst += runs * (settings["seconds"] + settings["omit"] + budgets.RUN_SLACK_S)
    assert budgets.network(settings) >= worst


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("nodes", [1, 2, 4, 5, 16])
def test_ray_may_use_each_budget_to_its_end(profile, name, nodes):
    settings, names = profile(name)["ray"], [str(number) for number in range(nodes)]
    case = budgets.RAY["case_budget"] + budgets.RAY["step_limit"]
    pairs = ray_tasks.pairs_of(names, names[0]) if nodes > 1 else []
    assert len(pairs) == (budgets.transfer_pairs(nodes) if nodes > 1 else 0)
    groups = ray_tasks.groups_of(names, names[0], 4 * nodes, all_nodes_only=False)
    worst = (
        nodes * case + case + len(pairs) * len(settings["transfer_bytes"]) * case + case + len(groups) * settings["task_budget"]
    )
    assert budgets.ray(settings, nodes) >= worst


def test_a_slow_network_does_not_lose_the_tasks(profile):
    """Four nodes on 100 Mb/s: twelve pairs took 936 s of 900."""
    assert budgets.ray(profile("standard")["ray"], 4) > 936 + 60


@pytest.mark.parametrize("name", PROFILES)
def test_a_suite_may_use_the_budget_of_each_case(profile, name):
    settings = profile(name)["mlx"]
    sampling = settings["sampling"]
    cases = {
        "gemm": lambda one: len(one["shapes"]) * len(one["dtypes"]) * sampling["budget"],
        "memory": lambda _one: 8 * sampling["budget"],
        "ops": lambda _one: 8 * sampling["budget"],
        "llm": lambda one: (len(one["gpu"]) + len(one["cpu"])) * one["budget"],
        "sustained": lambda one: one["seconds"],
    }
    for suite, worst in cases.items():
        if settings[suite] is not None:
            assert budgets.mlx(suite, settings[suite], sampling) >= worst(settings[suite]) + sampling["rest_seconds"], suite


@pytest.mark.parametrize("name", PROFILES)
def test_collectives_have_time_for_every_node(profile, name):
    settings = profile(name)["collective"]
    assert budgets.collective(settings, 16) >= 16 * settings["seconds"] + budgets.PATIENCE_S


def test_every_benchmark_of_the_role_has_a_time_limit_from_its_plan(root):
    for name in ("compute", "network_round", "ray", "collective"):
        text = (root / "roles" / "bench" / "tasks" / f"{name}.yml").read_text()
        assert "_timeout" in text, name
