"""The machine of the scenario, and its Ray, which is started once for all tests that need it."""

import hashlib
import re

import pytest
from tests.support import settings
from tests.support.machines import Machine


@pytest.fixture(scope="session")
def machine():
    prefix = f"saf-{hashlib.sha256(str(settings.ROOT).encode()).hexdigest()[:6]}-local"
    return Machine(f"{prefix}-machine", "admin", "/home/admin/studio-air-fabric")


@pytest.fixture(scope="session")
def kept(machine):
    """Start Ray with the command that `make bench` has printed, and return what KEEP=1 prints at its end."""
    folder = f"cd {machine.folder} && HOME=/home/admin ANSIBLE_NOCOLOR=1"
    log = (settings.ephemeral() / "make-bench.log").read_text()
    start = re.search(r"(?m)^\s*(\S*ansible-playbook .*start\.yml)\s*$", log).group(1)
    machine.check(f"{folder} {start}")
    yield machine.check(f"{folder} .venv/bin/ansible-playbook playbooks/listeners.yml")
    machine.check(f"{folder} .venv/bin/ansible-playbook playbooks/stop.yml")
