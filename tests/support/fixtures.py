"""Fixtures of the scenario tests; molecule/conftest.py takes them all."""

from __future__ import annotations

import json

import pytest

from tests.support import playbooks, settings
from tests.support.nodes import Node
from tests.support.raycluster import RayCluster


@pytest.fixture(scope="session")
def inventory():
    """The scenario's inventory as ansible-inventory prints it."""
    return settings.inventory()


@pytest.fixture(scope="session")
def nodes(inventory):
    """{name: Node} of the whole cluster."""
    names = [name for group in ("head", "workers") for name in inventory.get(group, {}).get("hosts", [])]
    return {name: Node(name, inventory["_meta"]["hostvars"][name]) for name in names}


@pytest.fixture(scope="session")
def head(inventory, nodes):
    return nodes[inventory["head"]["hosts"][0]]


@pytest.fixture(scope="session")
def ray(head):
    """The running Ray cluster."""
    return RayCluster(head)


@pytest.fixture(scope="session")
def stack(head):
    """The stack that the nodes are provisioned with."""
    return settings.stack(head.vars["stack"])


@pytest.fixture(scope="session")
def root():
    """Folder of the repository."""
    return settings.ROOT


@pytest.fixture(scope="session")
def saf_playbook():
    """Run a playbook with the scenario's inventory: saf_playbook("site.yml", {"extra": 1}, inventories=[..])."""
    return playbooks.run


@pytest.fixture(scope="session")
def newest_run():
    """Return the newest benchmark's document and its folder."""

    def read():
        folder = (settings.results() / "latest").resolve()
        return json.loads((folder / "run.json").read_text()), folder

    return read


def pytest_generate_tests(metafunc):
    """A test that takes ``node`` runs once for each node of the cluster."""
    if "node" in metafunc.fixturenames:
        groups = settings.inventory()
        names = [name for group in ("head", "workers") for name in groups.get(group, {}).get("hosts", [])]
        metafunc.parametrize("node", names, indirect=True)


@pytest.fixture
def node(request, nodes):
    return nodes[request.param]
