"""Places of the page that a link can name: made of names, so that the same link is right in the next run's report."""

from __future__ import annotations

import re
from collections.abc import Iterable


def anchor(*words: str) -> str:
    """Return an id of lower-case letters, digits and dashes: anchor("gemm.float32") is "gemm-float32"."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-") or "x"


def anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return {name: id}, each id once: of names that differ in other letters alone, later ones get a number."""
    made: dict[str, str] = {}
    for name in names:
        plain = anchor(prefix, name)
        tries = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(made) + 2))
        made[name] = next(one for one in tries if one not in made.values())
    return made
