#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what a security audit wants to know about a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_audit_info
short_description: Get what a security audit compares with the documentation
version_added: "0.1.0"
description:
  - Reads which ports the service account and the programs of the installation have open, what starts programs by itself (cron,
    at, systemd, launchd), which processes of the account are not part of Ray, which keys open the account, what sudo lets it do,
    which files of the installation give too much, and on the head which jobs Ray was given. It changes nothing, and judges
    nothing. Lists are cut, and passwords in URLs are left out.
  - What cannot be read, often without root, is in RV(gaps).
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
  pid_file:
    description: The record of the process, where no init system runs the service.
    type: path
    required: true
  ports:
    description: The documented ports; whoever has one open is reported.
    type: list
    elements: dict
    default: []
    suboptions:
      first:
        description: The first port.
        type: int
        required: true
      last:
        description: The last port.
        type: int
        required: true
      protocol:
        description: Protocol.
        type: str
        choices: [tcp, udp]
        default: tcp
  dashboard:
    description: Host and port of the dashboard, asked for its jobs as O(user); not asked when it is not set.
    type: dict
    suboptions:
      host:
        description: Address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
  root:
    description: What is taken for C(/) where files of the system are looked for, for instance a mounted image.
    type: path
    default: /
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get what the audit compares
  saf.fabric.node_audit_info:
    venv_root: /opt/saf
    user: saf
    unit: saf-ray
    label: org.studio-air-fabric.ray
    pid_file: /opt/saf/etc/ray.json
    ports: [{first: 6380, last: 6388}]
  register: node
"""

RETURN = r"""
platform:
  description: The operating system, the processor and the Python version of the venv in use.
  type: dict
  returned: always
  sample: {system: Linux, machine: x86_64, python: 3.11.2}
installed:
  description: When the first entry of the manifest was recorded, in ISO 8601; empty without a manifest.
  type: str
  returned: always
account:
  description: The service account, its shell and its groups; whether the manifest has it, so that it is no person's.
  type: dict
  returned: always
  sample: {name: saf, exists: true, uid: 998, home: /opt/saf, shell: /usr/sbin/nologin, groups: [saf], created: true}
is_root:
  description: Whether root asked, who sees everything.
  type: bool
  returned: always
running:
  description: Whether a process of Ray's service runs.
  type: bool
  returned: always
settings:
  description: Which authentication and encryption the environment of the service asks for.
  type: dict
  returned: always
  sample: {auth_mode: token, tls: false}
listeners:
  description: Open ports of the account, of programs of the installation, and on documented ports.
  type: list
  elements: dict
  returned: always
  sample:
    - {protocol: tcp, address: "*", port: 6384, user: saf, pid: 42, command: "ray::agent", of_service: true, managed: true}
scheduled:
  description: What starts by itself and runs as the account, or names the installation or a temporary folder.
  type: list
  elements: dict
  returned: always
  sample:
    - {kind: cron, path: /etc/cron.d/x, user: saf, runs: /tmp/x, changed: 1700000000, digest: 9f86d081884c7d65,
       reasons: [account, temporary], known: false}
strangers:
  description:
    - Processes of the account outside Ray's service, the busiest first. None of an account that a person logs in with.
  type: list
  elements: dict
  returned: always
  sample:
    - {pid: 7, command: "[kworker]", cpu_percent: 97, cpu_seconds: 60, origin: none, names_installation: false}
keys:
  description: SSH keys that open the account.
  type: list
  elements: dict
  returned: always
  sample: [{path: /opt/saf/.ssh/authorized_keys, type: ssh-ed25519, fingerprint: "SHA256:x", comment: ""}]
sudoers:
  description: Rules of sudo that are about the account.
  type: list
  elements: dict
  returned: always
  sample: [{path: /etc/sudoers.d/saf, rule: "saf ALL=(ALL) NOPASSWD: ALL"}]
hosts:
  description: Entries of /etc/hosts that name other machines, and when the file changed, in seconds since the epoch.
  type: dict
  returned: always
  sample: {entries: [10.0.0.1 alpha], changed: 1700000000}
loose_files:
  description: Set-user-ID files of the installation, and those that others, or the account, can write.
  type: list
  elements: dict
  returned: always
  sample: [{path: /opt/saf/current/bin/x, why: setuid}]
jobs:
  description: The jobs that Ray was given, with O(dashboard).
  type: list
  elements: dict
  returned: always
  sample:
    - {id: raysubmit_x, type: SUBMISSION, status: RUNNING, started: 1700000000, entrypoint: python x.py, address: 10.0.0.1}
gaps:
  description: What could not be looked at, a sentence each.
  type: list
  elements: dict
  returned: always
  sample: [{what: sudoers, why: /etc/sudoers cannot be read (Permission denied).}]
"""

import json
import os
import platform
import pwd

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.audit import (
    accounts,
    as_account,
    jobs,
    loose_files,
    reading,
    running,
    scheduled,
)
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd, process, ray_settings_file
from ansible_collections.saf.fabric.plugins.module_utils.system import processes, sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.command import command_output
from ansible_collections.saf.fabric.plugins.module_utils.system.current import system

_MOST_SERVICES = 20
_ASK_SECONDS = 30


def read_manifest(venv_root):
    """Return (entries, gap) of the manifest; no manifest is no gap."""
    try:
        with open(os.path.join(venv_root, "manifest.json"), encoding="utf-8") as stream:
            found = json.load(stream)["entries"]
        return [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("name"), str)], ""
    except FileNotFoundError:
        return [], ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [], f"The manifest in {venv_root} cannot be read ({type(error).__name__})."


def main_processes(module, entries):
    """Return the main process of each service that is managed here: Ray's own, and those of the manifest."""
    params = module.params
    services = [entry["name"] for entry in entries if entry.get("kind") == "service"][:_MOST_SERVICES]
    found = []
    if os.path.isdir("/run/systemd/system"):
        for unit in {params["unit"], *services}:
            shown = command_output("systemctl", "show", unit, "--property=MainPID", "--value").strip()
            found.append(int(shown) if shown.isdigit() else 0)
    if system.NAME == "Darwin":
        for label in {params["label"], *services}:
            try:
                job = launchd.Daemon(label, module.run_command).status()
            except launchd.LaunchdError:
                job = None
            found.append(job["pid"] if job else 0)
    record = process.read_record(params["pid_file"])
    found.append(record["pid"] if process.alive(record) else 0)
    return [pid for pid in found if pid > 1]


def ask_ray(settings_file, venv_root, dashboard):
    """Return {auth_mode, tls, jobs, problems} as the service account sees them; called as that account."""
    problems = []
    try:
        settings = ray_settings_file.read(settings_file)
    except OSError as error:
        settings = {}
        # Without the file nothing was provisioned.
        if not isinstance(error, FileNotFoundError):
            problems.append(["settings", f"{settings_file} cannot be read ({error.strerror})."])
    found, token = [], settings.get("RAY_AUTH_TOKEN", "")
    if dashboard:
        path = settings.get("RAY_AUTH_TOKEN_PATH") or os.path.join(venv_root, "ray", ".ray", "auth_token")
        if not token and settings.get("RAY_AUTH_MODE") == "token":
            try:
                token = (reading.text(path)[0] or "").strip()[:4096]
            except reading.Unreadable as problem:
                problems.append(["jobs", str(problem)])
        found, reason = jobs.ask(dashboard["host"], dashboard["port"], token)
        if reason:
            problems.append(["jobs", f"{reason[0].upper()}{reason[1:]}."])
    mode = settings.get("RAY_AUTH_MODE", "")
    tls = settings.get("RAY_USE_TLS") in ("1", "true")
    return {"auth_mode": mode[:20], "tls": tls, "jobs": found, "problems": problems}


def bound_sockets(user, exists):
    """Return the open ports with their holders; root in a container may see those of an account only as that account."""
    running_now = processes.running()
    found = sockets.bound(running_now)
    if exists and any(one["user"] == user and not one["pid"] for one in found):
        for one in as_account.ask(lambda: sockets.bound(running_now), user, _ASK_SECONDS) or []:
            same = next((each for each in found if not each["pid"] and _end(each) == _end(one)), None)
            if same and one["pid"]:
                same.update(pid=one["pid"], command=one["command"])
    return found


def _end(one):
    return one["protocol"], one["address"], one["port"], one["user"]


def observe(module):
    params = module.params
    venv_root, user, root = params["venv_root"], params["user"], params["root"]
    gaps: list = []

    def note(what, sentences):
        gaps.extend({"what": what, "why": sentence} for sentence in sentences if sentence)

    entries, problem = read_manifest(venv_root)
    note("manifest", [problem])
    account = accounts.of_service(user, venv_root)
    account["created"] = any(entry.get("kind") == "user" and entry["name"] == user for entry in entries)
    homes = account.pop("homes")
    search = scheduled.Search({"name": user, "uid": account["uid"], "homes": homes}, venv_root, root)
    items, unread = scheduled.everything(search, {entry["name"] for entry in entries if entry.get("kind") == "file"})
    note("scheduled", unread)
    keys, unread = accounts.keys(homes, root)
    note("keys", unread)
    rules, unread = accounts.sudoers(user, account["uid"], account["groups"], root)
    note("sudoers", unread)
    owner = os.lstat(venv_root).st_uid if os.path.isdir(venv_root) else -1
    of_others = account["uid"] if owner != account["uid"] else -1
    groups = {pwd.getpwuid(account["uid"]).pw_gid} if account["exists"] else set()
    loose, unread = loose_files.find(venv_root, of_others, groups)
    note("files", unread)
    strangers, service = running.strangers(user, main_processes(module, entries), venv_root)
    if not account["created"] and os.path.basename(account["shell"]) not in ("nologin", "false"):
        strangers = []  # what a person runs is nobody's business
    documented = [(one["first"], one["last"], one["protocol"]) for one in params["ports"]]
    open_ports = running.ports(bound_sockets(user, account["exists"]), user, venv_root, documented, service)
    ray: dict = {"auth_mode": "", "tls": False, "jobs": [], "problems": [["settings", f"There is no account {user}."]]}
    if account["exists"]:
        file = os.path.join(venv_root, "etc", "ray.env")
        answer = as_account.ask(lambda: ask_ray(file, venv_root, params["dashboard"]), user, _ASK_SECONDS)
        ray = answer or {**ray, "problems": [["settings", "The service account gave no answer about Ray in time."]]}
    for what, sentence in ray["problems"]:
        note(what, [sentence])
    marker = venv.read_marker(os.path.join(venv_root, "current"))
    return {
        "platform": {
            "system": system.NAME,
            "machine": platform.machine(),
            "python": str(marker.get("python_version", "")),
        },
        "installed": min((str(entry["recorded"]) for entry in entries if entry.get("recorded")), default=""),
        "account": account,
        "is_root": os.geteuid() == 0,
        "running": bool(service),
        "settings": {"auth_mode": ray["auth_mode"], "tls": ray["tls"]},
        "listeners": open_ports,
        "scheduled": items,
        "strangers": strangers,
        "keys": keys,
        "sudoers": rules,
        "hosts": accounts.hosts(root),
        "loose_files": loose,
        "jobs": ray["jobs"],
        "gaps": gaps[:200],
    }


def main():
    port = {
        "first": {"type": "int", "required": True},
        "last": {"type": "int", "required": True},
        "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
    }
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "unit": {"type": "str", "required": True},
            "label": {"type": "str", "required": True},
            "pid_file": {"type": "path", "required": True},
            "ports": {"type": "list", "elements": "dict", "options": port, "default": []},
            "dashboard": {
                "type": "dict",
                "options": {"host": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
            },
            "root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **observe(module))


if __name__ == "__main__":
    main()
