"""The profiles ask for what the suites take."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.module_utils.measure import mlx_suites

MACHINE = {"cache_bytes": {"cpu": 32 * 2**20, "gpu": None}, "memory_bytes": 64 * 2**30, "cuda": False}


@pytest.fixture
def load(root):
    return lambda name: yaml.safe_load((root / "data" / name).read_text())


@pytest.mark.parametrize("profile", ["quick", "standard", "full"])
def test_every_suite_makes_a_request(load, profile):
    chosen = load("bench_profiles.yml")[profile]["mlx"]
    machine = {**MACHINE, "models": load("synthetic_models.yml")}
    suites = [name for name in chosen if name != "sampling" and chosen[name] is not None]
    assert {"gemm", "memory"} <= set(suites)
    for suite in suites:
        ((probe, params),) = mlx_suites.requests(suite, chosen[suite], chosen["sampling"], machine)
        assert probe.__name__.endswith(suite)
        cases = params.get("cases", {})
        assert all("config" in case for backend in cases.values() for case in backend), "a model that would be fetched"


@pytest.mark.parametrize(("profile", "at_most"), [("quick", 20), ("standard", 90), ("full", 260)])
def test_a_pair_takes_what_the_profile_promises(load, profile, at_most):
    settings = load("bench_profiles.yml")[profile]["network"]
    runs = len(settings["streams"]) * len(settings["modes"]) * (settings["seconds"] + settings["omit"] + 1)
    round_trips = 5
    assert runs + (2 * settings["seconds"] if settings["udp"] else 0) + round_trips <= at_most


def test_profiles_have_the_same_shape(load):
    profiles = load("bench_profiles.yml").values()
    assert len({tuple(profile) for profile in profiles}) == 1
    for part in ("mlx", "network", "ray", "collective"):
        assert len({tuple(sorted(profile[part])) for profile in profiles}) == 1
