"""The shape of a finding, and what several verdicts need."""

from __future__ import annotations

from ..analysis.statistics import ratio


def finding(severity, kind, subject, measured, expected, because, advice, cost, gain_at_most=None):
    """Return one finding; cost (0 to 1: the share that is lost) ranks it among those of its severity."""
    return {
        "severity": severity,
        "kind": kind,
        "subject": list(subject),
        "measured": measured,
        "expected": expected,
        "because": because,
        "advice": advice,
        "gain_at_most": gain_at_most,
        "cost": cost,
    }


def named(run, name):
    """Return the metrics of a run with one name."""
    return [metric for metric in run["metrics"] if metric["name"] == name]


def bounded_gain(share, factor):
    """Return the most that a resource ``factor`` times as fast can give when it takes ``share`` of the time (Amdahl).

    factor: None where the resource gives nothing now; the gain is then without a bound, which None says.
    """
    return ratio(1, (1 - share) + share / factor) if factor else None
