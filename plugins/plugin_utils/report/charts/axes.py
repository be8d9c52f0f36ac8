"""Axes: scales, round values to label them with, and numbers with their unit said once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from ...text.units import in_unit

Scale = Callable[[float], float]
_LARGEST, _SMALLEST = 1e200, 1e-200  # of a number that can still be multiplied and divided
_FAR = 20  # times; values that differ by more share no linear axis
_PER_AXIS = 6
_SMALL = 1e-3  # of the unit of an axis; smaller values are labeled in units of their own prefix


class YAxis(NamedTuple):
    """A vertical axis; low is 0 unless it is logarithmic. factor: what a value is divided by to be in
    ``unit``, which is ``base`` with its prefix.
    """

    kind: Literal["linear", "log"]
    low: float
    high: float
    factor: float
    unit: str
    base: str


def usable(value: object) -> float | None:
    """Return a value that can be drawn, None for what is no finite number; a number beyond all measures is cut."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    bounded = min(max(float(value), -_LARGEST), _LARGEST)
    return 0.0 if abs(bounded) < _SMALLEST else bounded


def y_axis(values: Iterable[float], levels: Iterable[float], unit: str) -> YAxis:
    """Return the axis that shows all values from zero, or a logarithmic one where the large would hide the small.

    levels: ceilings, which the axis has to reach but which do not decide about its kind.
    """
    shown = [value for value in values if value > 0]
    high = max([*shown, *levels], default=0) or 1.0
    factor, name = in_unit(high, unit)
    if shown and max(shown) > _FAR * min(shown):
        return YAxis("log", 10.0 ** math.floor(math.log10(min(shown))), high * 1.3, factor, name, unit)
    return YAxis("linear", 0.0, high * 1.1, factor, name, unit)


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Return the linear map of low ... high to start ... end; without a range everything is in the middle."""
    if high - low <= 0:
        return lambda _value: (start + end) / 2
    return lambda value: start + (min(max(value, low), high) - low) / (high - low) * (end - start)


def upward(axis: YAxis, bottom: float, top: float) -> Scale:
    """Return the map of an axis's values to y; a value below a logarithmic axis stands on its edge."""
    if axis.kind == "linear":
        return scale(axis.low, axis.high, bottom, top)
    linear = scale(math.log10(axis.low), math.log10(axis.high), bottom, top)
    return lambda value: linear(math.log10(max(value, axis.low)))


def y_ticks(axis: YAxis, most: int = 5) -> list[tuple[float, str]]:
    """Return the values that an axis labels, with their numbers in the axis's unit."""
    if axis.kind == "linear":
        values = ticks(axis.high / axis.factor, most)
        return [(value * axis.factor, words) for value, words in zip(values, even(values))]
    first, last = math.floor(math.log10(axis.low)), math.floor(math.log10(axis.high))
    step = -(-(last - first + 1) // _PER_AXIS)
    powers = [10.0**power for power in range(first, last + 1, step)]
    if has_prefixes(axis):
        return [(power, _with_prefix(power, axis)) for power in powers]
    return [(power, _power(power / axis.factor)) for power in powers]


def has_prefixes(axis: YAxis) -> bool:
    """Return whether the labels of an axis have their units beside them, because it spans too much for one."""
    return axis.kind == "log" and axis.low < _SMALL * axis.factor


def _with_prefix(value: float, axis: YAxis) -> str:
    """Return a power of ten in the unit that suits it: 10 kb/s on an axis that goes up to 10 Gb/s."""
    factor, name = in_unit(value, axis.base)
    return f"{_power(value / factor)} {name}".rstrip()


def _power(value: float) -> str:
    return f"{value:,.0f}" if 1 <= value < 1e9 else f"{value:g}"


def ticks(top: float, most: int = 5) -> list[float]:
    """Return 0 and at most ``most`` round values up to ``top``."""
    if top <= _SMALLEST:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(top))
    for factor in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10):
        if top / (step * factor) <= most:
            step *= factor
            break
    return [step * count for count in range(int(top / step) + 1)]


def even(values: Sequence[float]) -> list[str]:
    """Return numbers with as many decimals as the finest of them needs: 0, 2.5, 5.0."""
    step = values[1] - values[0] if len(values) > 1 else 0
    decimals = 0
    while step and decimals < 9 and abs(round(step, decimals) - step) > step / 1000:
        decimals += 1
    return ["0" if not value else f"{value:,.{decimals}f}" if abs(value) < 1e9 else f"{value:.3g}" for value in values]


def number(value: float) -> str:
    """Return a number with three significant digits and separators of thousands: 22.0, 1,024, 0.00480."""
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-6:
        return f"{value:.3g}"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1 or not size:
        return f"{value:.2f}" if size else "0"
    return f"{value:.{2 - math.floor(math.log10(size))}f}"


def size_words(value: float) -> str:
    """Return the size of a matrix: 512, 4,096."""
    return f"{value:,.0f}" if value < 1e9 else f"{value:.3g}"


def byte_words(value: float) -> str:
    """Return a number of bytes: 64 B, 128 KiB, 1 MiB."""
    for factor, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if value >= factor:
            return f"{number(value / factor) if value % factor else f'{value / factor:,.0f}'} {name}"
    return f"{value:.0f} B"


def second_words(value: float) -> str:
    """Return a number of seconds without the unit, which the axis has."""
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def spread(values: Sequence[float], most: int) -> list[float]:
    """Return at most ``most`` of the values, with the first and the last."""
    if len(values) <= most:
        return list(values)
    last = len(values) - 1
    return [values[round(place * last / (most - 1))] for place in range(most)]
