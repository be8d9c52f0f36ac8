"""Which processes keep a node busy: a busy node is told with what it is busy.

Linux: processor time of two looks at /proc; elsewhere ps, whose share is a decaying average over up to a minute (ps(1)).
"""

from __future__ import annotations

import glob
import os
import platform
import time

from .node_state import command_output

_LOOK_S = 0.5
_LEAST = 20  # per cent of one core
_MOST = 3  # processes


def parse_stat(text):
    """Return (command, clock ticks used so far) of /proc/<pid>/stat; a command may hold blanks and brackets."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return head.partition("(")[2], int(fields[11]) + int(fields[12])


def parse_ps(text):
    """Return [(command, per cent of one core)] of ``ps -A -o pcpu= -o comm=``; macOS gives whole paths."""
    rows = [line.split(None, 1) for line in text.splitlines()]
    return [(os.path.basename(row[1].strip()), float(row[0].replace(",", "."))) for row in rows if len(row) == 2]


def top(shares):
    """Return [{command, cpu_percent}] of the few that matter, the busiest first; shares: [(command, per cent of one core)]."""
    busy = sorted((share for share in shares if share[1] >= _LEAST), key=lambda share: -share[1])
    return [{"command": command, "cpu_percent": round(percent)} for command, percent in busy[:_MOST]]


def used(before, after, seconds, ticks_per_second):
    """Return [(command, per cent of one core)] from two looks ``{pid: (command, ticks)}`` some seconds apart."""
    return [
        (command, (ticks - before[pid][1]) / ticks_per_second / seconds * 100)
        for pid, (command, ticks) in after.items()
        if pid in before and before[pid][0] == command
    ]


def _look():
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                found[int(path.split("/")[2])] = parse_stat(stream.read())
        except (OSError, IndexError, ValueError):  # it has ended meanwhile
            continue
    found.pop(os.getpid(), None)
    return found


def processes():
    """Return the busiest processes now (asks the system)."""
    if platform.system() == "Darwin":
        return top(parse_ps(command_output("ps", "-A", "-o", "pcpu=", "-o", "comm=")))
    before, begun = _look(), time.monotonic()
    time.sleep(_LOOK_S)
    return top(used(before, _look(), time.monotonic() - begun, os.sysconf("SC_CLK_TCK")))
