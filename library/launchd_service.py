#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a LaunchDaemon that runs its property list."""

from __future__ import annotations

DOCUMENTATION = r"""
module: launchd_service
short_description: Keep a LaunchDaemon of the system domain as described
version_added: "0.1.0"
description:
  - Writes the property list, loads it, and proves with C(launchctl print) that a process runs. Needs root.
  - A loaded job keeps the definition that it was loaded with. It is unloaded and loaded again when the file has another one,
    also after a run that was interrupted between the two. A digest in the job's environment identifies the definition.
  - An override that disables the label (System Settings, Login Items) is removed, with a warning.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  label:
    description: Label of the job; the file is C(/Library/LaunchDaemons/<label>.plist).
    type: str
    required: true
  plist:
    description:
      - The definition, launchd.plist(5), without C(Label). If omitted, the file stays unchanged.
      - Values of C(EnvironmentVariables) are converted to strings, since launchd ignores all others.
    type: dict
  state:
    description:
      - State of the service. V(stopped) unloads it until the next boot, with O(at_boot=false) for longer. V(absent) removes the
        file as well.
    type: str
    choices: [started, stopped, restarted, absent]
    default: started
  at_boot:
    description: Whether a V(stopped) service starts at the next boot. V(false) disables the label.
    type: bool
    default: true
  inputs:
    description: Files whose content belongs to the definition. A change reloads the job.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds until a process must run.
    type: int
    default: 60
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Run Ray
  saf.fabric.launchd_service:
    label: org.studio-air-fabric.ray
    plist:
      UserName: saf
      ProgramArguments: [/opt/saf/current/bin/ray, start, --head, --block]
      KeepAlive: true
      ProcessType: Interactive
      ExitTimeOut: 30
"""

RETURN = r"""
pid:
  description: Process ID, 0 when no process is expected to run.
  type: int
  returned: always
actions:
  description: What was (or in check mode would be) done, in order.
  type: list
  elements: str
  returned: always
  sample: [write, unload, load]
"""

import os
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services import launchd


def read(path):
    """Return the bytes of the file, None without one."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def wanted_plist(module):
    """Return the definition as bytes, None when the file is to stay unchanged."""
    plist = module.params["plist"]
    if plist is None:
        return None
    plist = {**plist, "Label": module.params["label"]}
    if not isinstance(plist.get("EnvironmentVariables", {}), dict):
        raise launchd.LaunchdError("EnvironmentVariables of the property list is no dictionary.")
    if "EnvironmentVariables" in plist:
        plist["EnvironmentVariables"] = {name: str(value) for name, value in plist["EnvironmentVariables"].items()}
    return launchd.definition(plist, [read(path) or b"" for path in module.params["inputs"]])


def well_owned(path):
    state = os.stat(path)
    return (state.st_uid, state.st_gid, state.st_mode & 0o7777) == (0, 0, 0o644)


def write(module, path, content):
    """Replace the definition in one step, checked by plutil, with the owner and mode that launchd needs."""
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".saf-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        rc, out, _err = module.run_command(["plutil", "-lint", partial])
        if rc != 0:
            module.fail_json(msg=f"plutil refuses the property list of {module.params['label']}: {out.strip()}", actions=[])
        os.chmod(partial, 0o644)
        os.chown(partial, 0, 0)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def plan(module, daemon, content):
    """Return (actions, job) for the states started and restarted; nothing is changed."""
    file = read(daemon.path)
    if content is None and file is None:
        module.fail_json(msg=f"{daemon.label} was never installed here: run site.yml, it knows its definition.", actions=[])
    actions = []
    if (content is not None and file != content) or not well_owned(daemon.path):
        actions.append("write")
    job = daemon.status()
    if daemon.disabled():
        actions.append("enable")
    plist = launchd.parse_definition(content or file)
    if job is None:
        return [*actions, "load"], job
    if "write" in actions or not launchd.loaded(job, plist):
        actions += ["unload", "load"]
    elif module.params["state"] == "restarted":
        actions.append("restart")
    elif launchd.stays(plist) and not job["pid"]:
        actions.append("start")
    return actions, job


def carry_out(module, daemon, actions, content, job):
    """Do the planned steps; return the pid."""
    timeout = module.params["timeout"]
    if "write" in actions:
        write(module, daemon.path, content if content is not None else read(daemon.path))
    plist = launchd.parse_definition(read(daemon.path))
    if "enable" in actions:
        module.warn(
            f"{daemon.label} was disabled (System Settings, General, Login Items, or launchctl disable) and is enabled again."
        )
        daemon.enable()
    if "unload" in actions:
        daemon.unload(launchd.exit_timeout(read(daemon.path)))
    if "load" in actions:
        daemon.load()
    before = 0
    if "restart" in actions:
        before = job["pid"]
        daemon.kick(restart=True)
    return daemon.wait_running(timeout, before) if launchd.stays(plist) else 0


def remove(module, daemon):
    """States stopped and absent."""
    job, file = daemon.status(), read(daemon.path)
    actions = (["unload"] if job else []) + (["remove"] if file is not None and module.params["state"] == "absent" else [])
    if not module.params["at_boot"] and not daemon.disabled():
        actions.insert(0, "disable")
    if not module.check_mode:
        if "disable" in actions:
            daemon.disable()
        if "unload" in actions:
            daemon.unload(launchd.exit_timeout(file))
        if "remove" in actions:
            os.unlink(daemon.path)
    module.exit_json(changed=bool(actions), pid=0, actions=actions)


def main():
    module = AnsibleModule(
        argument_spec={
            "label": {"type": "str", "required": True},
            "plist": {"type": "dict"},
            "state": {"type": "str", "choices": ["started", "stopped", "restarted", "absent"], "default": "started"},
            "at_boot": {"type": "bool", "default": True},
            "inputs": {"type": "list", "elements": "path", "default": []},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", module.params["label"]):  # it is the name of a file as well
        module.fail_json(msg="label is made of letters, digits, dots, dashes and underscores, as org.example.job.", actions=[])
    environment = {"LC_ALL": "C"}
    daemon = launchd.Daemon(module.params["label"], lambda argv: module.run_command(argv, environ_update=environment))
    actions = []
    try:
        if module.params["state"] in ("stopped", "absent"):
            remove(module, daemon)
        content = wanted_plist(module)
        actions, job = plan(module, daemon, content)
        before = (read(daemon.path) or b"").decode(errors="replace")
        diff = {"before": before, "after": before if content is None else content.decode()}
        pid = (job or {}).get("pid", 0)
        if not module.check_mode and (actions or launchd.stays(launchd.parse_definition(read(daemon.path)))):
            pid = carry_out(module, daemon, actions, content, job)
    except launchd.LaunchdError as error:
        module.fail_json(msg=str(error), actions=actions)
    module.exit_json(changed=bool(actions), pid=pid, actions=actions, diff=diff)


if __name__ == "__main__":
    main()
