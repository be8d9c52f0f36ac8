"""Processes of the service account outside Ray's service, and the ports that the account has open."""

from __future__ import annotations

import os
import re
import time

from ..services import process
from ..system import account, processes, redaction
from ..system.busiest import own_line
from ..system.current import system
from . import reading

_MOST = 200
# What root starts as the service account: the questions of the watchdog, and Ansible's modules with their measurements.
_OF_ROOT = re.compile(r"/etc/ray_watchdog\.py(?:\s|$)|AnsiballZ_\w+\.py|\bansible_collections[./]|/\.ansible/tmp/|ansible-tmp-")
_BY_HAND = re.compile(r"^(?:\S*/)?(?:sudo|su|runuser|doas)(?:\s|$)")


def tree(parents, roots):
    """Return the pids in the trees below ``roots``, these included; parents: {pid: parent pid}."""
    children: dict = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found, waiting = set(), [pid for pid in roots if pid in parents]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def origin(pid, parents, owners, commands, user):
    """Return who started a process: by_hand (sudo, su), root (our own work on this node), none (nobody that can be named).

    The first ancestor of another account decides: the service account cannot make one that belongs to root.
    """
    seen = set()
    while pid > 1 and pid not in seen:
        seen.add(pid)
        if owners.get(pid) == "root" and user != "root":
            command = commands.get(pid, "")
            return "root" if _OF_ROOT.search(command) else "by_hand" if _BY_HAND.search(command) else "none"
        pid = parents.get(pid, 0)
    return "none"


def everyone():
    """Return {pid: {pid, user, command, parent, cpu}} of all processes here, also of those that hide their command line."""
    sample = system.cpu_times()
    found = {one["pid"]: one for one in processes.running() if one["pid"] in sample}
    for pid in set(sample) - set(found):
        # A process can empty its command line; the rest without one are threads of the kernel, and what is in containers.
        if os.path.isdir(f"/proc/{pid}") and not _is_hidden(pid):
            continue
        uid = process.owner(pid) if process.start_time(pid) else None
        if uid is not None:
            found[pid] = {"pid": pid, "user": account.name_of(uid), "command": f"[{sample[pid][0]}]"}
    return {pid: {**one, "cpu": sample[pid][1], "parent": sample[pid][2]} for pid, one in found.items()}


def _is_hidden(pid):
    """Return whether a process of Linux has no command line and shares our network."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            empty = not stream.read(1)
        return empty and os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:
        return False


def strangers(user, roots, venv_root, seconds=1.0):
    """Return ([{pid, command, cpu_percent, cpu_seconds, origin, names_installation}], pids of Ray's service).

    user: the service account; roots: main processes of its services. Of the account's processes those outside these trees,
    without the line of this module itself.
    """
    before = system.cpu_times()
    start = time.monotonic()
    time.sleep(seconds)
    running = everyone()
    passed = time.monotonic() - start
    parents = {pid: one["parent"] for pid, one in running.items()}
    owners = {pid: one["user"] for pid, one in running.items()}
    commands = {pid: one["command"] for pid, one in running.items()}
    service = tree(parents, roots)
    own = set(own_line(before, os.getpid()))
    found = []
    for pid, one in sorted(running.items()):
        if one["user"] != user or pid in service or pid in own:
            continue
        used = one["cpu"] - before[pid][1] if pid in before and one["cpu"] >= before[pid][1] else 0.0
        found.append(
            {
                "pid": pid,
                "command": reading.short(redaction.redact(one["command"])),
                "cpu_percent": round(used / passed * 100),
                "cpu_seconds": round(one["cpu"]),
                "origin": origin(pid, parents, owners, commands, user),
                "names_installation": processes.is_managed(one["command"], venv_root),
            }
        )
    found.sort(key=lambda one: -one["cpu_percent"])
    return found[:_MOST], service


def ports(bound, user, venv_root, documented, service):
    """Return the sockets that the audit is about: [{protocol, address, port, user, pid, command, of_service, managed}].

    bound: of sockets.bound(); those of the account, of programs of the installation, and those on documented ports.
    documented: [(first, last, protocol)]; service: pids of Ray's service.
    """
    found = []
    for one in bound:
        managed = processes.is_managed(one["command"], venv_root)
        known = any(first <= one["port"] <= last and one["protocol"] == protocol for first, last, protocol in documented)
        if one["user"] == user or managed or known or one["pid"] in service:
            command = reading.short(redaction.redact(one["command"]))
            found.append({**one, "command": command, "of_service": one["pid"] in service, "managed": managed})
    return sorted(found, key=lambda one: (one["protocol"], one["port"], one["address"]))[: 20 * _MOST]
