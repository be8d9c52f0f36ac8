"""What a running Ray node shows besides its service: its sockets, what its watchdog has seen, whether it is in maintenance."""

from __future__ import annotations

import json
import os
import stat

_MOST = 1 << 16
_SOCKET = "--raylet_socket_name="
# As in roles/ray/files/ray_watchdog.py.
FAULTS = ("zombie", "sockets", "wedged", "dashboard")


def sockets_of(commands):
    """Return the paths of the raylets' sockets in command lines; a path with blanks is unknown."""
    words = (word for command in commands for word in command.split())
    return [word[len(_SOCKET) :] for word in words if word.startswith(_SOCKET)]


def has_sockets(commands):
    """Return whether the sockets of these raylets are on the disk, None if unknown."""
    found = [_exists(path) for path in sockets_of(commands) if path.startswith("/")]
    return None if None in found or not found else any(found)


def _exists(path):
    """Return whether something is at a path, None where that cannot be seen (a folder that this process may not enter)."""
    try:
        os.lstat(path)
        return True
    except FileNotFoundError:
        return False
    except OSError:
        return None


def read_document(path):
    """Return the dictionary in a JSON file of root, {} for anything else."""
    try:
        with open(path, encoding="utf-8") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return {}
            found = json.loads(stream.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def watched(state):
    """Return {faults: names, moved} of the watchdog's state file."""
    faults = state.get("faults")
    known = faults if isinstance(faults, dict) else {}
    return {"faults": [name for name in FAULTS if name in known], "moved": state.get("moved") is True}


def maintenance(path):
    """Return since when a node is in maintenance (text), "" for one that is not."""
    if not os.path.lexists(path):
        return ""
    since = read_document(path).get("since")
    return since if isinstance(since, str) and since else "unknown"
