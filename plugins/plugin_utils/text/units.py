"""Values as people read them: SI prefixes, three significant digits, the unit always beside the number."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PREFIXES = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")]
# Units whose customary notation is not prefix + unit as stored.
_NAMES = {"bit/s": "b/s"}
_UNIT = r"(?:[TGMkmµn]?(?:FLOP/s|B/s|b/s|s|Hz|token/s|task/s|FLOP)|[KMGT]?i?B|[TGMk]b/s|%|°C|V|W|USD)"
_LOOSE = re.compile(rf"(?<=\d) (?={_UNIT}(?![\w/]))")


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
    factor, name = in_unit(value, unit)
    return _named("0" if value == 0 and name else digits(value / factor), name)


def plus_minus(value: float | None, spread: float | None, unit: str) -> str:
    """Return a value with its spread, both in the value's prefix and with as many decimals: "22.0 ± 0.2 TFLOP/s"."""
    if value is None or spread is None:
        return human(value, unit)
    factor, name = in_unit(value, unit)
    middle, around = digits(value / factor), abs(spread / factor)
    decimals = len(middle.partition(".")[2])
    # A spread that would be rounded to nothing keeps one digit, one that is nothing has no decimals to show.
    exact = around == 0 or around >= 0.5 * 10.0**-decimals
    return _named(f"{middle} ± {f'{around:.{decimals}f}' if exact else f'{around:.1g}'}", name)


def _named(number: str, name: str) -> str:
    return f"{number} {name}" if name else number


def in_unit(value: float, unit: str) -> tuple[float, str]:
    """Return (factor, unit with its prefix) in which ``value`` (SI base unit) is read best: 27.2e12 FLOP/s: 1e12, "TFLOP/s"."""
    name = "" if unit == "1" else _NAMES.get(unit, unit)
    if unit == "1" or value == 0 or (abs(value) < 1 and unit != "s"):
        return 1.0, name
    for factor, prefix in _PREFIXES:
        if abs(value) >= factor * 0.9995:
            return factor, prefix + name
    return _PREFIXES[-1][0], _PREFIXES[-1][1] + name


def in_one_unit(values: Sequence[float | None], unit: str) -> tuple[list[str], str]:
    """Return (numbers as text, their unit) with one prefix for all: that of the largest value; a dash for None."""
    factor, name = in_unit(max((abs(value) for value in values if value is not None), default=0.0), unit)
    return ["-" if value is None else digits(value / factor) for value in values], name


def percent(fraction: float | None) -> str:
    """Return a fraction as text, "96 %", or a dash for None."""
    return "-" if fraction is None else f"{fraction * 100:.0f} %"


def binary_size(size: float | None) -> str:
    """Return a number of bytes in GiB or MiB."""
    if size is None:
        return "-"
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def bytes_size(size: float) -> str:
    """Return a number of bytes as it was chosen, in powers of 1024: "64 KiB", "1.5 MiB"."""
    for factor, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= factor:
            return f"{size / factor:.4g} {name}"
    return f"{size:g} B"


def unbroken(text: str) -> str:
    """Return text in which no line ends between a number and its unit, nor around a ±."""
    return _LOOSE.sub("\N{NO-BREAK SPACE}", text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"))
