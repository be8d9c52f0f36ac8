"""The node's processes: what runs, and which of it is Ray or belongs to this installation."""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import pwd
import re

from .command import command_output, read

# What Ray starts beside its two daemons.
_RAY_CHILD = re.compile(r"site-packages/ray/|\bray\.util\.client\.server\b|^ray::|^ray-dashboard-|/bin/ray start ")


def parse_ps(text):
    """Return [{pid, user, command}] of ``ps -axww -o pid= -o user= -o args=``.

    An -o for each column: to BSD's ps all that follows the first "=" is that column's header, commas included.
    """
    rows = [line.split(None, 2) for line in text.splitlines()]
    return [{"pid": int(row[0]), "user": row[1], "command": row[2]} for row in rows if len(row) == 3]


def _same_network(folder):
    """Return whether a process shares our network; one in a container has ports of its own and is a node of its own."""
    try:
        return os.readlink(f"{folder}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:
        return True


def running():
    """Return [{pid, user, command}] of all processes that we may see and that share our network."""
    if platform.system() == "Darwin":
        return parse_ps(command_output("ps", "-axww", "-o", "pid=", "-o", "user=", "-o", "args="))
    found = []
    for folder in glob.glob("/proc/[0-9]*"):
        command = read(f"{folder}/cmdline").replace("\0", " ").strip()
        if not command or not _same_network(folder):
            continue
        with contextlib.suppress(OSError):
            user = user_name(os.stat(folder).st_uid)
            found.append({"pid": int(os.path.basename(folder)), "user": user, "command": command})
    return found


def user_name(uid):
    """Return an account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def is_managed(command: str, venv_root: str) -> bool:
    """Return whether a command line belongs to the installation in ``venv_root``."""
    return re.search(rf"(?:^|[\s=:\"']){re.escape(venv_root.rstrip('/'))}/", command) is not None


def is_ray(command: str) -> bool:
    """Return whether a command line is one of Ray's two daemons."""
    return bool(ray_daemon(command))


def ray_daemon(command: str) -> str:
    """Return the program of a command line that is one of Ray's two daemons, "" for any other; its path may have blanks."""
    words = command.split()
    # Both have nothing but long options.
    program = command.split(" --", 1)[0].rstrip()
    candidates = words[:1] + ([program] if program.startswith("/") and " /" not in program else [])
    return next((path for path in candidates if path.rsplit("/", 1)[-1] in ("raylet", "gcs_server")), "")


def is_part_of_ray(command: str) -> bool:
    """Return whether a command line is any process that Ray starts."""
    return is_ray(command) or _RAY_CHILD.search(command) is not None
