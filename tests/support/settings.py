"""The inventory and the variables of the running scenario, as the playbooks see them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def ephemeral():
    """Folder of this Molecule run."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


def results():
    """Folder of the scenario's benchmark runs and of its status.json (molecule/shared/inventory.yml.j2)."""
    return ROOT / ".cache" / "molecule-results" / ephemeral().name


def inventory_path():
    return ephemeral() / "inventory"


def inventory():
    """Return ansible-inventory's answer: groups, and the variables of each host below ``_meta``."""
    command = ["ansible-inventory", "--inventory", str(inventory_path()), "--list"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def settings_of(hostvars):
    """Return the contract's variables as a host has them: literal defaults, then its inventory."""
    defaults = yaml.safe_load((ROOT / "roles/cluster/defaults/main.yml").read_text())
    return {**defaults, **hostvars}


def stack(name):
    return yaml.safe_load((ROOT / "stacks" / name / "stack.yml").read_text())
