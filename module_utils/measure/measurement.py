"""What a measuring module returns: measurements, rows of what was not measured, and the exit that carries both.

The shape of a measurement is Measurement in plugins/plugin_utils/model.py; its name, unit and direction are those of the
registry of metrics (plugins/plugin_utils/metrics).
"""

from __future__ import annotations

from typing import Any

CHECK_MODE = "check mode: nothing is measured"


def measurement(
    name: str,
    unit: str,
    samples: list[float],
    *,
    scope: str,
    subject: list[str],
    better: str | None = None,
    link: str | None = None,
    params: dict[str, Any] | None = None,
    flags: tuple[str, ...] | list[str] = (),
    context: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a measurement.

    samples: raw, in ``unit`` (an SI base unit); scope: node, pair or cluster; subject: names of the nodes, of a directed pair the
    sender first; better: higher or lower, by default lower for seconds and higher for all else; params: what was
    measured; context: what was seen meanwhile.
    """
    return {
        "name": name,
        "scope": scope,
        "subject": list(subject),
        "link": link,
        "params": dict(params or {}),
        "unit": unit,
        "better": better or ("lower" if unit == "s" else "higher"),
        "samples": samples,
        "flags": list(flags),
        "context": dict(context or {}),
    }


def not_measured(name: str, subject: list[str], reason: str, link: str | None = None) -> dict[str, Any]:
    """Return a row about what has no value; name: of the metric, or of its suite; reason: a sentence or its beginning."""
    return {"name": name, "subject": list(subject), "link": link, "reason": reason}


def finish(module: Any, measurements: list[dict[str, Any]], skipped: list[dict[str, Any]]) -> None:
    """End a measuring module; skipped: rows of not_measured()."""
    module.exit_json(changed=False, measurements=measurements, not_measured=skipped)
