"""Verdicts over what a link is and how it behaves, whatever its rate: routes, Wi-Fi, frames, latency, lost datagrams.

Each takes the pairs of one link and gives one finding for all that show the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import statistics
from ..model import RunDocument
from ..text.units import human, percent
from ..thresholds import BUFFERBLOAT, BUFFERBLOAT_SECONDS, LINK_FASTER, UDP_LOSS
from . import remedies
from .finding import Draft, finding
from .pairs import Pair, concerned, named_pairs, span


def _several(pairs: Sequence[Pair]) -> str:
    return f" ({named_pairs(pairs)})" if len(pairs) > 1 else ""


def lost(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs whose ends agree on frames that the path does not carry."""
    return [
        pair
        for pair in pairs
        if any(end.get("mtu_passes") is False for end in pair["ends"]) and len({end.get("mtu") for end in pair["ends"]}) == 1
    ]


def lost_frames(pairs: Sequence[Pair]) -> list[Draft]:
    stalled = lost(pairs)
    if not stalled:
        return []
    sizes = [pair["ends"][0].get("mtu") or 0 for pair in stalled]
    return [
        finding(
            severity="fault",
            kind="jumbo_frames_lost",
            title=f"Packets of {span(sizes, 'B')} do not arrive",
            subject=concerned(stalled, pairs),
            measured=f"packets of {span(sizes, 'B')} do not arrive{_several(stalled)}",
            expected=f"they pass: both ends have MTU {max(sizes)}",
            because="A switch or bridge on the path does not carry frames of this size: connections stall as soon as they send "
            "much.",
            remedies=["Set the MTU back to 1500 at both ends.", "Enable jumbo frames on every switch of the path."],
            cost=1.0,
        )
    ]


def mtus(pairs: Sequence[Pair]) -> list[Draft]:
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
            severity="limit",
            kind="mtu_differs",
            title=f"MTU {one} at one end, {other} at the other",
            subject=concerned(differing, pairs),
            measured=f"MTU {one} at one end, {other} at the other{_several(differing)}",
            expected="one MTU on a link",
            because="The smaller one counts for TCP; other traffic may be dropped silently.",
            remedies=["Set the same MTU at both ends."],
            cost=0.2,
        )
    ]


def wifi(pairs: Sequence[Pair], behind: str) -> list[Draft]:
    """Return one finding for all pairs whose route goes over Wi-Fi; behind: sentences about the slowest among them, or ""."""
    wireless = [pair for pair in pairs if pair["wifi"]]
    if not wireless:
        return []
    nodes = sorted({node for pair in wireless for node, end in zip(pair["nodes"], pair["ends"]) if end.get("kind") == "wifi"})
    by = " ".join(dict.fromkeys(sentence for pair in wireless for sentence in _detours(pair).values()))
    goodputs = [metric["median"] for pair in wireless for metric in pair["directions"]]
    return [
        finding(
            severity="limit",
            kind="wifi_route",
            title=f"Link goes over Wi-Fi at {span(goodputs)}",
            subject=nodes,
            measured=f"{span(goodputs)} over Wi-Fi{_several(wireless)}",
            expected="a cable between the nodes",
            because="The route goes over Wi-Fi: slower, half duplex, and shared with everything in the air."
            f"{behind} {by}".rstrip(),
            remedies=remedies.wifi(nodes),
            cost=0.9,
        )
    ]


def _detours(pair: Pair) -> dict[str, str]:
    """Return {node: sentence} of the nodes whose packets leave by another interface than the one with the link's address."""
    found = {}
    for node, end, owner in zip(pair["nodes"], pair["ends"], pair["owners"]):
        used, named = end.get("interface"), owner.get("interface")
        if used and named and used != named and "loopback" not in (end.get("kind"), owner.get("kind")):
            found[node] = f"{node} sends by {used} ({end.get('kind')}), its address is on {named} ({owner.get('kind')})."
    return found


def elsewhere(pairs: Sequence[Pair]) -> list[Draft]:
    """Routes that do not use the interface whose address the link names: what is measured is another link."""
    sentences: dict[str, dict[str, bool]] = {}
    for pair in pairs:
        if not pair["wifi"]:  # Wi-Fi has a separate verdict, which reports this
            for node, sentence in _detours(pair).items():
                sentences.setdefault(node, {})[sentence] = True
    if not sentences:
        return []
    return [
        finding(
            severity="limit",
            kind="route_elsewhere",
            title="Packets leave by another interface than the link names",
            subject=sorted(sentences),
            measured=" ".join(sentence for node in sorted(sentences) for sentence in sentences[node]),
            expected=f"the interfaces whose addresses the link {pairs[0]['link']} names",
            because="Two interfaces of a node are in one subnet, or a bridge has taken the route over: the link's name and speed "
            "are not those of the path that carries the packets.",
            remedies=[
                "Put the wanted interface first in the system's service order.",
                "Give each link a separate subnet.",
            ],
            cost=0.5,
        )
    ]


def wrong_routes(run: RunDocument, pairs: Sequence[Pair]) -> list[Draft]:
    """Return a finding for each link that is faster than the one that the cluster uses between the same nodes."""
    by_nodes: dict[tuple[str, ...], dict[str | None, Pair]] = {}
    for pair in pairs:
        by_nodes.setdefault(tuple(pair["nodes"]), {})[pair["link"]] = pair
    better: dict[str, list[tuple[Pair, Pair]]] = {}
    for links in by_nodes.values():
        used, best = links.get("default"), max(links.values(), key=lambda pair: pair["goodput"])
        if used and best is not used and best["goodput"] > LINK_FASTER * used["goodput"]:
            better.setdefault(best["link"] or "", []).append((used, best))
    return [_wrong_route(run, link, found, pairs) for link, found in sorted(better.items())]


def _wrong_route(run: RunDocument, link: str, found: list[tuple[Pair, Pair]], pairs: Sequence[Pair]) -> Draft:
    used, best = [one for one, _other in found], [other for _one, other in found]
    factors = [statistics.ratio(other["goodput"], one["goodput"]) for one, other in found]
    known = [factor for factor in factors if factor]
    factor = max(known) if known else None
    gain, words = remedies.gain(run, factor)
    faster = f"is {'up to ' if len(known) > 1 else ''}{max(known):.1f} times as fast" if known else "carries something"
    here, there = span([pair["goodput"] for pair in used]), span([pair["goodput"] for pair in best])
    return finding(
        severity="limit",
        kind="wrong_route",
        title=f"Ray uses a link of {here} beside one of {there}",
        subject=concerned(used, [pair for pair in pairs if pair["link"] == "default"]),
        measured=f"{here} over the link that Ray uses{_several(used)}",
        expected=f"{there} over the link {link}",
        because=f"The nodes have a link that {faster}, and the cluster's addresses do not use it. {words}".rstrip(),
        remedies=[f"Set cluster_address of the nodes to those on {link} and run site.yml: it costs nothing."],
        cost=1 - 1 / max(known) if known else 1.0,
        gain_at_most=gain,
        link_factor=factor,
    )


def latency(pairs: Sequence[Pair]) -> list[Draft]:
    bloated = [
        (loaded["p95"], idle["median"], pair)
        for pair in pairs
        if (idle := pair["idle"]) and (loaded := pair["loaded"]) and not pair["virtual"]
        if loaded["p95"] >= max(BUFFERBLOAT * idle["median"], BUFFERBLOAT_SECONDS)
    ]
    if not bloated:
        return []
    loaded_s, idle_s, _pair = max(bloated, key=lambda item: item[0])
    found = [pair for _loaded, _idle, pair in bloated]
    return [
        finding(
            severity="note",
            kind="bufferbloat",
            title=f"Round trip of {human(loaded_s, 's')} while the link is loaded",
            subject=concerned(found, pairs),
            measured=f"round trip {human(loaded_s, 's')} (p95) while the link is loaded{_several(found)}",
            expected=f"below {human(BUFFERBLOAT * idle_s, 's')}: {BUFFERBLOAT} times the {human(idle_s, 's')} of the idle link",
            because="A device on the path queues far more than it needs: small messages wait behind large ones.",
            remedies=[
                "Keep bulk transfers off the link that tasks use.",
                "Use a switch with smaller buffers or with queue management.",
            ],
            cost=0.2,
        )
    ]


def udp(pairs: Sequence[Pair]) -> list[Draft]:
    lossy = [(loss, pair) for pair in pairs if (loss := pair["udp_loss"]) and not pair["virtual"] and loss["median"] >= UDP_LOSS]
    if not lossy:
        return []
    worst = max((loss for loss, _pair in lossy), key=lambda metric: metric["median"])
    found = [pair for _loss, pair in lossy]
    return [
        finding(
            severity="note",
            kind="udp_loss",
            title=f"UDP loses {worst['median'] * 100:.1f} % of its datagrams",
            subject=worst["subject"] if len(found) == 1 else concerned(found, pairs),
            measured=f"{worst['median'] * 100:.1f} % of the datagrams lost at half of the TCP goodput{_several(found)}",
            expected=f"below {percent(UDP_LOSS)}",
            because="Datagrams are dropped although the link is half empty: buffers of the receiver or of a switch are too "
            "small.",
            remedies=["Check the drop counters of both ends and of the switch."],
            cost=0.1,
        )
    ]
