"""Values as people read them: SI prefixes, three significant digits, the unit always beside the number."""

from __future__ import annotations

from collections.abc import Sequence

_PREFIXES = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")]
# Units whose customary notation is not prefix + unit as stored.
_NAMES = {"bit/s": "b/s"}


def digits(value: float) -> str:
    """Return a number with three significant digits and no exponent."""
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:.0f}"
    if magnitude >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def human(value: float | None, unit: str) -> str:
    """Return ``value`` (SI base unit) as text: human(904e6, "bit/s") is "904 Mb/s"; a dash for None."""
    if value is None:
        return "-"
    if unit == "1":
        return digits(value)
    name = _NAMES.get(unit, unit)
    if value == 0:
        return f"0 {name}"
    if abs(value) < 1 and unit != "s":  # thousandths of a token are no unit
        return f"{digits(value)} {name}"
    for factor, prefix in _PREFIXES:
        if abs(value) >= factor * 0.9995 or factor == _PREFIXES[-1][0]:
            return f"{digits(value / factor)} {prefix}{name}"
    raise AssertionError("unreachable: the last prefix takes everything")


def in_one_unit(values: Sequence[float | None], unit: str) -> tuple[list[str], str]:
    """Return (numbers as text, their unit) with one prefix for all: that of the largest value; a dash for None."""
    name = "" if unit == "1" else _NAMES.get(unit, unit)
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    factor, prefix = 1.0, ""
    if name and (largest >= 1 or unit == "s") and largest:  # thousandths of a token are no unit
        factor, prefix = next((pair for pair in _PREFIXES if largest >= pair[0] * 0.9995), _PREFIXES[-1])
    return ["-" if value is None else digits(value / factor) for value in values], f"{prefix}{name}"


def percent(fraction: float | None) -> str:
    """Return a fraction as text, "96 %", or a dash for None."""
    return "-" if fraction is None else f"{fraction * 100:.0f} %"


def binary_size(size: float | None) -> str:
    """Return a number of bytes in GiB or MiB."""
    if size is None:
        return "-"
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
