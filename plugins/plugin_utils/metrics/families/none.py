"""The ceiling of what has none."""

from __future__ import annotations

from ...model import Measurement
from ..context import Context
from ..row import Ceiling


def no_ceiling(_metric: Measurement, _context: Context) -> Ceiling:
    """Nothing bounds such a metric."""
    return None, "no ceiling is defined for this metric"
