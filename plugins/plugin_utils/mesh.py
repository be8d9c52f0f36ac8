"""Which nodes measure against each other and when: schedules over the pairs of a cluster. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

Links = Mapping[str, Mapping[str, str]]  # {node: {link: address}}
Planned = TypedDict("Planned", {"from": str, "to": str, "link": str, "host": str, "back": str})
"""A pair to be measured; host: address of "to", back: address of "from", both on the link."""


class Role(TypedDict):
    """What one node does in a round: targets and clients, each {peer, host, link}; a client also has own."""

    targets: list[dict[str, Any]]
    clients: list[dict[str, Any]]


def rounds(nodes: Iterable[str]) -> list[list[list[str]]]:
    """Return the rounds of the circle method: every pair once, the pairs of a round disjoint.

    N even: N - 1 rounds; N odd: N rounds, in each of which one node rests.
    """
    circle: list[str | None] = list(nodes)
    if len(circle) % 2:
        circle.append(None)
    count = len(circle)
    schedule = []
    for _ in range(max(count - 1, 0)):
        pairs = [(circle[index], circle[count - 1 - index]) for index in range(count // 2)]
        schedule.append([[one, other] for one, other in pairs if one is not None and other is not None])
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return schedule


def measurements(plan: Sequence[Sequence[Sequence[str]]], links: Links) -> list[list[Planned]]:
    """Return the rounds of a whole mesh: [[pair]] for every link that two nodes have in common.

    plan: rounds().
    """
    common = sorted({link for node in links.values() for link in node})
    mesh = [
        [_pair(links, a, b, link) for a, b in pairs if link in links[a] and link in links[b]] for link in common for pairs in plan
    ]
    return [pairs for pairs in mesh if pairs]


def _pair(links: Links, a: str, b: str, link: str) -> Planned:
    return {"from": a, "to": b, "link": link, "host": links[b][link], "back": links[a][link]}


def node_role(pairs: Iterable[Planned], node: str) -> Role:
    """Return {targets, clients} of a node in one round, each [{peer, host, link}] with the peer's address.

    A client also has ``own``: this node's address on the link, which it measures against.
    """
    pairs = list(pairs)
    return {
        "targets": [{"peer": pair["to"], "host": pair["host"], "link": pair["link"]} for pair in pairs if pair["from"] == node],
        "clients": [
            {"peer": pair["from"], "host": pair["back"], "link": pair["link"], "own": pair["host"]}
            for pair in pairs
            if pair["to"] == node
        ],
    }


def all_pairs(links: Links, link: str = "default") -> list[Planned]:
    """Return every directed pair of a link as one round: what all nodes together ask of a switch."""
    nodes = sorted(node for node in links if link in links[node])
    return [_pair(links, a, b, link) for a in nodes for b in nodes if a != b]
