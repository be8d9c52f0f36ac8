#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what of ours runs on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_status
short_description: Tell what of the installation runs on a node
version_added: "0.1.0"
description:
  - Reads the state of the service, by whichever manager runs it, and what the venv in use is. Changes nothing.
attributes:
  check_mode:
    support: full
    description: Read-only.
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
  unit:
    description: Name of the systemd unit.
    type: str
    default: saf-ray
  label:
    description: Label of the LaunchDaemon.
    type: str
    default: org.studio-air-fabric.ray
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Ask the node
  node_status:
    venv_root: /opt/saf
  register: node
"""

RETURN = r"""
service:
  description: Manager, state (active, inactive, failed, missing ...) and restarts since the last start by hand (null if unknown).
  type: dict
  returned: always
  contains:
    manager: {description: Service manager., type: str, returned: when there is one}
    state: {description: State of the service., type: str, returned: always}
    restarts: {description: Restarts since the last start by hand., type: int, returned: when the manager counts them}
  sample: {manager: systemd, state: active, restarts: 0}
venv:
  description: Python version, digest and fingerprint of the venv in use; empty without one.
  type: dict
  returned: always
"""

import os
import platform

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf import launchd, process, venv


def parse_show(text):
    """Return the service's state from ``systemctl show``; a unit that is not there is missing."""
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    state = "missing" if values.get("LoadState") == "not-found" else values.get("ActiveState", "unknown")
    restarts = values.get("NRestarts", "")
    return {"manager": "systemd", "state": state, "restarts": int(restarts) if restarts.isdigit() else None}


def launchd_state(job):
    """Return the service's state; job: as parse_print returns it, None when the label is not loaded."""
    if job is None:
        return {"manager": "launchd", "state": "missing", "restarts": None}
    words = {"running": "active", "spawn scheduled": "activating", "not running": "inactive"}
    return {"manager": "launchd", "state": words.get(job["state"], job["state"]), "restarts": max(job["runs"] - 1, 0)}


def service_state(module):
    pid_file = os.path.join(module.params["venv_root"], "run", "ray.json")
    record = process.read_record(pid_file)
    if record:
        return {"manager": "process", "state": "active" if process.alive(record) else "inactive", "restarts": None}
    if platform.system() == "Darwin":
        daemon = launchd.Daemon(module.params["label"], module.run_command)
        try:
            return launchd_state(daemon.look())
        except launchd.LaunchdError:
            return {"manager": "launchd", "state": "unknown", "restarts": None}
    if not os.path.isdir("/run/systemd/system"):
        return {"manager": None, "state": "missing", "restarts": None}
    command = ["systemctl", "show", module.params["unit"], "--property=LoadState,ActiveState,NRestarts"]
    _rc, out, _err = module.run_command(command, environ_update={"LC_ALL": "C"})
    return parse_show(out)


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "unit": {"type": "str", "default": "saf-ray"},
            "label": {"type": "str", "default": "org.studio-air-fabric.ray"},
        },
        supports_check_mode=True,
    )
    marker = venv.read_marker(os.path.join(module.params["venv_root"], "current"))
    keys = ("python_version", "digest", "fingerprint")
    module.exit_json(
        changed=False,
        service=service_state(module),
        venv={key: marker[key] for key in keys if key in marker},
    )


if __name__ == "__main__":
    main()
