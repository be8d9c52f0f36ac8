"""What the measuring modules return, as shapes: the border between raw files and the run document.

A value of the wrong type becomes unknown; a measurement without what its metric needs becomes a row of "not measured".
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from .. import metrics
from ..model import Measurement, NotMeasured
from ..text.labels import FLAGS
from .shapes import Shape, above, at_least, finite, number, shaped, text, truth

SCOPES = ("node", "pair", "cluster")
_LEAST_MTU = 68  # of IPv4 (RFC 791)
_WORD = re.compile(r"[a-z][a-z0-9_.]{0,99}")  # as in data/run.schema.json
_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f<>|`]{1,255}")

LINK: Mapping[str, Shape] = {
    "interface": text,
    "address": text,
    "kind": text,
    "negotiated_bps": above(0),
    "capable_bps": above(0),
    "partner_bps": above(0),
    "mtu": at_least(_LEAST_MTU),
    "mtu_passes": truth,
    "driver": text,
    "lower": text,
    "speed_is_nominal": truth,
}
CONDITIONS: Mapping[str, Shape] = {
    "load_average": [at_least(0)],
    "power": {"*": text},
    "busiest": [lambda one: one if isinstance(one, dict) and text(one.get("command")) and "cpu_percent" in one else None],
    "busy_cores": at_least(0),
    "swap_used_bytes": at_least(0),
    "memory_available_bytes": at_least(0),
    "cpu_speed_limit_percent": above(0),
    "cpu_clock_hz": above(0),
    "temperature_c": number,
}
FACTS: Mapping[str, Shape] = {
    "system": text,
    "machine": text,
    "model": text,
    "chip": text,
    "virtual": text,
    "memory_bytes": above(0),
    "cpu": {"model": text, "cores_physical": above(0), "cores_logical": above(0), "cores_limit": above(0)},
    "gpu": {
        "kind": text,
        "name": text,
        "cores": above(0),
        "wired_limit_bytes": at_least(0),
        "working_set_bytes": above(0),
        "clock_tables_hz": {"*": above(0)},
        "cuda": {
            "capability": text,
            "multiprocessors": above(0),
            "clock_khz": above(0),
            "memory_clock_khz": above(0),
            "memory_bus_bits": above(0),
        },
    },
    "os": {"name": text, "version": text, "build": text, "kernel": text},
    "python": {"version": text},
    "venv": {"path": text, "digest": text, "fingerprint": text, "distributions": {"*": text}},
    "links": {"*": LINK},
    "conditions": CONDITIONS,
}


def _busy(value: Any) -> Any:
    """Return {node: seconds}, {} where one of them is unknown: their mean would be wrong."""
    seconds = shaped(value, {"*": at_least(0)})
    return seconds if isinstance(value, dict) and len(seconds) == len(value) else {}


_PARTS: Mapping[str, Shape] = {"wall_s": above(0), "ready_s": at_least(0), "busy_s": _busy}
_TASK: Mapping[str, Shape] = {"node": text, "seconds": at_least(0), "checksum": number}
CONTEXT: Mapping[str, Shape] = {
    "seconds": [at_least(0)],
    "first_call_s": at_least(0),
    "prompt_parameters": above(0),
    "times_s": [at_least(0)],
    "retransmits": at_least(0),
    "cpu_percent": {"*": at_least(0)},
    "whole_run": at_least(0),
    "parts": [lambda part: shaped(part, _PARTS) if isinstance(part, dict) else None],
    "per_task": [lambda task: shaped(task, _TASK) if isinstance(task, dict) else None],
}


def facts(document: Any) -> dict[str, Any]:
    """Return a node's facts with every known value of its type."""
    known: dict[str, Any] = shaped(document, FACTS)
    return known


def measurement(raw: Any, nodes: Container[str]) -> tuple[Measurement, str] | tuple[None, str]:
    """Return (measurement, "") of one raw measurement, or (None, why it cannot be used).

    raw: dict of a measuring module; nodes: names of the run.
    """
    fault = _fault(raw, nodes)
    if fault:
        return None, fault
    context = shaped(raw.get("context"), CONTEXT)
    if raw["name"] != "net.together":  # whose "to" is {node: bit/s}
        context.update({side: shaped(context[side], LINK) for side in ("from", "to") if side in context})
    if len(context.get("times_s", [])) != len(raw["samples"]):
        context.pop("times_s", None)
    usable: Measurement = {
        "name": raw["name"],
        "scope": raw["scope"],
        "subject": list(_list(raw.get("subject"))),
        "link": _label(raw.get("link")) or None,
        "params": finite(raw["params"]),
        "unit": raw["unit"],
        "better": raw["better"],
        "samples": list(raw["samples"]),
        "flags": [flag for flag in _list(raw.get("flags")) if isinstance(flag, str) and flag in FLAGS],
        "context": context,
    }
    return usable, ""


def _fault(raw: Any, nodes: Container[str]) -> str:
    """Return what is wrong with a measurement, "" when nothing is."""
    if not isinstance(raw, dict) or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", _word(raw.get("name"))):
        return "it has no name"
    for key, allowed in (("scope", SCOPES), ("unit", metrics.UNITS), ("better", ("higher", "lower"))):
        if _word(raw.get(key)) not in allowed:
            return f"its {key} is unknown"
    subject = _list(raw.get("subject"))
    strangers = [name for name in subject if not isinstance(name, str) or name not in nodes]
    if strangers or len(subject) < {"node": 1, "pair": 2, "cluster": 0}[raw["scope"]]:
        return "it does not say which nodes of this run were measured"
    if raw["name"].startswith("net.") and not _label(raw.get("link")):
        return "it does not say which link was measured"
    samples = _list(raw.get("samples"))
    unusable = [sample for sample in samples if at_least(0)(sample) is None]
    if not samples or unusable:
        return f"{len(unusable)} of {len(samples)} samples are no numbers of 0 or more" if samples else "it has no samples"
    params = raw.get("params")
    if not isinstance(params, dict):
        return "it does not say what was measured"
    row = metrics.find(raw["name"])
    if row and (raw["unit"], raw["better"]) != (row.unit, row.better):
        return f"{raw['name']} is not measured in {raw['unit']} with {raw['better']} as better"
    needed = row.params if row else {}
    missing = sorted(key for key, shape in needed.items() if not _fits(params.get(key), shape))
    return f"its {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing or impossible" if missing else ""


def not_measured(items: Any, node: Any) -> list[NotMeasured]:
    """Return the usable rows {name, subject, reason} of a raw document's list; node: whose document it is."""
    return [
        {
            "name": name if _WORD.fullmatch(name := _word(item.get("name"))) else "measurement",
            "subject": [name for name in _list(item.get("subject")) if _label(name)],
            "reason": _word(item.get("reason")) or f"{node} gave no reason.",
        }
        for item in _list(items)
        if isinstance(item, dict)
    ]


def _fits(value: Any, shape: Shape) -> bool:
    return value not in (None, []) and bool(shaped(value, shape) == value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _label(value: Any) -> str:
    """Return a name of a node or link, "" for what is none."""
    return value if isinstance(value, str) and _LABEL.fullmatch(value) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
