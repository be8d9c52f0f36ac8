"""Processes and sockets of a Mac: parsers of ps and lsof, and what they are fed."""

from __future__ import annotations

import os
import re

from ..command import command_output
from ..numbers import whole


def parse_time(text):
    """Return the seconds of a time as ps writes it: 0:01.23 and 123:45.67 (macOS), 00:01:23 and 1-02:03:04 (Linux)."""
    match = re.fullmatch(r"(?:(\d{1,9})-)?(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9}(?:[.,]\d{1,9})?)", text)
    if not match:
        return 0.0
    days, hours, minutes, seconds = match.groups()
    return ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes)) * 60 + float(seconds.replace(",", "."))


def parse_ps(text):
    """Return {pid: (command, CPU seconds, parent)} of ``ps -A -o pid= -o ppid= -o time= -o comm=``."""
    rows = [line.split(None, 3) for line in text.splitlines()]
    numbered = [(whole(row[0]), whole(row[1]), row) for row in rows if len(row) == 4]
    return {
        pid: (os.path.basename(row[3].strip()), parse_time(row[2]), parent)
        for pid, parent, row in numbered
        if pid is not None and parent is not None
    }


def parse_lsof(text):
    """Return {(pid, address, port)} of ``lsof -nP -iTCP -sTCP:LISTEN -F pn``."""
    found, pid = set(), 0
    for line in text.splitlines():
        name, _, last = line[1:].rpartition(":")
        port = whole(last)
        if line.startswith("p"):
            pid = whole(line[1:], 0)
        elif line.startswith("n") and port is not None:
            found.add((pid, name.strip("[]"), port))
    return found


def parse_ps_args(text):
    """Return [{pid, user, command}] of ``ps -axww -o pid= -o user= -o args=``.

    An -o for each column: to BSD's ps all that follows the first "=" is that column's header, commas included.
    """
    rows = [line.split(None, 2) for line in text.splitlines()]
    numbered = [(whole(row[0]), row) for row in rows if len(row) == 3]
    return [{"pid": pid, "user": row[1], "command": row[2]} for pid, row in numbered if pid is not None]


def running_processes():
    """Return [{pid, user, command}] of all processes."""
    return parse_ps_args(command_output("ps", "-axww", "-o", "pid=", "-o", "user=", "-o", "args="))


def cpu_times():
    """Return {pid: (command, CPU seconds used so far, parent pid)} of all processes."""
    return parse_ps(command_output("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "time=", "-o", "comm="))


def listening_addresses(pids):
    """Return {(address, port)} on which these processes listen by TCP; the address is "*" for all."""
    text = command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pn")
    return {(address, port) for pid, address, port in parse_lsof(text) if pid in pids}
