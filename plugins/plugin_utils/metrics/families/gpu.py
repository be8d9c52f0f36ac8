"""What the system reports of a Mac's GPU while a suite runs."""

from __future__ import annotations

from ...analysis import ceilings
from ...model import Measurement
from ...trust.shapes import text
from ..context import Context
from ..row import Ceiling, MetricRow
from ..series import Family, param

_GPU = (
    "Macs, while a suite runs (`params.suite`), once a second: `ioreg`'s \"Device Utilization %\"; `powermetrics`' active "
    "frequency (root). Both are estimates of the system, shown beside the measured rates: busy is not fast. A GPU that is 80 % "
    "busy at full clock and far below its peak waits for memory or for the host"
)
_BUSY = Family("gpu_utilization", "Utilization of the GPU while a suite runs, as the system reports it, median")
_CLOCK = Family("gpu_clock", "Clock of the GPU while it is busy, median")


def highest_clock(metric: Measurement, context: Context) -> Ceiling:
    """Return the highest clock of the GPU."""
    facts = context.facts(metric)
    clock, source = ceilings.apple_clock(facts, ceilings.apple_row(facts, context.data["peaks"]))
    return clock, source or "the highest clock of this GPU is not known"


def always_busy(_metric: Measurement, _context: Context) -> Ceiling:
    """A GPU is busy all the time at most."""
    return 1.0, "the GPU is never idle"


ROWS = tuple(
    MetricRow(
        name=name,
        title=title,
        unit=unit,
        better="higher",
        scopes=("node",),
        sample=_GPU,
        params={"suite": text, "source": text},
        describe=lambda given: f"while {given.params['suite']} was measured, by {given.params['source']}",
        ceiling=ceiling,
        family=family,
        labels={"suite": param("suite"), "tool": param("source")},
    )
    for name, title, unit, ceiling, family in (
        ("gpu.utilisation", "GPU utilization, as the system reports it", "1", always_busy, _BUSY),
        ("gpu.clock", "GPU clock while busy", "Hz", highest_clock, _CLOCK),
    )
)
