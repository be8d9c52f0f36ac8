"""Problems for a terminal that has no room for a table of sentences: each node once, its problems below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .width import fold

NOWHERE: Final = "-"  # the node of a problem of the inventory, the stack or the controller
_MOST_NAME: Final = 16  # a longer name has a line to itself


def count(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how many problems there are, and on how many nodes; those of the inventory itself are on none."""
    nodes = len({row["node"] for row in rows} - {NOWHERE})
    problems = f"{len(rows)} problem" + ("" if len(rows) == 1 else "s")
    return problems if not nodes else f"{problems} on {nodes} node" + ("" if nodes == 1 else "s")


def render(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Return problems as text; rows: {node, check, wanted, found, fix, commands: [line]}; width: of the terminal."""
    nodes = list(dict.fromkeys(str(row["node"]) for row in rows))
    named = [len(node) for node in nodes if node != NOWHERE]
    indent = " " * (min(max(named), _MOST_NAME) + 2) if named else ""
    room = width - 4  # whoever prints it may indent it
    lines: list[str] = []
    for node in nodes:
        first = indent if node == NOWHERE else node.ljust(len(indent))
        if len(node) > _MOST_NAME:
            lines.append(node)
            first = indent
        for row in (row for row in rows if str(row["node"]) == node):
            lines += fold(f"{row['check']}: {row['found']}", room, first, indent + "  ")
            lines += fold(f"wanted: {row['wanted']}", room, indent + "  ", indent + "    ")
            lines += fold(f"fix: {row['fix']}", room, indent + "  ", indent + "    ")
            lines += [f"{indent}  {line}" for line in row.get("commands", ())]
            first = indent
    return "\n".join(lines) + "\n"
