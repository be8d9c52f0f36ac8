"""What the tests of emulated Macs share.

The files are the stages of the scenario, in the order of their numbers: each works on what the one before has left. The first
three leave a healthy cluster, the last one removes it.
"""

import json

import pytest
import yaml
from tests.support import settings


@pytest.fixture(scope="session")
def wheels():
    """Extra variables: the wheels that really run behind the doubles."""
    return yaml.safe_load((settings.ROOT / "tests" / "fakemac" / "wheels.yml").read_text())


@pytest.fixture
def set_up(nodes):
    """Set a Mac up differently for one test: set_up("alpha", network=False); tests/fakemac/doubles/host.py reads it."""
    done = []

    def change(name, **values):
        done.append((name, values))
        _write(nodes[name], values)

    yield change
    for name, values in done:
        _write(nodes[name], dict.fromkeys(values))


def _write(node, values):
    source = f"import sys; sys.path.insert(0, '/opt/fakemac'); from doubles import host; host.update('settings', {values!r})"
    node.script("/usr/bin/python3.9", json.loads(json.dumps(source)))
