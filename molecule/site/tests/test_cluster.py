"""The cluster as its control store reports it, and the venv on each node."""

import pytest


@pytest.fixture(scope="module")
def told(ray):
    return ray.ask()


def test_every_node_is_alive_and_no_other(told, nodes):
    alive = [node["address"] for node in told["nodes"] if node["alive"]]
    assert sorted(alive) == sorted(node.address for node in nodes.values())


def test_every_node_offers_its_cores_and_mlx(told):
    for node in told["nodes"]:
        assert node["resources"]["CPU"] >= 1
        assert node["resources"]["mlx"] == 1


def test_versions_are_the_pinned_ones(told, stack, head):
    assert told["ray"] == stack["pins"]["ray"]
    assert told["python"] == head.vars["python_version"]


def test_venv_holds_the_pins(node, stack):
    installed = {entry.lower().replace("_", "-") for entry in node.distributions()}
    assert {f"{name}=={version}" for name, version in stack["pins"].items()} <= installed


def test_venvs_are_the_same_on_every_node(nodes):
    first, *others = [node.distributions() for node in nodes.values()]
    assert len(first) > 50
    for other in others:
        assert other == first
