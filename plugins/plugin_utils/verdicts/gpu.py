"""What a Mac says of its GPU while something was measured, in words for a finding."""

from __future__ import annotations

from ..analysis import statistics
from ..text.units import human, percent
from .finding import named

_BUSY = 0.7
_FULL_CLOCK = 0.9


def words(run, node, suite):
    """Return one sentence about utilisation and clock of a node during a suite, "" where neither was told."""
    busy = _median(run, "gpu.utilisation", node, suite)
    clock = _metric(run, "gpu.clock", node, suite)
    if busy is None:
        return ""
    sentence = f"The system calls the GPU {percent(busy)} busy meanwhile"
    if clock is not None:
        ceiling = f" of {human(clock['ceiling'], 'Hz')}" if clock["ceiling"] else ""
        sentence += f", at {human(clock['median'], 'Hz')}{ceiling}"
    if busy < _BUSY:
        return sentence + ": it waits for the host."
    if clock is not None and clock["share"] is not None and clock["share"] < _FULL_CLOCK:
        return sentence + ": its clock is held down."
    return sentence + ": busy is not fast, it waits for memory or runs small products."


def _metric(run, name, node, suite):
    for metric in named(run, name):
        if metric["subject"] == [node] and metric["params"]["suite"] == suite:
            return metric
    return None


def _median(run, name, node, suite):
    metric = _metric(run, name, node, suite)
    return None if metric is None else statistics.median(metric["samples"])
