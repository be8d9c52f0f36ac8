"""Summaries of raw samples: order statistics, because a single slow sample must not move the figure."""

from __future__ import annotations

import math


def ratio(part, whole):
    """Return ``part / whole``, or None unless both are finite numbers and ``whole`` is above 0.

    Every division by a measured value goes through it: a link that carries nothing measures 0.
    """
    for number in (part, whole):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            return None
    return part / whole if whole > 0 else None


def median(samples):
    """Return the median of a non-empty list."""
    ordered = sorted(samples)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def mad(samples):
    """Return the median absolute deviation from the median, in the samples' unit (not scaled to a sigma)."""
    centre = median(samples)
    return median([abs(sample - centre) for sample in samples])


def percentile(samples, share):
    """Return the nearest-rank percentile; share is 0 to 1."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def summarise(samples):
    """Return ``{n, median, mad, p95, min, max}`` of a non-empty list."""
    return {
        "n": len(samples),
        "median": median(samples),
        "mad": mad(samples),
        "p95": percentile(samples, 0.95),
        "min": min(samples),
        "max": max(samples),
    }
