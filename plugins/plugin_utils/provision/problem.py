"""A problem that stops a run before anything is changed, and the row that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict


class Problem(TypedDict):
    """What is wrong with a node: the check, what it wants, what was found, and how to fix it."""

    check: str
    wanted: str
    found: str
    fix: str
    command: NotRequired[str]  # to type on the node; a cell of the table would fold it
    other_root: NotRequired[str]  # another installation of this product: the controller knows the commands for it


class Row(Problem):
    """A problem with the node, or the nodes, that it is about."""

    node: str


def problem(check: str, wanted: object, found: object, fix: str) -> Problem:
    """Return one problem."""
    return {"check": check, "wanted": str(wanted), "found": str(found), "fix": fix}


def row(node: str, check: str, wanted: str, found: str, fix: str) -> Row:
    """Return one line of the table of problems."""
    return {"node": node, "check": check, "wanted": wanted, "found": found, "fix": fix}


def rows_of(node: str, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return the problems of one node as rows."""
    return [{"node": node, **one} for one in problems]


def nodes_of(hosts: Sequence[str]) -> str:
    """Return how a row names its nodes."""
    return hosts[0] if len(hosts) == 1 else f"{len(hosts)} hosts"
