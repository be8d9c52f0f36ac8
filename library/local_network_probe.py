#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: whether macOS allows a daemon of an account to reach the other nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_network_probe
short_description: Prove that a LaunchDaemon of an account may use the local network
version_added: "0.1.0"
description:
  - macOS 15 and later decide by the responsible process who may connect to the local network. Tools over SSH and root always
    may, so a connection of Ansible itself proves nothing about a daemon of another account.
  - Loads a daemon that connects once, compares the results with the same connections as root, and unloads it.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
attributes:
  check_mode:
    details: Nothing is tried; RV(blocked) is empty.
options:
  python:
    description: Interpreter that the service runs on.
    type: path
    required: true
  user:
    description: Account of the service.
    type: str
    required: true
  folder:
    description: Folder that the account may write to.
    type: path
    required: true
  private_folder:
    description: Folder that only root can write to; launchd trusts no definition elsewhere.
    type: path
    required: true
  targets:
    description: Peers as C(host:port). Nothing needs to listen there.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds until the daemon must have ended.
    type: int
    default: 60
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Try the peers as the service would
  saf.fabric.local_network_probe:
    python: /opt/saf/current/bin/python
    user: saf
    folder: /opt/saf/run
    private_folder: /opt/saf/etc
    targets: [192.168.1.173:6381]
  register: local_network
"""

RETURN = r"""
blocked:
  description: Targets that root reaches and the daemon does not.
  type: list
  elements: str
  returned: always
"""

import inspect
import os
import shutil
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.probes import local_network
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd
from ansible_collections.saf.fabric.plugins.module_utils.system import documents

LABEL = "org.studio-air-fabric.local-network-probe"


def blocked(daemon, root):
    """Return the targets that the daemon alone cannot reach; daemon, root: {target: open, unreachable or silent}."""
    return sorted(target for target, answer in daemon.items() if answer == "unreachable" and root[target] != "unreachable")


def answers(path, targets):
    """Return what the daemon wrote about the targets, nothing else: the account can write to that folder."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as stream:
            found = documents.parse(stream.read(1 << 20))
    except (OSError, ValueError) as error:
        raise launchd.LaunchdError(f"The results of the daemon for the local network cannot be read: {error}.") from error
    found = found if isinstance(found, dict) else {}
    return {target: found[target] for target in targets if isinstance(found.get(target), str)}


def ask_daemon(module, folder):
    """Return what a daemon of the account can reach."""
    params = module.params
    script, output = os.path.join(folder, "probe.py"), os.path.join(params["folder"], f"local-network-{os.getpid()}.json")
    with open(script, "w", encoding="utf-8") as stream:
        stream.write(inspect.getsource(local_network))
    os.chmod(folder, 0o755)  # noqa: S103 the account reads the script
    daemon = launchd.Daemon(LABEL, lambda argv: module.run_command(argv, environ_update={"LC_ALL": "C"}))
    daemon.path = os.path.join(folder, f"{LABEL}.plist")
    plist = {
        "Label": LABEL,
        "UserName": params["user"],
        "ProgramArguments": [params["python"], script, output, *params["targets"]],
        "RunAtLoad": True,
    }
    with open(daemon.path, "wb") as stream:
        stream.write(launchd.definition(plist))
    os.chmod(daemon.path, 0o644)
    os.chown(daemon.path, 0, 0)
    if daemon.status():
        daemon.unload(5)
    daemon.load()
    try:
        first = daemon.status()
        if first and not first["pid"] and not first["runs"]:
            daemon.kick()  # RunAtLoad does not fire for certain
        deadline = time.monotonic() + params["timeout"]
        while time.monotonic() < deadline:
            job = daemon.status()
            if job and not job["pid"] and job["runs"] and os.path.exists(output):
                return answers(output, params["targets"])
            time.sleep(0.5)
    finally:
        daemon.unload(5)
        if os.path.exists(output):
            os.unlink(output)
    raise launchd.LaunchdError(
        f"A daemon of {params['user']} that tries the local network did not end within {params['timeout']} s."
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "private_folder": {"type": "path", "required": True},
            "targets": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    if module.check_mode or not module.params["targets"]:
        module.exit_json(changed=False, blocked=[])
    folder = tempfile.mkdtemp(prefix="saf-", dir=module.params["private_folder"])
    try:
        found = ask_daemon(module, folder)
    except launchd.LaunchdError as error:
        module.fail_json(msg=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    module.exit_json(changed=False, blocked=blocked(found, {target: local_network.attempt(target) for target in found}))


if __name__ == "__main__":
    main()
