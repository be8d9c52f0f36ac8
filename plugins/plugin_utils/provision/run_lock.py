"""Which run of Ansible this is, and whether another one on the same controller has ended."""

from __future__ import annotations

import contextlib
import functools
import getpass
import hashlib
import os
import socket
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.saf.fabric.plugins.module_utils.services.process import start_time
from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line


class Mark(NamedTuple):
    """What names a run. place: where its pid means something; text() differs from that of every other run."""

    place: str
    pid: int
    started: str

    def text(self) -> str:
        return f"{self.place} {self.pid} {self.started}"


@functools.cache
def place() -> str:
    """Return what two processes have in common if each can see whether the other lives: machine, boot and PID namespace."""
    parts = [socket.gethostname(), str(uuid.getnode())]
    with contextlib.suppress(OSError):  # a Mac has neither
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def mark_of(pid: int) -> Mark:
    return Mark(place(), pid, start_time(pid).replace(" ", "_"))


def holder_of(mark: Mark) -> dict[str, Any]:
    """Return what the module writes."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, in a container
        who = str(os.getuid())
    return {"mark": mark.text(), "place": mark.place, "pid": mark.pid, "who": f"{who}@{socket.gethostname()}"}


def has_ended(text: object) -> bool:
    """Return whether a mark, as a node returns it, is of a run on this controller that has ended."""
    parts = str(text).split(" ")
    if len(parts) != 3 or parts[0] != place() or not parts[1].isdigit() or len(parts[1]) > 10:
        return False
    return mark_of(int(parts[1])).started != parts[2]


def sentence(node: str, holder: dict[str, Any], repeat: str, forced: str) -> str:
    """Return why the run ends, and what to type; repeat, forced: commands."""
    who, pid, minutes = one_line(holder.get("who"), 100), holder.get("pid"), int(holder.get("seconds") or 0) // 60
    since = f"for {minutes} min" if minutes else "for less than a minute"
    return (
        f"Another run is changing {node}: {who}, process {pid}, {since}. Wait until it has ended, then repeat:\n{repeat}\n"
        f"If you know that it has ended:\n{forced}"
    )
