"""One exception never loses a run: each derivation, verdict and part of the report runs in a guard of its own."""

from __future__ import annotations


def guarded(name, call, fallback, failures):
    """Return ``call()``, or ``fallback`` where it raises; the sentence about it is appended to ``failures``.

    name: what failed, as a reader of the report knows it; failures: list of {name, error}.
    """
    try:
        return call()
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        failures.append({"name": name, "error": f"{type(error).__name__}: {words}" if words else type(error).__name__})
        return fallback
