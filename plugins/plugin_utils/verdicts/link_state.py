"""Verdicts over what a link is and how it behaves, whatever its rate: routes, Wi-Fi, frames, latency, lost datagrams.

Each takes the pairs of one link and gives one finding for all that show the same.
"""

from __future__ import annotations

from ..analysis import statistics
from ..text.units import human
from . import remedies
from .finding import finding
from .pairs import concerned, named_pairs, span

_BLOAT = 10  # loaded against idle
_BLOAT_S = 0.005
_UDP_LOSS = 0.01
_FASTER = 1.2  # another link against the cluster's own


def _several(pairs):
    return f" ({named_pairs(pairs)})" if len(pairs) > 1 else ""


def lost(pairs):
    """Return the pairs whose ends agree on frames that the path does not carry."""
    return [
        pair
        for pair in pairs
        if any(end.get("mtu_passes") is False for end in pair["ends"]) and len({end.get("mtu") for end in pair["ends"]}) == 1
    ]


def lost_frames(pairs):
    stalled = lost(pairs)
    if not stalled:
        return []
    sizes = [pair["ends"][0].get("mtu") for pair in stalled]
    return [
        finding(
            "fault",
            "jumbo_frames_lost",
            concerned(stalled, pairs),
            f"packets of {span(sizes, 'B')} do not arrive{_several(stalled)}",
            f"they pass: both ends have MTU {max(sizes)}",
            "A switch or bridge on the path does not carry frames of this size: connections stall as soon as they send much.",
            "Set the MTU back to 1500 at both ends, or switch jumbo frames on at every switch of the path.",
            cost=1.0,
        )
    ]


def mtus(pairs):
    differing = [
        pair
        for pair in pairs
        if not pair["virtual"] and all(end.get("mtu") for end in pair["ends"]) and len({end["mtu"] for end in pair["ends"]}) > 1
    ]
    if not differing:
        return []
    one, other = (end["mtu"] for end in differing[0]["ends"])
    return [
        finding(
            "limit",
            "mtu_differs",
            concerned(differing, pairs),
            f"MTU {one} at one end, {other} at the other{_several(differing)}",
            "one MTU on a link",
            "The smaller one counts for TCP; other traffic can be lost without a word.",
            "Set the same MTU at both ends.",
            cost=0.2,
        )
    ]


def wifi(pairs, behind):
    """Return one finding for all pairs whose route goes over Wi-Fi; behind: sentences about the slowest among them, or ""."""
    wireless = [pair for pair in pairs if pair["wifi"]]
    if not wireless:
        return []
    nodes = sorted({node for pair in wireless for node, end in zip(pair["nodes"], pair["ends"]) if end.get("kind") == "wifi"})
    by = " ".join(dict.fromkeys(sentence for pair in wireless for sentence in _detours(pair).values()))
    goodputs = [metric["median"] for pair in wireless for metric in pair["directions"]]
    return [
        finding(
            "limit",
            "wifi_route",
            nodes,
            f"{span(goodputs)} over Wi-Fi{_several(wireless)}",
            "a cable between the nodes",
            f"The route goes over Wi-Fi: slower, half duplex, and shared with everything in the air.{behind} {by}".rstrip(),
            remedies.wifi(nodes),
            cost=0.9,
        )
    ]


def _detours(pair):
    """Return {node: sentence} of the nodes whose packets leave by another interface than the one with the link's address."""
    found = {}
    for node, end, owner in zip(pair["nodes"], pair["ends"], pair["owners"]):
        used, own = end.get("interface"), owner.get("interface")
        if used and own and used != own and "loopback" not in (end.get("kind"), owner.get("kind")):
            found[node] = f"{node} sends by {used} ({end.get('kind')}), its address is on {own} ({owner.get('kind')})."
    return found


def elsewhere(pairs):
    """Routes that do not use the interface whose address the link names: what is measured is another link."""
    sentences = {}
    for pair in pairs:
        if not pair["wifi"]:  # Wi-Fi has a verdict of its own, which says this
            for node, sentence in _detours(pair).items():
                sentences.setdefault(node, {})[sentence] = True
    if not sentences:
        return []
    return [
        finding(
            "limit",
            "route_elsewhere",
            sorted(sentences),
            " ".join(sentence for node in sorted(sentences) for sentence in sentences[node]),
            f"the interfaces whose addresses the link {pairs[0]['link']} names",
            "Two interfaces of a node are in one subnet, or a bridge has taken the route over: the link's name and speed are not "
            "those of the path that carries the packets.",
            "Give each link a subnet of its own, or put the wanted interface first in the system's service order.",
            cost=0.5,
        )
    ]


def wrong_routes(run, pairs):
    """Return a finding for each link that is faster than the cluster's own between the same nodes."""
    by_nodes = {}
    for pair in pairs:
        by_nodes.setdefault(tuple(pair["nodes"]), {})[pair["link"]] = pair
    better = {}
    for links in by_nodes.values():
        used, best = links.get("default"), max(links.values(), key=lambda pair: pair["goodput"])
        if used and best is not used and best["goodput"] > _FASTER * used["goodput"]:
            better.setdefault(best["link"], []).append((used, best))
    return [_wrong_route(run, link, found, pairs) for link, found in sorted(better.items())]


def _wrong_route(run, link, found, pairs):
    used, best = [one for one, _other in found], [other for _one, other in found]
    factors = [statistics.ratio(other["goodput"], one["goodput"]) for one, other in found]
    known = [factor for factor in factors if factor]
    gain, words = remedies.gain(run, max(known)) if known else (None, "")
    faster = f"is {'up to ' if len(known) > 1 else ''}{max(known):.1f} times as fast" if known else "carries something"
    return finding(
        "limit",
        "wrong_route",
        concerned(used, [pair for pair in pairs if pair["link"] == "default"]),
        f"{span([pair['goodput'] for pair in used])} over the link that Ray uses{_several(used)}",
        f"{span([pair['goodput'] for pair in best])} over the link {link}",
        f"The nodes have a link that {faster}, and the cluster's addresses do not use it.",
        f"Set cluster_address of the nodes to those on {link} and run site.yml; it costs nothing. {words}".rstrip(),
        cost=1 - 1 / max(known) if known else 1.0,
        gain_at_most=gain,
    )


def latency(pairs):
    bloated = [
        pair
        for pair in pairs
        if not pair["virtual"]
        and pair["idle"]
        and pair["loaded"]
        and pair["loaded"]["p95"] >= max(_BLOAT * pair["idle"]["median"], _BLOAT_S)
    ]
    if not bloated:
        return []
    worst = max(bloated, key=lambda pair: pair["loaded"]["p95"])
    idle = worst["idle"]["median"]
    return [
        finding(
            "note",
            "bufferbloat",
            concerned(bloated, pairs),
            f"round trip {human(worst['loaded']['p95'], 's')} (p95) while the link is loaded{_several(bloated)}",
            f"below {human(_BLOAT * idle, 's')}: {_BLOAT} times the {human(idle, 's')} of the idle link",
            "Something on the path queues far more than it needs: small messages wait behind large ones.",
            "Keep bulk transfers off the link that tasks use, or use a switch with smaller buffers or with queue management.",
            cost=0.2,
        )
    ]


def udp(pairs):
    lossy = [pair for pair in pairs if not pair["virtual"] and pair["udp_loss"] and pair["udp_loss"]["median"] >= _UDP_LOSS]
    if not lossy:
        return []
    worst = max(lossy, key=lambda pair: pair["udp_loss"]["median"])
    return [
        finding(
            "note",
            "udp_loss",
            worst["udp_loss"]["subject"] if len(lossy) == 1 else concerned(lossy, pairs),
            f"{worst['udp_loss']['median'] * 100:.1f} % of the datagrams lost at half of the TCP goodput{_several(lossy)}",
            "below 1 %",
            "Datagrams are dropped although the link is half empty: buffers of the receiver or of a switch are too small.",
            "Look at the drop counters of both ends and of the switch.",
            cost=0.1,
        )
    ]
