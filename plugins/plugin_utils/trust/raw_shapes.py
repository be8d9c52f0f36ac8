"""What the measuring modules return, as shapes: the border between raw files and the run document.

A value of the wrong type becomes unknown; a measurement without what its metric needs becomes a row of "not measured".
"""

from __future__ import annotations

import re

from ..text.words import FLAGS
from .shapes import above, at_least, finite, number, shaped, text, truth

SCOPES = ("node", "pair", "cluster")
UNITS = ("FLOP/s", "B/s", "bit/s", "Hz", "token/s", "task/s", "s", "1")
_LEAST_MTU = 68  # of IPv4 (RFC 791)
_WORD = re.compile(r"[a-z][a-z0-9_.]{0,99}")  # as in data/run.schema.json
_LABEL = re.compile(r"[^\x00-\x1f\x7f-\x9f<>|`]{1,255}")

LINK = {
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
CONDITIONS = {
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
FACTS = {
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


def _busy(value):
    """Return {node: seconds}, {} where one of them is unknown: their mean would be another's."""
    seconds = shaped(value, {"*": at_least(0)})
    return seconds if isinstance(value, dict) and len(seconds) == len(value) else {}


_PARTS = {"wall_s": above(0), "ready_s": at_least(0), "busy_s": _busy}
_TASK = {"node": text, "seconds": at_least(0), "checksum": number}
CONTEXT = {
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

_PRODUCT = {"m": above(0), "n": above(0), "k": above(0), "implementation": text, "backend": text}
_ARRAYS = {"rows": above(0), "width": above(0), "dtype": text, "backend": text}
_HEADS = {"batch": above(0), "heads": above(0), "length": above(0), "dimension": above(0), "dtype": text, "backend": text}
_MODEL = {
    "model": text,
    "prompt": above(0),
    "generation": above(0),
    "batch": above(0),
    "backend": text,
    "parameters": above(0),
    "synthetic": truth,
}
_STREAMS = {"streams": above(0), "seconds": above(0), "iperf3": text}
_DATAGRAMS = {"packets": above(0), "bits_per_second": above(0)}
_TASKS = {"tasks": above(0), "size": above(0), "products": above(0), "nodes": [text]}
_RANKS = {"bytes": above(0), "ranks": above(0), "dtype": text, "backend": text}
# What a metric cannot do without, by its name, else by its part before the point.
PARAMS = {
    "gemm": _PRODUCT,
    "gemm.sustained": {**_PRODUCT, "seconds": above(0)},
    "memory": {"array_bytes": above(0), "implementation": text, "backend": text},
    "ops": {"backend": text},
    "ops.softmax": _ARRAYS,
    "ops.layer_norm": _ARRAYS,
    "ops.attention": _HEADS,
    "llm": _MODEL,
    "llm.decode": {**_MODEL, "read_bytes": above(0)},
    "gpu": {"suite": text, "source": text},
    "net.goodput": _STREAMS,
    "net.goodput_both": _STREAMS,
    "net.together": {"flows": above(0), "seconds": above(0)},
    "net.rtt.idle": {"bytes": above(0)},
    "net.rtt.loaded": {"bytes": above(0), "load": text},
    "net.udp_jitter": _DATAGRAMS,
    "net.udp_loss": _DATAGRAMS,
    "ray.task_rtt": {"target": text},
    "ray.task_rate": {"tasks": above(0)},
    "ray.transfer": {"bytes": above(0)},
    "ray.broadcast": {"bytes": above(0), "receivers": above(0)},
    "ray.mlx_tasks": _TASKS,
    "collective": _RANKS,
}


def facts(document):
    """Return a node's facts with every known value of its type."""
    return shaped(document, FACTS)


def measurement(raw, nodes):
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
    return {
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
    }, ""


def _fault(raw, nodes):
    """Return what is wrong with a measurement, "" when nothing is."""
    if not isinstance(raw, dict) or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", _word(raw.get("name"))):
        return "it has no name"
    for key, allowed in (("scope", SCOPES), ("unit", UNITS), ("better", ("higher", "lower"))):
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
    needed = PARAMS.get(raw["name"]) or PARAMS.get(raw["name"].split(".")[0]) or {}
    missing = sorted(key for key, shape in needed.items() if not _fits(params.get(key), shape))
    return f"its {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing or impossible" if missing else ""


def not_measured(items, node):
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


def _fits(value, shape):
    return value not in (None, []) and shaped(value, shape) == value


def _word(value):
    return value if isinstance(value, str) else ""


def _label(value):
    """Return a name of a node or link, "" for what is none."""
    return value if isinstance(value, str) and _LABEL.fullmatch(value) else ""


def _list(value):
    return value if isinstance(value, list) else []
