#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what a node shows of itself for a request for help."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_collect_info
short_description: Get what explains a node to other people
version_added: "0.1.0"
description:
  - Reads the manifest, the definitions and the state of the services, their logs, the logs of Ray's session in use, Ray's own
    settings, disk, memory, open ports and processes of the installation. It changes nothing.
  - It reads no key, no token, no password file, and of the environment file no secret. Logs that the account can write are read
    as that account. No link is followed.
  - On the controller, the texts are redacted and written to O(into); they are no part of the result.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
  user:
    description: The service account.
    type: str
    required: true
  unit:
    description: Name of the systemd unit.
    type: str
    required: true
  label:
    description: Label of the LaunchDaemon.
    type: str
    required: true
  store:
    description: Name of the systemd unit of the GCS store, where the node has one.
    type: str
    default: ""
  max_file_bytes:
    description: Of each file, the newest lines up to this size.
    type: int
    default: 1048576
  max_bytes:
    description: Of the node, at most this much.
    type: int
    default: 8388608
  jobs:
    description: Whether to read what the programs of users have printed.
    type: bool
    default: false
  into:
    description: Folder on the controller for the texts. It is made, mode 0700.
    type: path
    required: true
  literals_from:
    description: Folder on the controller with the secrets of the cluster, which are then hidden wherever they stand.
    type: path
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the logs of the node
  saf.fabric.node_collect_info:
    venv_root: /opt/saf
    user: saf
    unit: saf-ray
    label: org.studio-air-fabric.ray
    into: .cache/collect/nodes/alpha
  register: collected
"""

RETURN = r"""
machine:
  description: System, kernel, disk, memory, load, open ports and processes of the installation.
  type: dict
  returned: always
settings:
  description: Ray's own settings of the service; the value of what may be secret is C((set)).
  type: dict
  returned: always
  sample: {RAY_AUTH_MODE: token, RAY_AUTH_TOKEN: (set)}
session:
  description: Name of Ray's session in use; empty without one.
  type: str
  returned: always
  sample: session_2026-11-23_18-00-00_000000_42
files:
  description: The texts. Their lines are written to O(into) and are not in the result.
  type: list
  elements: dict
  returned: always
  sample: [{name: log/ray.log, source: /opt/saf/log/ray.log, bytes: 2000000, left_out: 951424}]
  contains:
    name:
      description: Name in the archive.
      type: str
      returned: always
    source:
      description: File or command.
      type: str
      returned: always
    bytes:
      description: Size of the whole.
      type: int
      returned: always
    left_out:
      description: Bytes of it that were left out, the oldest.
      type: int
      returned: always
    lines:
      description: The text.
      type: list
      elements: str
      returned: on the node
gaps:
  description: What is missing, and why.
  type: list
  elements: dict
  returned: always
  sample: [{what: log/ray-journal.log, why: It cannot be read (Permission denied).}]
"""

import os
import platform
import shlex

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.audit import as_account
from ansible_collections.saf.fabric.plugins.module_utils.collect import ray_logs, settings, sources, tails
from ansible_collections.saf.fabric.plugins.module_utils.services import ray_settings_file
from ansible_collections.saf.fabric.plugins.module_utils.system import current, disk, hardware, processes, sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.command import command_output, read

_MOST_ROWS = 500
_READ_SECONDS = 60


def machine(venv_root, user):
    """Return what the node is and has, with ports and processes of the installation and of the service account."""
    running = processes.running()
    places = dict.fromkeys([venv_root, "/", "/tmp", "/dev/shm"])  # noqa: S108 only their free space
    managed = [one for one in running if processes.is_managed(one["command"], venv_root)]
    pids = {one["pid"] for one in managed}
    bound = [one for one in sockets.bound(running) if one["user"] == user or one["pid"] in pids]
    return {
        "system": current.system.NAME,
        "release": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "is_root": os.geteuid() == 0,
        "memory_bytes": hardware.memory_bytes(),
        "load_average": list(os.getloadavg()),
        "memory": (read("/proc/meminfo") or command_output("vm_stat")).splitlines()[:60],
        "disk": [disk.space(path) for path in places if os.path.isdir(path) or path == venv_root],
        "ports": sorted(bound, key=lambda one: (one["protocol"], one["port"], one["address"]))[:_MOST_ROWS],
        "processes": [{**one, "command": one["command"][:400]} for one in managed[:_MOST_ROWS]],
    }


def as_user(params, most_bytes):
    """Return what the service account wrote: {log, ray, settings, gaps}; called as that account."""
    root, gaps = params["venv_root"], []
    log = None
    path = os.path.join(root, "log", "ray.log")
    try:
        log = tails.of_file(path, min(params["max_file_bytes"], most_bytes))
    except tails.Missing as problem:
        gaps.append({"what": "log/ray.log", "why": str(problem)})
    try:
        known = settings.shown(ray_settings_file.read(os.path.join(root, "etc", "ray.env")))
    except FileNotFoundError:
        known = {}
    except OSError as error:
        known = {}
        gaps.append({"what": "settings", "why": f"ray.env cannot be read ({error.strerror})."})
    left = most_bytes - (log["bytes"] - log["left_out"] if log else 0)
    ray = ray_logs.read(os.path.join(root, "ray", "tmp"), params["max_file_bytes"], left, params["jobs"])
    files = [{"name": "log/ray.log", "source": path, **log}] if log else []
    return {"session": ray["session"], "files": files + ray["files"], "settings": known, "gaps": gaps + ray["gaps"]}


def observe(params):
    venv_root, user = params["venv_root"], params["user"]
    files: list = []
    gaps: list = []
    left = params["max_bytes"]
    has_systemd = os.path.isdir("/run/systemd/system")
    for name, source in sources.of_root(venv_root, params["unit"], params["label"], params["store"], has_systemd):
        # Half of the node is Ray's own logs, however long the others are.
        most = min(params["max_file_bytes"], left - params["max_bytes"] // 2)
        shown = source if isinstance(source, str) else " ".join(map(shlex.quote, source))
        try:
            text = tails.of_file(source, most) if isinstance(source, str) else tails.of_command(source, most)
        except tails.Missing as problem:
            gaps.append({"what": name, "why": str(problem)})
            continue
        if text and text["bytes"]:
            left -= text["bytes"] - text["left_out"]
            files.append({"name": name, "source": shown, **text})
    empty: dict = {"session": "", "files": [], "settings": {}, "gaps": []}
    answer = None
    try:
        answer = as_account.ask(lambda: as_user(params, left), user, _READ_SECONDS, 4 * params["max_bytes"] + 2**20)
    except KeyError:
        gaps.append({"what": "log/ray.log, ray/", "why": f"There is no account {user}."})
        answer = empty
    if not isinstance(answer, dict):
        gaps.append({"what": "log/ray.log, ray/", "why": f"{user} gave no answer within {_READ_SECONDS} s."})
        answer = empty
    return {
        "machine": machine(venv_root, user),
        "settings": answer["settings"],
        "session": answer["session"],
        "files": files + answer["files"],
        "gaps": gaps + answer["gaps"],
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "unit": {"type": "str", "required": True},
            "label": {"type": "str", "required": True},
            "store": {"type": "str", "default": ""},
            "max_file_bytes": {"type": "int", "default": 2**20},
            "max_bytes": {"type": "int", "default": 2**23},
            "jobs": {"type": "bool", "default": False},
            "into": {"type": "path", "required": True},
            "literals_from": {"type": "path"},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **observe(module.params))


if __name__ == "__main__":
    main()
