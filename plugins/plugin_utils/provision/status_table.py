"""The status as people read it: a line for each node, then what is wrong with the command for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..text import table
from ..text.width import WIDE, fold, split_command

_NARROW: Final = ("node", "status", "service", "cpu", "mlx", "uptime", "restarts")
_STATUS: Final = {True: "ready", False: "dead", None: "unknown"}
_ACTIVE: Final = "active"


def rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table; document: as status.judge() returns it."""
    return [
        {
            "node": f"{node['name']} (head)" if node["role"] == "head" else node["name"],
            "status": "away" if not node["service"] else "maintenance" if node.get("maintenance") else _STATUS[node["alive"]],
            "service": _service(node["service"]),
            "cpu": f"{node['resources'].get('CPU', 0):g}" if node["resources"] else "-",
            "mlx": f"{node['resources'].get('mlx', 0):g}" if node["resources"] else "-",
            "uptime": _age(node["service"].get("seconds")),
            "restarts": "-" if node["service"].get("restarts") is None else node["service"]["restarts"],
            "python": node["venv"].get("python_version", "-"),
            "venv": node["venv"].get("fingerprint", "-")[:12],
        }
        for node in document["nodes"]
    ]


def _service(service: Mapping[str, Any]) -> str:
    manager, state = service.get("manager"), service.get("state")
    if not state:
        return "-"
    return str(manager) if manager and state == _ACTIVE else ", ".join(part for part in (manager, state) if part)


def _age(seconds: float | None) -> str:
    """Return an age in its largest unit."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def render(document: Mapping[str, Any], width: int) -> str:
    """Return the status as text: the table, then the verdict with its problems and notes, each with the command below it."""
    names = [*_NARROW, "python", "venv"] if width >= WIDE else list(_NARROW)
    shown = table.render(rows(document), [(name, name.upper()) for name in names], width - 1)
    # The title says what the columns are; a rule below it is noise.
    title, _rule, *body = shown.rstrip("\n").split("\n")
    mark = "✓" if document["verdict"] == "healthy" else "✗"
    lines = [f" {line}" for line in [title, *body]] + ["", f" {mark} {document['verdict']}"]
    for problem in document["problems"]:
        text, command = split_command(problem)
        lines += fold(text, width, "   ", "     ")
        lines += [f"     {command}"] if command else []
    for note in document["notes"]:
        lines += fold(note, width, " ! ", "   ")
    return "\n".join(lines) + "\n"
