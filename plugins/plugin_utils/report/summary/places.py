"""Names of nodes and links in sentences. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ...model import Node, RunDocument
from ...text.labels import plural
from ...verdicts.pairs import SHOWN, listed

_BOTH = 2


def machines(run: RunDocument) -> str:
    """Return what the nodes of a run are called, singular: "Mac" where all are Macs, else "node"."""
    return "Mac" if all(is_mac(node) for node in run["nodes"].values()) else "node"


def is_mac(node: Node) -> bool:
    """Return whether a node runs macOS."""
    return node["facts"].get("system") == "Darwin"


def named(run: RunDocument, nodes: Sequence[str]) -> str:
    """Return some nodes in a sentence: "alpha and beta", "all 16 nodes", "a, b, c and 4 more nodes"."""
    if not nodes:
        return "the cluster"
    if len(nodes) > SHOWN and set(nodes) >= set(run["nodes"]):
        return f"all {plural(len(nodes), machines(run))}"
    return listed(list(nodes), plural(len(nodes) - SHOWN, "more node"))


def counted(run: RunDocument, nodes: Sequence[str]) -> str:
    """Return the same where names are not needed: "both Macs", "all 16 nodes", "alpha"."""
    if len(nodes) == _BOTH == len(run["nodes"]):
        return f"both {machines(run)}s"
    if len(nodes) > 1 and set(nodes) >= set(run["nodes"]):
        return f"all {plural(len(nodes), machines(run))}"
    return named(run, nodes)


def between(nodes: Sequence[str]) -> str:
    """Return the two ends of a link: "alpha – beta"."""
    return " – ".join(nodes)
