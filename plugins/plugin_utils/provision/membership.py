"""Whether a node belongs to this cluster, to none or to another one: pure functions of its record and of the inventory."""

from __future__ import annotations

from typing import Any

from .observed import Observed, Wanted, mapping, text
from .problem import Problem, problem

# none: nothing was provisioned here; same: this cluster; moved: this cluster, whose head has another address; renamed: its head
# has another name; replaced: this cluster, another node is its head; taken: of another cluster, and that is wanted; other: of
# another cluster; two_heads: the former head would go on beside the new one.
NONE, SAME, MOVED, RENAMED, REPLACED = "none", "same", "moved", "renamed", "replaced"
TAKEN, OTHER, TWO_HEADS = "taken", "other", "two_heads"
# All nodes must learn of it at the same time.
_ALL_NODES = {MOVED: "address", RENAMED: "name", REPLACED: "node"}


def kind(observed: Observed, wanted: Wanted) -> str:
    """Return which of the words above fits a node.

    observed: membership {node, head, gcs, answers}; wanted: membership {head, gcs, addresses {node: [address]}, head_addresses:
    all that are known, head_gcs: what the record of the present head names, limited: whether --limit leaves nodes out,
    take_over: preflight_take_over}.
    """
    record, here = mapping(observed, "membership") or {}, wanted["membership"]
    gcs, head = text(record, "gcs"), text(record, "head")
    if not gcs:
        return NONE
    if gcs == here["gcs"]:
        return RENAMED if head and head != here["head"] else SAME
    host, answers = gcs.rpartition(":")[0], record.get("answers")
    if host.startswith("127.") or host == "localhost":  # it was alone
        return SAME
    if host in here["head_addresses"]:
        return MOVED
    if answers is not True and head in (here["head"], ""):
        return MOVED
    if any(host in addresses for addresses in here["addresses"].values()):
        return REPLACED
    if here["take_over"] not in (gcs, host):
        return OTHER
    if here["head_gcs"] != gcs or len(here["addresses"]) == 1:  # of one node there is nothing that could continue
        return TAKEN
    # The present head was a node of that cluster, so the cluster continues under it.
    return TWO_HEADS if answers is True else REPLACED


def problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return why a node cannot become, or stay, one of this cluster; wanted: as of kind()."""
    if "membership" not in wanted:
        return []
    found, record = kind(observed, wanted), mapping(observed, "membership") or {}
    gcs = text(record, "gcs")
    named = f"{text(record, 'head')} at {gcs}" if text(record, "head") else gcs
    if found == OTHER:
        fix = (
            "Remove it there first (playbooks/remove_node.yml with that inventory), or take it over (the command is below): it "
            "removes everything of the other cluster. If that was the former head of this cluster: the same command."
        )
        row = problem("cluster", "of this cluster or of none", f"in the cluster of {named}{_answer(record)}", fix)
        row["take_over"] = gcs
        return [row]
    if found == TWO_HEADS:
        fix = (
            "Two heads would run. Put the former head into the group workers for this run, and remove it afterwards with "
            "playbooks/remove_node.yml. Or stop its Ray, then repeat this."
        )
        return [problem("cluster", "a former head that is stopped", f"{named} still answers", fix)]
    if found in _ALL_NODES and wanted["membership"]["limited"]:
        fix = "Each node must learn of it: run site.yml without --limit."
        return [problem("cluster", "all nodes, as the head changes", f"another {_ALL_NODES[found]}, it was {named}", fix)]
    return []


def _answer(record: dict[str, Any]) -> str:
    return {True: ", which answers", False: ", which does not run"}.get(record.get("answers"), ", which does not answer")  # type: ignore[arg-type]
