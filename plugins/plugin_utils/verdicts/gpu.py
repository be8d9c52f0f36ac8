"""What the system reported of a GPU while something was measured, in words for a finding."""

from __future__ import annotations

from ..analysis import statistics
from ..model import Metric, RunDocument
from ..text.units import human, percent
from ..thresholds import GPU_BUSY, GPU_FULL_CLOCK
from .finding import named


def words(run: RunDocument, node: str, suite: str) -> str:
    """Return one sentence about utilization and clock of a node during a suite, "" where neither was reported."""
    utilization = _metric(run, "gpu.utilisation", node, suite)
    clock = _metric(run, "gpu.clock", node, suite)
    if utilization is None:
        return ""
    busy = statistics.median(utilization["samples"])
    sentence = f"The system reports the GPU {percent(busy)} busy meanwhile"
    if clock is not None:
        ceiling = f" of {human(clock['ceiling'], 'Hz')}" if clock["ceiling"] else ""
        sentence += f", at {human(clock['median'], 'Hz')}{ceiling}"
    if busy < GPU_BUSY:
        return sentence + ": it waits for the host."
    if clock is not None and clock["share"] is not None and clock["share"] < GPU_FULL_CLOCK:
        return sentence + ": its clock is held down."
    return sentence + ": busy is not fast, it waits for memory or runs small products."


def _metric(run: RunDocument, name: str, node: str, suite: str) -> Metric | None:
    for metric in named(run, name):
        if metric["subject"] == [node] and metric["params"]["suite"] == suite:
            return metric
    return None
