#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what of the installation runs on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_status_info
short_description: Get what of the installation runs on a node
version_added: "0.1.0"
description:
  - Reads the state of the service, by whichever manager runs it, what it was configured with, the last error of its log where it
    does not run, and what the venv in use is. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  venv_root:
    description: Folder of the installation.
    type: path
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
    description: Name of the systemd unit of the store of the GCS; empty for a node that has none.
    type: str
    default: ""
  sockets:
    description: Also return on which addresses and ports Ray listens.
    type: bool
    default: false
  dashboard:
    description: Where the dashboard should answer, as C(host:port). Nothing is asked without it.
    type: str
    default: ""
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the state of the node
  saf.fabric.node_status_info:
    venv_root: /opt/saf
    unit: saf-ray
    label: org.studio-air-fabric.ray
  register: node
"""

RETURN = r"""
service:
  description:
    - Manager, state (active, inactive, failed, missing ...), restarts since the last start by hand and seconds since the last
      start (null if unknown), whether it keeps ending, the last error of its log (empty for one that runs).
  type: dict
  returned: always
  contains:
    manager: {description: Service manager., type: str, returned: when there is one}
    state: {description: State of the service., type: str, returned: always}
    restarts: {description: Restarts since the last start by hand., type: int, returned: when the manager counts them}
    seconds: {description: Seconds since the last start., type: int, returned: when the manager reports them}
    keeps_ending: {description: Whether the manager starts it again and again., type: bool, returned: always}
    last_error: {description: The last error of its log; empty for one that runs., type: str, returned: always}
  sample: {manager: systemd, state: active, restarts: 0, seconds: 310, keeps_ending: false, last_error: ""}
store:
  description: State of the store of the GCS (active, activating, failed, missing ...).
  type: str
  returned: with O(store)
  sample: active
venv:
  description: Python version, digest and fingerprint of the venv in use; empty without one.
  type: dict
  returned: always
provisioned:
  description: Whether site.yml has ever configured Ray here.
  type: bool
  returned: always
configured:
  description: The node's address and its head's address and port in the command line of the service; null where there is none.
  type: dict
  returned: always
  sample: {address: 192.168.1.173, head: "192.168.1.172:6380"}
addresses:
  description: The node's own IPv4 addresses.
  type: list
  elements: str
  returned: always
listeners:
  description: Where Ray listens, with O(sockets).
  type: list
  elements: dict
  returned: always
  sample: [{address: 127.0.0.1, port: 6380}]
raylet:
  description: Whether the sockets of the running raylet are on the disk; null without a raylet.
  type: dict
  returned: always
  sample: {sockets: true}
watchdog:
  description: Faults that the watchdog has seen at its last check, and whether the node's address is on none of its interfaces.
  type: dict
  returned: always
  sample: {faults: [], moved: false}
dashboard:
  description: Whether the port of O(dashboard) accepts connections; null where it was not asked or did not answer in time.
  type: bool
  returned: when it was asked and answered in time
maintenance:
  description: Since when the node is in maintenance; empty for one that is not.
  type: str
  returned: always
  sample: ""
certificate_days:
  description: Whole days until the node's certificate ends by its own clock, negative after the end; null without one.
  type: int
  returned: with a certificate
  sample: 240
disk:
  description: The file system of O(venv_root).
  type: dict
  returned: always
  sample: {path: /opt/saf, free_bytes: 80000000000, total_bytes: 250000000000, inodes_free: 1000000}
"""

import os
import plistlib
import socket
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.services import (
    certificate,
    launchd,
    listening,
    process,
    raylet,
    service_log,
    service_state,
)
from ansible_collections.saf.fabric.plugins.module_utils.system import current, disk, processes, sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.command import command_output

_PROPERTIES = "LoadState,ActiveState,NRestarts,ActiveEnterTimestampMonotonic,ExecStart"
# Longer than any command line of the service, and a bound for whatever a node may answer.
_COMMAND_CHARACTERS = 8192


def by_systemd(module):
    """Return ``(service, command line, log)`` of the unit, None where systemd does not run."""
    if not os.path.isdir("/run/systemd/system"):
        return None
    unit = module.params["unit"]
    shown = command_output("systemctl", "show", unit, f"--property={_PROPERTIES}")
    service = service_state.parse_show(shown, time.monotonic())
    command = next((line for line in shown.splitlines() if line.startswith("ExecStart=")), "")
    return service, command, lambda: command_output("journalctl", "-u", unit, "-n", "200", "-o", "cat", "--no-pager")


def store_state(unit):
    """Return the state of the unit of the GCS's store, "missing" without one."""
    shown = command_output("systemctl", "show", unit, "--property=LoadState,ActiveState,NRestarts")
    return service_state.parse_show(shown, time.monotonic())["state"]


def by_launchd(module):
    """Return ``(service, command line, log)`` of the LaunchDaemon, None on other systems."""
    if current.system.NAME != "Darwin":
        return None
    label = module.params["label"]
    try:
        job = launchd.Daemon(label, module.run_command).status()
        age = command_output("ps", "-o", "etime=", "-p", str(job["pid"])) if job and job["pid"] else ""
        service = service_state.launchd_state(job, service_state.parse_etime(age))
    except launchd.LaunchdError:
        service = {"manager": "launchd", "state": "unknown", "restarts": None, "seconds": None}
    try:
        with open(launchd.plist_path(label), "rb") as stream:
            command = " ".join(map(str, plistlib.load(stream).get("ProgramArguments", [])))
    except (OSError, ValueError, AttributeError, plistlib.InvalidFileException):
        command = ""
    return service, command, lambda: log_file(module)


def by_process(module):
    """Return ``(service, command line, log)`` of the process without a supervisor, None where none was ever started."""
    # run/ is where earlier releases kept it.
    places = (os.path.join(module.params["venv_root"], folder, "ray.json") for folder in ("etc", "run"))
    record = next((found for found in map(process.read_record, places) if found), None)
    if not record:
        return None
    state = "active" if process.alive(record) else "inactive"
    service = {"manager": "process", "state": state, "restarts": None, "seconds": None}
    return service, " ".join(map(str, record.get("argv") or [])), lambda: log_file(module)


def log_file(module):
    return service_log.tail(os.path.join(module.params["venv_root"], "log", "ray.log"))


def observe(module):
    """Return ``(service, command line)`` of what runs from venv_root.

    The record of a process, which the service account may write, counts only where no init system knows the service; a unit of
    another root is not managed here.
    """
    root = module.params["venv_root"]
    missing = {"manager": None, "state": "missing", "restarts": None, "seconds": None}
    service, command, log = missing, "", lambda: ""
    for ask in (by_systemd, by_launchd, by_process):
        found = ask(module)
        if found and service["state"] == "missing" and (not found[1] or processes.is_managed(found[1], root)):
            service, command, log = found
    ends = service_state.keeps_ending(service)
    silent = service["state"] == "missing" or (service["state"] == "active" and not ends)
    error = "" if silent else service_log.last_error(log(), ended=service["state"] != "inactive")
    return {**service, "keeps_ending": ends, "last_error": error}, command[:_COMMAND_CHARACTERS]


def raylets(root):
    """Return the command lines of the managed raylets."""
    commands = (one["command"] for one in processes.running())
    return [text for text in commands if processes.ray_daemon(text).endswith("/raylet") and processes.is_managed(text, root)]


def accepts(address):
    """Return whether a port accepts connections; None where nothing is asked or the answer takes too long."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
    except (socket.timeout, ValueError):
        return None
    except OSError:
        return False
    return True


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
            "label": {"type": "str", "required": True},
            "store": {"type": "str", "default": ""},
            "sockets": {"type": "bool", "default": False},
            "dashboard": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    root = module.params["venv_root"]
    marker = venv.read_marker(os.path.join(root, "current"))
    service, command = observe(module)
    module.exit_json(
        changed=False,
        provisioned=os.path.exists(os.path.join(root, "etc", "ray.env")),
        service=service,
        store=store_state(module.params["store"]) if module.params["store"] else None,
        configured=service_state.configured(command),
        addresses=sockets.own_addresses(),
        listeners=listening.of_ray(root) if module.params["sockets"] else [],
        raylet={"sockets": raylet.has_sockets(raylets(root))},
        watchdog=raylet.watched(raylet.read_document(f"/var/run/{module.params['unit']}-watchdog.json")),
        dashboard=accepts(module.params["dashboard"]),
        maintenance=raylet.maintenance(os.path.join(root, "etc", "maintenance.json")),
        certificate_days=certificate.days_left(os.path.join(root, "etc", "ray-node.crt")),
        disk=disk.space(root),
        venv={key: marker[key] for key in ("python_version", "digest", "fingerprint") if key in marker},
    )


if __name__ == "__main__":
    main()
