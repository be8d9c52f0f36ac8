"""Numbers in what commands and files say: unknown where a text is none, whatever else it is. Pure functions.

str.isdigit() takes characters that int() refuses, and Python converts no number of thousands of digits.
"""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[0-9]{1,18}")  # less than 2**63, which is all that counters hold
_DECIMAL = re.compile(r"[0-9]{1,18}(?:[.,][0-9]{1,18})?")


def whole(text, unknown=None):
    """Return the whole number of 0 or more that a text is, ``unknown`` where it is none."""
    plain = text.strip()
    return int(plain) if _WHOLE.fullmatch(plain) else unknown


def decimal(text, unknown=None):
    """Return the number of 0 or more that a text is, with a point or a comma, ``unknown`` where it is none."""
    plain = text.strip()
    return float(plain.replace(",", ".")) if _DECIMAL.fullmatch(plain) else unknown
