"""A Mac's GPU while something is measured: its utilization by ioreg (no root), its clock by powermetrics (root).

Both are estimates of the system (see powermetrics(1)): they complement the measured rates and do not replace them. A high
utilization at a low fraction of the peak means that the GPU is busy with something other than arithmetic, or clocked low.
"""

from __future__ import annotations

import os
import re
import threading

from . import current, darwin
from .command import command_output

_PERIOD_S = 1.0


def parse_ioreg(text):
    """Return the utilization (0 to 1) in ``ioreg -r -d 1 -w 0 -c IOAccelerator``: the busiest entry, None without one."""
    found = [int(value) for value in re.findall(r'"Device Utilization %"=(\d{1,9})\b', text)]
    return max(found) / 100 if found else None


def parse_powermetrics(text):
    """Return ``{clock_hz, active}`` of ``powermetrics --samplers gpu_power``; None for what is missing."""
    clock = re.search(r"GPU HW active frequency:[ \t]+(\d{1,9}) MHz", text)
    active = re.search(r"GPU HW active residency:[ \t]+(\d{1,9}(?:\.\d{1,9})?)%", text)
    return {
        "clock_hz": int(clock.group(1)) * 10**6 if clock else None,
        "active": float(active.group(1)) / 100 if active else None,
    }


class Sampler:
    """Context manager, for any number of blocks: takes a sample every second while one runs, on macOS only."""

    def __init__(self):
        self.utilization, self.clocks = [], []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self):
        self._ended.clear()
        if current.system is darwin:
            self._thread = threading.Thread(target=self._sample, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._ended.set()
        if self._thread is not None:
            self._thread.join(5)

    def _sample(self):
        while not self._ended.wait(_PERIOD_S):
            value = parse_ioreg(command_output("ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator"))
            if value is not None:
                self.utilization.append(value)
            if os.geteuid() == 0:
                clock = parse_powermetrics(command_output("powermetrics", "--samplers", "gpu_power", "-i", "1000", "-n", "1"))[
                    "clock_hz"
                ]
                if clock:
                    self.clocks.append(clock)
