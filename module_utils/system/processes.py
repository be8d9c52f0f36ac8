"""The node's processes: what runs, and which of it is Ray or belongs to this installation."""

from __future__ import annotations

import re

from .current import system

# What Ray starts beside its two daemons.
_RAY_CHILD = re.compile(r"site-packages/ray/|\bray\.util\.client\.server\b|^ray::|^ray-dashboard-|/bin/ray start ")


def running():
    """Return [{pid, user, command}] of all processes that are visible here and share our network."""
    return system.running_processes()


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
