"""Whether something that is sampled in every cycle grows: the median slope (Theil-Sen), which single outliers do not move."""

from __future__ import annotations

import statistics

# What may come on top over all cycles: (absolute, relative to the median).
TOLERANCES = {
    "processes": (3, 0.10),
    "memory_mib": (100, 0.10),
    "open_files": (60, 0.10),
    "disk_mib": (50, 0.15),
}
WARM_UP = 0.2  # of the cycles: caches fill, worker processes are kept, the first sessions are all new


def slope(values):
    """Return the median of the slopes between all pairs, per cycle."""
    pairs = [(later - values[i]) / (j - i) for i in range(len(values)) for j, later in enumerate(values[i + 1 :], i + 1)]
    return statistics.median(pairs) if pairs else 0.0


def settled(values):
    """Return the values behind the warm-up."""
    return values[int(len(values) * WARM_UP) :]


def growth(values):
    """Return by how much it has grown from the end of the warm-up to the end, by its median slope."""
    values = settled(values)
    return slope(values) * max(0, len(values) - 1)


def allowed(quantity, values):
    absolute, relative = TOLERANCES[quantity]
    return max(absolute, relative * statistics.median(settled(values)))


def is_flat(quantity, values):
    """Return whether the growth is within the tolerance. Less than three values prove nothing, and are not flat."""
    return len(settled(values)) >= 3 and growth(values) <= allowed(quantity, values)
