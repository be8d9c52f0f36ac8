#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: everything that can be wrong with a node, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_checks
short_description: Check a node before anything is changed on it
version_added: "0.1.0"
description:
  - Looks at platform, memory, disk, limits, addresses, ports, foreign Rays and interpreters and returns what is wrong. Finding
    problems is a result, not a failure; role preflight collects those of all nodes in one table.
  - An action plugin of the same name brackets the call with the controller's clock, so that skew is certain.
attributes:
  check_mode:
    support: full
    description: Read-only.
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  venv_root:
    description: Folder that the installation will live in.
    type: path
    required: true
  address:
    description: Address by which the cluster reaches the node.
    type: str
    required: true
  temp_dir:
    description: Ray's temporary directory.
    type: path
    required: true
  ports:
    description: Ports that Ray will use on this node, variable name to port.
    type: dict
    required: true
  service_manager:
    description: What keeps Ray running.
    type: str
    required: true
  platforms:
    description: Platforms for which the stack has wheels.
    type: list
    elements: dict
    required: true
  without_mlx:
    description: Platforms that may join without MLX.
    type: list
    elements: dict
    default: []
  memory_bytes:
    description: Least installed memory.
    type: int
    required: true
  disk_bytes:
    description: Least free space at O(venv_root), less a gibibyte for a venv that is there.
    type: int
    required: true
  open_files:
    description: Open files that the service asks for; 0 leaves it unchecked.
    type: int
    default: 0
  python_version:
    description: Exact Python version wanted.
    type: str
    required: true
  python_candidates:
    description: Interpreters to try first.
    type: list
    elements: str
    default: []
  python_provider:
    description: Where the interpreter comes from.
    type: str
    required: true
  pinned_versions:
    description: Python versions with a pinned build for this platform from O(python_provider), where that is V(uv) or V(conda).
    type: list
    elements: str
    default: []
  conda:
    description: Program for V(conda), by path or name; the usual names are tried when it is empty.
    type: str
    default: ""
  minimums:
    description: Oldest C(systemd) and least C(shared_memory_bytes); what is left out is not checked.
    type: dict
    default: {}
  user:
    description: Account that runs interpreters where the module runs as root; nobody before it exists.
    type: str
    default: saf
  homebrew:
    description: What preflight.homebrew_problems compares with, where O(python_provider) is V(homebrew).
    type: dict
    default: {}
  clock_tolerance:
    description: Seconds that the node's clock may differ from the controller's.
    type: float
    default: 5
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Check the node
  saf.fabric.node_checks:
    venv_root: /opt/saf
    address: 192.168.1.172
    temp_dir: /opt/saf/ray/tmp
    ports: {ray_port: 6380}
    service_manager: auto
    platforms: [{system: Linux, machine: x86_64, glibc: "2.35"}]
    memory_bytes: 4294967296
    disk_bytes: 6442450944
    python_version: 3.9.23
    python_provider: auto
  register: checks
"""

RETURN = r"""
problems:
  description: What is wrong.
  type: list
  elements: dict
  returned: always
  contains:
    check: &text {description: Text of the row's column., type: str, returned: always}
    wanted: *text
    found: *text
    fix: *text
  sample:
    - {check: disk, wanted: 6.0 GiB free, found: 1.2 GiB at /opt, fix: Free space at /opt}
time:
  description: The node's clock, seconds since the epoch.
  type: float
  returned: always
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import interpreters, node_state, preflight, surroundings


def sudo_is_free(run):
    """Return whether the login account needs no password for sudo; True where that cannot be asked.

    We may be root by now: sudo leaves the name of the account that it was called by.
    """
    login = os.environ.get("SUDO_USER")
    if os.geteuid() == 0 and not login:
        return True
    line = ["sudo", "-n", "true"]
    return run(["sudo", "-n", "-u", login, *line] if os.geteuid() == 0 else line)[0] == 0


def homebrew_problems(observed, wanted, run):
    """Return what keeps Homebrew from bringing Python; sudo is asked where Homebrew itself has to come by its installer."""
    state = observed["homebrew"]
    by_script = state is not None and state["owner"] is None and wanted.get("way") == "script"
    return preflight.homebrew_problems(observed, {**wanted, "sudo": not by_script or sudo_is_free(run)})


def find_python(params):
    """Return ``(found, chosen)`` for the interpreter that is wanted."""
    user = interpreters.runner(params["user"])
    found = []
    for path in interpreters.places(params["python_version"], params["python_candidates"], params["venv_root"]):
        answer = interpreters.ask(path, user)
        if answer:
            found.append({"path": path, **answer})
    return found, interpreters.choose(found, params["python_version"], node_state.machine())


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "address": {"type": "str", "required": True},
            "temp_dir": {"type": "path", "required": True},
            "ports": {"type": "dict", "required": True},
            "service_manager": {"type": "str", "required": True},
            "platforms": {"type": "list", "elements": "dict", "required": True},
            "without_mlx": {"type": "list", "elements": "dict", "default": []},
            "memory_bytes": {"type": "int", "required": True},
            "disk_bytes": {"type": "int", "required": True},
            "open_files": {"type": "int", "default": 0},
            "python_version": {"type": "str", "required": True},
            "python_candidates": {"type": "list", "elements": "str", "default": []},
            "python_provider": {"type": "str", "required": True},
            "pinned_versions": {"type": "list", "elements": "str", "default": []},
            "conda": {"type": "str", "default": ""},
            "homebrew": {"type": "dict", "default": {}},
            "minimums": {"type": "dict", "default": {}},
            "user": {"type": "str", "default": "saf"},
            "clock_tolerance": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    now = time.time()
    observed = node_state.observe(params["venv_root"], params["homebrew"].get("formula", ""))
    conda = params["conda"] if params["python_provider"] == "conda" else None
    observed.update(surroundings.observe(observed["service_managers"], conda))
    built = os.path.isdir(os.path.join(params["venv_root"], "venvs"))
    wanted = {
        "memory_bytes": params["memory_bytes"],
        "disk_bytes": params["disk_bytes"] - (preflight.GIB if built else 0),
        "open_files": params["open_files"] if "systemd" in observed["service_managers"] else 0,
    }
    found, chosen = find_python(params)
    ports = {name: int(port) for name, port in params["ports"].items()}
    problems = [
        *preflight.platform_problems(observed, params["platforms"], params["without_mlx"]),
        *preflight.capacity_problems(observed, wanted),
        *preflight.address_problems(observed, params["address"]),
        *preflight.path_problems(observed["system"], params["temp_dir"]),
        *preflight.service_manager_problems(observed, params["service_manager"]),
        *preflight.system_problems(observed, params["service_manager"], params["minimums"]),
        *preflight.foreign_ray_problems(observed["processes"], params["venv_root"]),
        *preflight.port_problems(observed["listeners"], observed["processes"], ports, params["venv_root"]),
        *(homebrew_problems(observed, params["homebrew"], module.run_command) if params["python_provider"] == "homebrew" else []),
        *preflight.python_problems(found, chosen, params["python_version"], params["python_provider"]),
        *preflight.provider_problems(observed, params["python_provider"], params["python_version"], params["pinned_versions"]),
    ]
    module.exit_json(changed=False, problems=problems, time=now)


if __name__ == "__main__":
    main()
