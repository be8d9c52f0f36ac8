"""A problem that stops a run before anything is changed, and the row that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NotRequired, TypedDict

from ..trust.untrusted import clean_text

_MOST: Final = 600  # characters of a cell: a value of the inventory, or what a node says, may have any length


class Problem(TypedDict):
    """What is wrong with a node: the check, what it wants, what was found, and how to fix it."""

    check: str
    wanted: str
    found: str
    fix: str
    command: NotRequired[str]  # to type on the node; a cell of the table would fold it
    take_over: NotRequired[str]  # the head of another cluster: likewise
    other_root: NotRequired[str]  # another installation of this product: the controller knows the commands for it


class Row(Problem):
    """A problem with the node, or the nodes, that it is about."""

    node: str


def problem(check: str, wanted: object, found: object, fix: str) -> Problem:
    """Return one problem."""
    return {"check": _cell(check), "wanted": _cell(wanted), "found": _cell(found), "fix": _cell(fix)}


def row(node: str, check: str, wanted: str, found: str, fix: str) -> Row:
    """Return one line of the table of problems."""
    return {"node": _cell(node), "check": _cell(check), "wanted": _cell(wanted), "found": _cell(found), "fix": _cell(fix)}


def _cell(value: object) -> str:
    """Return a value on one line, without control characters, cut where it is long."""
    return clean_text(value, limit=_MOST)


def rows_of(node: str, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return the problems of one node as rows."""
    return [{"node": node, **one} for one in problems]


def nodes_of(hosts: Sequence[str]) -> str:
    """Return how a row names its nodes."""
    return hosts[0] if len(hosts) == 1 else f"{len(hosts)} hosts"
