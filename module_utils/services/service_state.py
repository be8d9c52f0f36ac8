"""What a node's Ray service is and does, from what its manager says: parsers and the pure part of module node_status_info."""

from __future__ import annotations

import re

from ..system.numbers import whole

# A service that was started this often and has not lived longer than this is one that keeps ending.
RESTARTS = 2
SECONDS = 60


def parse_show(text, uptime=None):
    """Return the service's state from ``systemctl show``; a unit that is not there is missing.

    uptime: seconds on the clock of ActiveEnterTimestampMonotonic, None where it is not known.
    """
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    state = "missing" if values.get("LoadState") == "not-found" else values.get("ActiveState", "unknown")
    entered = whole(values.get("ActiveEnterTimestampMonotonic", ""))
    age = max(uptime - entered / 1e6, 0) if uptime is not None and entered else None
    return {
        "manager": "systemd",
        "state": state,
        "restarts": whole(values.get("NRestarts", "")),
        "seconds": round(age) if age is not None and state == "active" else None,
    }


def launchd_state(job, seconds=None):
    """Return the service's state; job: as launchd.parse_print returns it, None when the label is not loaded."""
    if job is None:
        return {"manager": "launchd", "state": "missing", "restarts": None, "seconds": None}
    # xpcproxy: forked, its program not yet begun
    words = {
        "running": "active",
        "not running": "inactive",
        **dict.fromkeys(("spawn scheduled", "spawning", "xpcproxy"), "activating"),
    }
    state = words.get(job["state"]) or ("activating" if job["pid"] else job["state"])
    return {"manager": "launchd", "state": state, "restarts": max(job["runs"] - 1, 0), "seconds": seconds}


def parse_etime(text):
    """Return the seconds of ps's etime, [[days-]hours:]minutes:seconds, None for anything else."""
    match = re.fullmatch(r"(?:(?:(\d{1,9})-)?(\d{1,9}):)?(\d{1,9}):(\d{1,9})", text.strip())
    if not match:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def keeps_ending(service):
    """Return whether the manager starts the service again and again."""
    if service.get("state") == "activating":
        return True
    restarts, seconds = service.get("restarts") or 0, service.get("seconds")
    return service.get("state") == "active" and restarts >= RESTARTS and seconds is not None and seconds < SECONDS


def configured(command):
    """Return ``{address, head}`` of a Ray service's command line: its own address, and its head's host:port (None on a head)."""
    own = re.search(r"--node-ip-address=([^\s\"';]+)", command)
    head = re.search(r"--address=([^\s\"';]+)", command)
    return {"address": own.group(1) if own else None, "head": head.group(1) if head else None}
