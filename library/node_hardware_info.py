#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the hardware, the links and the condition of a node, for the report."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_hardware_info
short_description: Describe a node and its links
version_added: "0.1.0"
description:
  - Reads chip, cores, memory, operating system, venv, conditions and, for each link, interface, negotiated and capable
    speed and MTU. Values that the system does not report are null. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  node:
    description: Name of the node in the results.
    type: str
    required: true
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
  links:
    description: Named addresses of this node.
    type: dict
    default: {}
  user:
    description: Account that runs the venv's interpreter where the module runs as root.
    type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Describe the node
  saf.fabric.node_hardware_info:
    node: alpha
    venv_root: /opt/saf
    links: {default: 192.168.1.172, thunderbolt: 10.10.0.1}
    user: saf
  register: node
"""

RETURN = r"""
facts:
  description: The node; sizes in bytes, speeds in bit/s.
  type: dict
  returned: always
  contains:
    system: {description: Linux or Darwin., type: str, returned: always}
    machine: {description: Architecture., type: str, returned: always}
    chip: {description: Name of the processor., type: str, returned: when known}
    model: {description: Model of the machine., type: str, returned: when known}
    virtual: {description: What it is virtualized by., type: str, returned: when known}
    memory_bytes: {description: Memory., type: int, returned: when known}
    gpu: {description: What MLX computes on., type: dict, returned: always}
    cpu: {description: Model and cores., type: dict, returned: always}
    os: {description: Name and versions., type: dict, returned: always}
    python: {description: Version and path., type: dict, returned: always}
    venv: {description: The venv in use., type: dict, returned: when there is one}
    links: {description: The interface of each link., type: dict, returned: always}
    conditions:
      description: What changes from minute to minute.
      type: dict
      returned: always
      contains:
        load_average: {description: Of 1; 5 and 15 minutes., type: list, elements: float, returned: when known}
        power: {description: Power mode and source., type: dict, returned: when known}
        busiest: {description: The busiest processes., type: list, elements: dict, returned: when known}
not_measured:
  description: What could not be found out about its links, with the reason.
  type: list
  elements: dict
  returned: always
"""

import os
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.system import (
    account,
    busiest,
    current,
    hardware,
    interfaces,
)
from ansible_collections.saf.fabric.plugins.module_utils.system.numbers import whole


def gpu_working_set(python, user=None):
    """Return the bytes that Metal recommends as the most for a working set, None without MLX or a device.

    In a child, as ``user`` when we are root: MLX ends its process where it finds no device, and the interpreter
    need not be root's.
    """
    question = "import mlx.core as mx; print(mx.metal.device_info()['max_recommended_working_set_size'])"
    try:
        answer = subprocess.run(
            [python, "-c", question],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=60,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"},
            **account.popen_arguments(user),
        ).stdout.strip()
    except (OSError, KeyError, ValueError, subprocess.SubprocessError):
        return None
    return whole(answer)


def venv_facts(root):
    current = os.path.join(root, "current")
    marker = venv.read_marker(current)
    if not marker:
        return None
    return {
        "path": os.path.realpath(current),
        **{key: marker[key] for key in ("digest", "fingerprint", "distributions") if key in marker},
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "venv_root": {"type": "path", "required": True},
            "links": {"type": "dict", "default": {}},
            "user": {"type": "str"},
        },
        supports_check_mode=True,
    )
    marker = venv.read_marker(os.path.join(module.params["venv_root"], "current"))
    facts = {
        "system": current.system.NAME,
        "machine": hardware.architecture(),
        **current.system.describe(),
        "memory_bytes": hardware.memory_bytes(),
        "python": {"version": marker.get("python_version"), "path": marker.get("python")},
        "venv": venv_facts(module.params["venv_root"]),
        "links": {
            name: {"address": address, **interfaces.interface_facts(interfaces.interface_of(str(address)))}
            for name, address in module.params["links"].items()
        },
    }
    facts["conditions"].update(busiest.now())
    if current.system.NAME == "Darwin":
        python = os.path.join(module.params["venv_root"], "current", "bin", "python")
        facts["gpu"]["working_set_bytes"] = gpu_working_set(python, module.params["user"])
    reasons = {name: interfaces.unknown_capability(link) for name, link in facts["links"].items()}
    unknown = [
        {"name": "link.capability", "subject": [module.params["node"]], "link": name, "reason": reason}
        for name, reason in reasons.items()
        if reason
    ]
    module.exit_json(changed=False, facts=facts, not_measured=unknown)


if __name__ == "__main__":
    main()
