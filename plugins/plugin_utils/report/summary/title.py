"""What was measured, and when: nodes, their hardware, date, profile, software. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ...model import Node, RunDocument
from ...text.labels import plural
from ...text.units import binary_size

_NAMED: Final = 3  # nodes that a title names one by one
_KINDS: Final = 3  # kinds of hardware that a title names
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PROGRAMS: Final = {"ray": "Ray", "mlx": "MLX"}


def title(run: RunDocument) -> str:
    """Return the nodes: "alpha + beta", or "16 nodes: node01 … node16"."""
    names = list(run["nodes"])
    if len(names) <= _NAMED:
        return " + ".join(names)
    return f"{len(names)} nodes: {names[0]} … {names[-1]}"


def hardware(run: RunDocument) -> str:
    """Return the kinds of machines, each with its number: "2 × Apple M2 Ultra, 76 GPU cores, 192 GiB"."""
    kinds: dict[str, int] = {}
    for node in run["nodes"].values():
        kind = _kind(node)
        kinds[kind] = kinds.get(kind, 0) + 1
    shown = [f"{count} × {kind}" if count > 1 else kind for kind, count in list(kinds.items())[:_KINDS]]
    more = len(kinds) - len(shown)
    return " + ".join(shown) + (f" + {plural(more, 'more kind')}" if more else "")


def _kind(node: Node) -> str:
    facts = node["facts"]
    gpu, cpu = facts.get("gpu") or {}, facts.get("cpu") or {}
    parts = [str(facts.get("chip") or cpu.get("model") or "unknown chip")]
    if gpu.get("kind") == "metal":
        parts += [f"{gpu['cores']} GPU cores"] if gpu.get("cores") else []
    else:
        parts += [plural(cpu["cores_logical"], "core")] if cpu.get("cores_logical") else []
    parts += [memory(facts["memory_bytes"])] if facts.get("memory_bytes") else []
    if gpu.get("kind") not in ("metal", None):
        parts.append(str(gpu.get("name") or "GPU") if gpu["kind"] != "none" else "no GPU for MLX")
    return ", ".join(parts)


def memory(size: float) -> str:
    """Return a memory's size in bytes as its label has it: "192 GiB", "23.5 GiB"."""
    return binary_size(size).replace(".0 ", " ")


def measured(run: RunDocument) -> str:
    """Return date and times: "23 Nov 2026, 18:15–18:20 UTC"."""
    start, end = _time(run["started"]), _time(run["finished"])
    if not start:
        return run["started"]
    if not end or end <= start:
        return f"{_day(start)}, {start:%H:%M} UTC"
    ended = f"{end:%H:%M}" if end.date() == start.date() else f"{_day(end)}, {end:%H:%M}"
    return f"{_day(start)}, {start:%H:%M}–{ended} UTC"


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def software(run: RunDocument) -> str:
    """Return the systems of the nodes and the programs that were measured: "macOS 26.1 · Ray 2.49.1, MLX 0.29.1"."""
    systems = dict.fromkeys(filter(None, (_system(node["facts"].get("os") or {}) for node in run["nodes"].values())))
    pins = run["stack"]["pins"]
    programs = ", ".join(f"{name} {pins[key]}" for key, name in _PROGRAMS.items() if pins.get(key))
    return " · ".join(part for part in (", ".join(systems), programs) if part)


def _system(system: Mapping[str, Any]) -> str:
    return " ".join(str(system[key]) for key in ("name", "version") if system.get(key))
