"""Summaries of raw samples: order statistics, because a single slow sample must not move the value."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, TypedDict


class Summary(TypedDict):
    """What a metric has of its samples, in their unit; mad: median absolute deviation, not scaled to a sigma."""

    n: int
    median: float
    mad: float
    p95: float
    min: float
    max: float


def ratio(part: Any, whole: Any) -> float | None:
    """Return ``part / whole``, or None unless both are finite numbers and ``whole`` is above 0.

    Every division by a measured value goes through it: a link that carries nothing measures 0.
    """
    for number in (part, whole):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            return None
    return float(part / whole) if whole > 0 else None


def median(samples: Sequence[float]) -> float:
    """Return the median of a non-empty list."""
    return statistics.median(samples)


def mad(samples: Sequence[float]) -> float:
    """Return the median absolute deviation from the median, in the samples' unit (not scaled to a sigma)."""
    centre = median(samples)
    return median([abs(sample - centre) for sample in samples])


def percentile(samples: Sequence[float], fraction: float) -> float:
    """Return the nearest-rank percentile; fraction is 0 to 1."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(fraction * len(ordered)) - 1, 0)]


def summarise(samples: Sequence[float]) -> Summary:
    """Return the summary of a non-empty list."""
    return {
        "n": len(samples),
        "median": median(samples),
        "mad": mad(samples),
        "p95": percentile(samples, 0.95),
        "min": min(samples),
        "max": max(samples),
    }
