"""What a node is busy with now, apart from us: processor time of all processes between two looks.

Not the load average, and not the share that ps tells: both still remember for a minute what has ended, our own provisioning above
all.
"""

from __future__ import annotations

import glob
import os
import platform
import re
import time

from .command import command_output

_LOOK_S = 1.0
_LOOKS = 3  # a burst that has passed disturbs no measurement
_CALM = 0.5  # cores; below it nobody looks again
_LEAST = 20  # per cent of one core
_MOST = 3  # processes


def parse_stat(text, ticks_per_second):
    """Return (command, seconds of processor time used so far, parent) of /proc/<pid>/stat; commands may hold blanks, brackets."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return head.partition("(")[2], (int(fields[11]) + int(fields[12])) / ticks_per_second, int(fields[1])


def parse_time(text):
    """Return the seconds of a time as ps writes it: 0:01.23 and 123:45.67 (macOS), 00:01:23 and 1-02:03:04 (Linux)."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)", text)
    if not match:
        return 0.0
    days, hours, minutes, seconds = match.groups()
    return ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes)) * 60 + float(seconds.replace(",", "."))


def parse_ps(text):
    """Return {pid: (command, seconds of processor time, parent)} of ``ps -A -o pid= -o ppid= -o time= -o comm=``."""
    rows = [line.split(None, 3) for line in text.splitlines()]
    return {int(row[0]): (os.path.basename(row[3].strip()), parse_time(row[2]), int(row[1])) for row in rows if len(row) == 4}


def top(shares):
    """Return [{command, cpu_percent}] of the few that matter, the busiest first; shares: [(command, per cent of one core)]."""
    busy = sorted((share for share in shares if share[1] >= _LEAST), key=lambda share: -share[1])
    return [{"command": command, "cpu_percent": round(percent)} for command, percent in busy[:_MOST]]


def used(before, after, seconds):
    """Return [(command, per cent of one core)] from two looks ``{pid: (command, seconds used, parent)}`` some seconds apart."""
    shares = []
    for pid, (command, total, _parent) in after.items():
        earlier = before.get(pid, ("", 0.0, 0))[1]
        # Less than before: another process has got the number meanwhile. What is new has used no more than there was.
        spent = total - earlier if pid in before and total >= earlier else min(total, seconds)
        shares.append((command, spent / seconds * 100))
    return shares


def ourselves(found, pid):
    """Return the processes of a look that belong to the measurement: we and all above us (SSH, sudo, the controller)."""
    line = []
    while pid in found and pid not in line:
        line.append(pid)
        pid = found[pid][2]
    return line


def _look():
    if platform.system() == "Darwin":
        found = parse_ps(command_output("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "time=", "-o", "comm="))
    else:
        found, ticks = {}, os.sysconf("SC_CLK_TCK")
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as stream:
                    found[int(path.split("/")[2])] = parse_stat(stream.read(), ticks)
            except (OSError, IndexError, ValueError):  # it has ended meanwhile
                continue
    for pid in ourselves(found, os.getpid()):
        del found[pid]
    return found


def now():
    """Return {busiest: [{command, cpu_percent}], busy_cores} of the calmest of a few looks (asks the system)."""
    looks = []
    for _number in range(_LOOKS):
        if looks:
            time.sleep(_LOOK_S)
        before, begun = _look(), time.monotonic()
        time.sleep(_LOOK_S)
        looks.append(used(before, _look(), time.monotonic() - begun))
        if _cores(looks[-1]) < _CALM:
            break
    calmest = min(looks, key=_cores)
    return {"busiest": top(calmest), "busy_cores": round(_cores(calmest), 2)}


def _cores(shares):
    return sum(percent for _command, percent in shares) / 100
