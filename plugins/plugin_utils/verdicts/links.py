"""Verdicts over links: the diagnosis table. What stays behind the others first, then what a link shows by its own ceiling.

Equal findings of several pairs are one. Between virtual interfaces the nodes' CPUs set the pace and the negotiated speed is only
a name: there only large outliers, or a path that fills a standard rate, mean anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from ..analysis import ceilings, link_model, statistics
from ..model import RunDocument
from ..text.units import human, percent
from ..thresholds import (
    CPU_CARRIES_BPS,
    EQUAL_SPEEDS,
    LINK_FULL,
    LINK_LIMIT,
    LINK_LOSS,
    SEVERAL_STREAMS,
    VIRTUAL_STEADY,
)
from . import link_state, outliers, remedies
from .finding import Data, Draft, Rule, finding
from .pairs import Pair, concerned, named_pairs, pairs_of, span


class _Reason(NamedTuple):
    """Why a link is not filled: title, what was seen, and what helps; with {loss}, {streams}, {share} filled in."""

    title: str
    because: str
    remedies: tuple[str, ...]


_REASONS: Final = {
    "lossy_link": _Reason(
        "Link sends {loss:.2f} % of its segments again",
        "{loss:.2f} % of the segments had to be sent again.",
        ("Swap the cable.", "Check duplex at both ends, and the buffers of the switch."),
    ),
    "single_stream_limit": _Reason(
        "One stream at {share} of the link's ceiling",
        "Several streams together reach {streams}: one stream is limited by window or latency.",
        ("Send with several streams.", "Raise the socket buffers, if that helps in a measurement."),
    ),
    "cpu_bound_link": _Reason(
        "CPU holds the link at {share} of its ceiling",
        "A core of one end is fully busy: the CPU is the limit, not the link.",
        remedies.FREE_THE_CPU,
    ),
    "low_share": _Reason(
        "Link at {share} of its ceiling",
        "Nothing is lost and no core is busy: a slower hop on the path, or latency.",
        ("Check for a slower port on the path.", "Measure with several streams."),
    ),
}


def _by_link(run: RunDocument) -> Iterable[list[Pair]]:
    """Return the pairs of each link."""
    links: dict[str | None, list[Pair]] = {}
    for pair in pairs_of(run):
        links.setdefault(pair["link"], []).append(pair)
    return links.values()


def _wrong_routes(run: RunDocument, _data: Data) -> list[Draft]:
    return link_state.wrong_routes(run, pairs_of(run))


def _rates(run: RunDocument, data: Data) -> list[Draft]:
    return [found for pairs in _by_link(run) for found in _rates_of_link(run, pairs, data)]


def _rates_of_link(run: RunDocument, pairs: list[Pair], data: Data) -> list[Draft]:
    """One verdict for each pair: behind the others, a slower hop, ports that could do more, or a low rate for its ceiling."""
    stalled = link_state.lost(pairs)
    mesh = outliers.Mesh([pair for pair in pairs if pair not in stalled])
    causes = mesh.wired()
    ported = [(cause, rate) for cause, rate in ((cause, outliers.standard_rate(mesh, cause)) for cause in causes) if rate]
    behind = [cause for cause in causes if cause not in [cause for cause, _rate in ported]]
    explained = [pair for cause in causes for pair in mesh.pairs_of(cause)]
    limits, limited = _path_limits(run, mesh, ported, [pair for pair in pairs if pair not in explained], data)
    plain = [pair for pair in pairs if not pair["virtual"] and not pair["wifi"] and pair not in stalled]
    capable = [pair for pair in plain if _could_negotiate_more(pair)]
    rest = [pair for pair in plain if pair not in explained + limited + capable]
    findings = outliers.judge(run, mesh, behind) + limits
    return findings + _below_capable(run, capable, data) + _low(run, [pair for pair in rest if _is_low(pair)], pairs)


def _wifi(run: RunDocument, _data: Data) -> list[Draft]:
    return [found for pairs in _by_link(run) for found in link_state.wifi(pairs, outliers.wifi_words(outliers.Mesh(pairs)))]


def _over_links(verdict: Callable[[Sequence[Pair]], list[Draft]]) -> Rule:
    """Return a rule that gives the findings of a verdict over the pairs of each link."""

    def rule(run: RunDocument, _data: Data) -> list[Draft]:
        return [found for pairs in _by_link(run) for found in verdict(pairs)]

    rule.__name__ = verdict.__name__
    return rule


def _share(pair: Pair) -> float:
    return pair["share"] or 0


def _is_low(pair: Pair) -> bool:
    return pair["share"] is not None and pair["share"] < LINK_LIMIT


def _path_limits(
    run: RunDocument,
    mesh: outliers.Mesh,
    ported: Iterable[tuple[link_model.Cause, float]],
    pairs: Iterable[Pair],
    data: Data,
) -> tuple[list[Draft], list[Pair]]:
    """Return (findings, their pairs) where pairs fill a standard rate that is lower than what their ports report.

    ported: (cause, rate) of what fills one below the other links; pairs: those that no cause explains.
    """
    limited: dict[float, tuple[set[str], list[Pair]]] = {}
    for cause, rate in ported:
        nodes, members = limited.setdefault(rate, (set(), []))
        nodes.update(cause.nodes)
        members += mesh.pairs_of(cause)
    for pair in pairs:
        # What Wi-Fi reaches may equal a rate of Ethernet by chance.
        ports = pair["ceiling"] or pair["nominal"]
        if not ports or pair["goodput"] >= LINK_FULL * ports or pair["wifi"]:
            continue
        filled = ceilings.saturated_rate(pair["goodput"], below=ports)
        if filled and not (pair["virtual"] and filled > CPU_CARRIES_BPS and not _is_steady(pair)):
            nodes, members = limited.setdefault(filled, (set(), []))
            nodes.update(pair["nodes"])
            members.append(pair)
    findings = [_path_limit(run, mesh, rate, sorted(nodes), members, data) for rate, (nodes, members) in sorted(limited.items())]
    return findings, [pair for _nodes, members in limited.values() for pair in members]


def _is_steady(pair: Pair) -> bool:
    """Return whether a pair behaves like a wire: what CPUs carry comes near a standard rate by chance, and varies."""
    medians = [metric["median"] for metric in pair["directions"]]
    still = all(metric["mad"] <= VIRTUAL_STEADY * metric["median"] for metric in pair["directions"])
    return still and min(medians) >= (1 - VIRTUAL_STEADY) * max(medians) and not pair["cpu_bound"]


def _path_limit(run: RunDocument, mesh: outliers.Mesh, rate: float, nodes: list[str], members: list[Pair], data: Data) -> Draft:
    goodput = statistics.median([pair["goodput"] for pair in members])
    ports = members[0]["ceiling"] or members[0]["nominal"]
    source = "what the ports at both ends negotiated"
    if not ports:
        ports = max(cell.goodput for cell in mesh.cells.values())
        source = "what the fastest link reaches"
    factor = statistics.ratio(ports, goodput)
    gain, words = remedies.gain(run, factor)
    return finding(
        severity="limit",
        kind="path_limit",
        title=f"Path carries {human(rate, 'bit/s')} between faster ports",
        subject=nodes,
        measured=f"{human(goodput, 'bit/s')}, {goodput / ceilings.tcp_goodput(rate):.2f} of what {human(rate, 'bit/s')} Ethernet "
        "carries",
        expected=f"{human(ports, 'bit/s')}, {source}",
        because=f"The path fills a {human(rate, 'bit/s')} link: a device between the ports (switch, router, cable) is slower. "
        f"{words}".rstrip(),
        remedies=remedies.faster(run, members[0], ports, data),
        cost=1 - (statistics.ratio(goodput, ports) or 0),
        gain_at_most=gain,
        link_factor=factor,
    )


def _speeds(pair: Pair) -> tuple[float, float] | None:
    """Return (negotiated, capable) of the slower end of each in bit/s, None where an end does not report them."""
    negotiated = [end.get("negotiated_bps") or 0 for end in pair["ends"]]
    capable = [end.get("capable_bps") or 0 for end in pair["ends"]]
    return (min(negotiated), min(capable)) if all(speed > 0 for speed in negotiated + capable) else None


def _could_negotiate_more(pair: Pair) -> bool:
    speeds = _speeds(pair)
    return speeds is not None and bool(pair["ceiling"]) and speeds[1] > speeds[0] * EQUAL_SPEEDS


def _below_capable(run: RunDocument, pairs: Iterable[Pair], data: Data) -> list[Draft]:
    """Ports that could do more than they negotiated, at both ends of a pair."""
    groups: dict[tuple[float, float], list[Pair]] = {}
    for pair in pairs:
        speeds = _speeds(pair)
        if speeds:
            groups.setdefault(speeds, []).append(pair)
    return [_negotiated(run, *speeds, members, data) for speeds, members in sorted(groups.items())]


def _negotiated(run: RunDocument, negotiated: float, capable: float, members: list[Pair], data: Data) -> Draft:
    worst = min(members, key=_share)
    factor = capable / negotiated
    gain, words = remedies.gain(run, factor)
    several = f" (the lowest of {named_pairs(members)})" if len(members) > 1 else ""
    return finding(
        severity="limit",
        kind="negotiated_below_capable",
        title=f"{capable / 1e9:g} Gb/s ports connected at {negotiated / 1e9:g} Gb/s",
        subject=_slower_nodes(members, negotiated),
        measured=f"{human(worst['goodput'], 'bit/s')}, {percent(worst['share'])} of the ceiling of the link{several}",
        expected=f"{human(capable, 'bit/s')}, which both ports can do; they negotiated {human(negotiated, 'bit/s')}",
        because=f"The link itself is {'filled' if _share(worst) >= LINK_FULL else 'not filled'}; {remedies.partner(worst)}"
        "a port of the switch or router, or the cable, negotiates the lower speed. "
        f"The link alone would be up to {factor:g} times as fast. {words}".rstrip(),
        remedies=remedies.faster(run, worst, ceilings.tcp_goodput(capable), data),
        cost=1 - 1 / factor,
        gain_at_most=gain,
        link_factor=factor,
    )


def _slower_nodes(pairs: Iterable[Pair], negotiated: float) -> list[str]:
    """Return the nodes whose port negotiated no more than ``negotiated`` and could do more."""
    found = set()
    for pair in pairs:
        for node, end in zip(pair["nodes"], pair["ends"]):
            now, capable = end["negotiated_bps"] or 0, end["capable_bps"] or 0
            if now <= negotiated * EQUAL_SPEEDS and capable > now * EQUAL_SPEEDS:
                found.add(node)
    return sorted(found)


def _reason(pair: Pair) -> str:
    """Return the first reason that fits a link which is not filled."""
    if pair["loss"] is not None and pair["loss"] >= LINK_LOSS:
        return "lossy_link"
    if pair["most_streams"] and pair["most_streams"] > SEVERAL_STREAMS * pair["goodput"]:
        return "single_stream_limit"
    return "cpu_bound_link" if pair["cpu_bound"] else "low_share"


def _low(run: RunDocument, pairs: Iterable[Pair], everywhere: list[Pair]) -> list[Draft]:
    """Links that are not filled, one finding for each reason."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(_reason(pair), []).append(pair)
    findings = []
    for kind, members in groups.items():
        worst = min(members, key=_share)
        reason = _REASONS[kind]
        streams = [pair["most_streams"] for pair in members if pair["most_streams"]]
        values = {
            "loss": max(pair["loss"] or 0 for pair in members) * 100,
            "streams": span(streams) if streams else "",
            "share": percent(worst["share"]),
        }
        subject, where = worst["slower"]["subject"], ""
        if len(members) > 1:
            subject = concerned(members, everywhere)
            where = f", the lowest of {'every link' if len(members) == len(everywhere) else named_pairs(members)}"
        factor = statistics.ratio(1, worst["share"])
        gain, words = remedies.gain(run, factor)
        findings.append(
            finding(
                severity="limit",
                kind=kind,
                title=reason.title.format(**values),
                subject=subject,
                measured=f"{human(worst['goodput'], 'bit/s')}, {percent(worst['share'])} of the ceiling{where}",
                expected=f"{human(worst['ceiling'], 'bit/s')} ({worst['slower']['ceiling_source']})",
                because=f"{reason.because.format(**values)} {words}".rstrip(),
                remedies=reason.remedies,
                cost=1 - _share(worst),
                gain_at_most=gain,
                link_factor=factor,
            )
        )
    return findings


RULES: list[Rule] = [
    _wrong_routes,
    _rates,
    _wifi,
    *map(_over_links, (link_state.lost_frames, link_state.mtus, link_state.elsewhere, link_state.latency, link_state.udp)),
]
