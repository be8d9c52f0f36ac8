"""The SSH connection that a process of a node came by: while its sshd lives, so does the controller's end of it."""

from __future__ import annotations

import os
import subprocess

from ..services.process import start_time

_GENERATIONS = 20  # sshd, the login shell, sudo, sh, python


def parent_of(pid):
    """Return (parent, name) of a process, (0, "") without one."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            begin, _bracket, rest = stream.read().decode(errors="replace").rpartition(")")
        return int(rest.split()[1]), begin.partition("(")[2]
    except (OSError, ValueError, IndexError):
        if os.path.isdir("/proc/self"):
            return 0, ""
    argv = ["ps", "-o", "ppid=,comm=", "-p", str(pid)]
    fields = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split(None, 1)
    return (int(fields[0]), os.path.basename(fields[1].strip())) if len(fields) == 2 and fields[0].isdigit() else (0, "")


def of(pid):
    """Return {pid, started} of the nearest sshd above a process, None where there is none (a local connection)."""
    for _generation in range(_GENERATIONS):
        pid, _name = parent_of(pid)
        if pid <= 1:
            return None
        if parent_of(pid)[1].startswith("sshd"):
            return {"pid": pid, "started": start_time(pid)}
    return None


def is_alive(login):
    """Return whether the sshd of of() still runs."""
    return bool(login) and start_time(login["pid"]) == login["started"]
