"""Which findings have one root: the cause of a finding becomes that of the finding it follows from. Pure functions.

A cause is a stable word, at first the kind of the finding. Two tables say what follows from what; nothing else is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import past
from .finding import Draft

# A finding about nodes that all show one of these, the first that fits.
_OF_NODES = {
    "compute_below_peak": ("busy_node", "power"),
    "memory_below_peak": ("busy_node", "swapping", "power"),
    "slow_node": ("busy_node", "power", "compute_below_peak"),
    "throttling": ("power",),
    "cpu_bound_link": ("busy_node",),
    "regression": ("busy_node", "power"),
    "fingerprints_differ": ("versions_differ",),
}
# A finding about what crosses the links: one slow link among its nodes holds all of them back.
_OVER_LINKS = ("regression_of_links", "object_transfer_below_link", "collective_below_link", "transfer_limits_scaling")
# What a run or a node that became slower as a whole shows against ceilings and twins, too.
_OF_A_SLOWER_NODE = ("compute_below_peak", "memory_below_peak", "slow_node")
_OF_A_SLOWER_WHOLE = {past.EVERYTHING: (*_OF_A_SLOWER_NODE, "low_share", *_OVER_LINKS), past.NODE: _OF_A_SLOWER_NODE}
LINKS = (
    "wifi_route",
    "wrong_route",
    "route_elsewhere",
    "jumbo_frames_lost",
    "slow_link",
    "node_uplink",
    "node_downlink",
    "asymmetric_link",
    "path_limit",
    "negotiated_below_capable",
    "lossy_link",
    "cpu_bound_link",
    "single_stream_limit",
    "low_share",
)


def joined(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the findings, in their order, with the causes that they share."""
    roots = [_of_nodes(draft, drafts) for draft in drafts]
    for draft, whole in zip(drafts, list(roots)):
        roots = [_of_whole(root, whole, _OF_A_SLOWER_WHOLE.get(draft.cause, ())) for root in roots]
    return [_over_links(draft, roots) for draft in roots]


def _of_whole(draft: Draft, whole: Draft, kinds: Sequence[str]) -> Draft:
    """Return a finding with the cause of what is slower as a whole, where it is one of the kinds that follow from it."""
    follows = draft.kind in kinds and set(draft.subject) <= set(whole.subject)
    return replace(draft, cause=whole.cause) if follows else draft


def _of_nodes(draft: Draft, drafts: Sequence[Draft]) -> Draft:
    for kind in _OF_NODES.get(draft.kind, ()):
        nodes = {node for other in drafts if other.kind == kind for node in other.subject}
        if draft.subject and nodes >= set(draft.subject):
            return replace(draft, cause=kind)
    return draft


def _over_links(draft: Draft, drafts: Sequence[Draft]) -> Draft:
    if draft.cause not in _OVER_LINKS:
        return draft
    for kind in LINKS:
        for other in drafts:
            if other.kind == kind and set(other.subject) <= set(draft.subject):
                return replace(draft, cause=other.cause)
    return draft
