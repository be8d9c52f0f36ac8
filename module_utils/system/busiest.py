"""The processes that keep a node busy now, without our own: CPU time between two samples of all processes.

Not the load average, and not the percentage of ps: both still contain for a minute what has ended, above all our provisioning.
"""

from __future__ import annotations

import os
import time

from .current import system

_INTERVAL_SECONDS = 1.0
_INTERVALS = 3  # a burst that has passed disturbs no measurement
_CALM_CORES = 0.5  # below it no further interval is taken
_MIN_PERCENT = 20  # of one core
_MAX_PROCESSES = 3


def top(loads):
    """Return [{command, cpu_percent}] of the few that matter, the busiest first; loads: [(command, percent of one core)]."""
    busy = sorted((load for load in loads if load[1] >= _MIN_PERCENT), key=lambda load: -load[1])
    return [{"command": command, "cpu_percent": round(percent)} for command, percent in busy[:_MAX_PROCESSES]]


def used(before, after, seconds):
    """Return [(command, percent of one core)] from two samples ``{pid: (command, CPU seconds, parent)}`` some seconds apart."""
    loads = []
    for pid, (command, total, _parent) in after.items():
        earlier = before.get(pid, ("", 0.0, 0))[1]
        # Less than before: another process has the number now. A new one has used no more than the interval.
        spent = total - earlier if pid in before and total >= earlier else min(total, seconds)
        loads.append((command, spent / seconds * 100))
    return loads


def own_line(found, pid):
    """Return the process ``pid`` and its ancestors in a sample: the measurement itself (module, SSH, sudo, controller)."""
    line = []
    while pid in found and pid not in line:
        line.append(pid)
        pid = found[pid][2]
    return line


def _sample():
    """Return {pid: (command, CPU seconds, parent)} of all processes but our own line."""
    found = system.cpu_times()
    for pid in own_line(found, os.getpid()):
        del found[pid]
    return found


def now():
    """Return {busiest: [{command, cpu_percent}], busy_cores} of the calmest of a few intervals; takes up to 5 seconds."""
    intervals: list = []
    for _number in range(_INTERVALS):
        if intervals:
            time.sleep(_INTERVAL_SECONDS)
        before, start = _sample(), time.monotonic()
        time.sleep(_INTERVAL_SECONDS)
        intervals.append(used(before, _sample(), time.monotonic() - start))
        if _cores(intervals[-1]) < _CALM_CORES:
            break
    calmest = min(intervals, key=_cores)
    return {"busiest": top(calmest), "busy_cores": round(_cores(calmest), 2)}


def _cores(loads):
    return sum(percent for _command, percent in loads) / 100
