"""One exception never loses a run: each derivation, verdict and part of the report runs in a separate guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .model import Failure

Result = TypeVar("Result")


def guarded(name: str, call: Callable[[], Result], fallback: Result, failures: list[Failure]) -> Result:
    """Return ``call()``, or ``fallback`` where it raises; a Failure is then appended to ``failures``.

    name: what failed, as a reader of the report knows it.
    """
    try:
        return call()
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        failures.append({"name": name, "error": f"{type(error).__name__}: {words}" if words else type(error).__name__})
        return fallback
