"""Who measures against whom and when: schedules over the pairs of a cluster. Pure functions."""

from __future__ import annotations


def rounds(nodes):
    """Return the rounds of the circle method: every pair once, the pairs of a round disjoint.

    N even: N - 1 rounds; N odd: N rounds, in each of which one node rests.
    """
    circle = list(nodes) + ([None] if len(nodes) % 2 else [])
    count = len(circle)
    schedule = []
    for _ in range(max(count - 1, 0)):
        pairs = [(circle[index], circle[count - 1 - index]) for index in range(count // 2)]
        schedule.append([list(pair) for pair in pairs if None not in pair])
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return schedule


def measurements(plan, links):
    """Return the rounds of a whole mesh: [[pair]] for every link that two nodes have in common.

    plan: rounds(); links: {node: {link: address}}; a pair is {from, to, link, host (address of "to"), back (of "from")}.
    """
    common = sorted({link for node in links.values() for link in node})
    mesh = [
        [_pair(links, a, b, link) for a, b in pairs if link in links[a] and link in links[b]] for link in common for pairs in plan
    ]
    return [pairs for pairs in mesh if pairs]


def _pair(links, a, b, link):
    return {"from": a, "to": b, "link": link, "host": links[b][link], "back": links[a][link]}


def roles(pairs, node):
    """Return {targets, clients} of a node in one round, each [{peer, host, link}] with the peer's address.

    A client also has ``own``: this node's address on the link, which it measures against.
    """
    return {
        "targets": [{"peer": pair["to"], "host": pair["host"], "link": pair["link"]} for pair in pairs if pair["from"] == node],
        "clients": [
            {"peer": pair["from"], "host": pair["back"], "link": pair["link"], "own": pair["host"]}
            for pair in pairs
            if pair["to"] == node
        ],
    }


def everybody(links, link="default"):
    """Return every directed pair of a link as one round: what all nodes together ask of a switch."""
    nodes = sorted(node for node in links if link in links[node])
    return [_pair(links, a, b, link) for a in nodes for b in nodes if a != b]


def seconds_of_pair(settings):
    """Return how long one pair takes by the profile's network settings, without starting anything."""
    runs = len(settings["streams"]) * len(settings["modes"]) * (settings["seconds"] + settings["omit"] + 1)
    return runs + (2 * settings["seconds"] if settings["udp"] else 0) + 5
