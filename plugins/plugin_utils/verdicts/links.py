"""Verdicts over links: the diagnosis table. What stays behind the others first, then what a link shows by its own ceiling.

Equal findings of several pairs are one. Between virtual interfaces the nodes' CPUs set the pace and the negotiated speed is only
a name: there only large outliers, or a path that fills a standard rate, say anything.
"""

from __future__ import annotations

from ..analysis import ceilings, statistics
from ..text.units import human, percent
from . import link_state, outliers, remedies
from .finding import finding
from .pairs import concerned, named_pairs, pairs_of, span

_HEALTHY = 0.9  # of the ceiling
_LOW = 0.8  # of the ceiling
_LOSS = 0.001  # of the segments
_STEADY = 0.03  # of the median
_CPU_BPS = 1e9  # what a CPU always lets through
_STREAMS = 1.3  # several streams against one
# Reasons of a link that is not filled: what was seen, and what helps.
_REASONS = {
    "lossy_link": (
        "{loss:.2f} % of the segments had to be sent again.",
        "Swap the cable; check duplex at both ends and at the switch's buffers.",
    ),
    "single_stream_limit": (
        "Several streams together reach {streams}: one stream is limited by window or latency.",
        "Send with several streams; raise the socket buffers only if that helps in a measurement.",
    ),
    "cpu_bound_link": (
        "A core of one end is fully busy: the CPU is the limit, not the link.",
        "Free the CPU, try several streams (iperf3 3.16 and newer take a thread for each), or larger frames (MTU 9000).",
    ),
    "low_share": (
        "Nothing is lost and no core is busy: a slower hop on the path, or latency.",
        "Check for a slower port on the path, and measure with several streams.",
    ),
}


def _by_link(run):
    """Return the pairs of each link."""
    links = {}
    for pair in pairs_of(run):
        links.setdefault(pair["link"], []).append(pair)
    return links.values()


def _wrong_routes(run, _data):
    return link_state.wrong_routes(run, pairs_of(run))


def _rates(run, data):
    return [found for pairs in _by_link(run) for found in _rates_of_link(run, pairs, data)]


def _rates_of_link(run, pairs, data):
    """One verdict for each pair: behind the others, a slower hop, ports that could do more, or a low share of its ceiling."""
    stalled = link_state.lost(pairs)
    mesh = outliers.Mesh([pair for pair in pairs if pair not in stalled])
    causes = mesh.wired()
    ported = [(cause, rate) for cause, rate in ((cause, outliers.standard_rate(mesh, cause)) for cause in causes) if rate]
    told = [cause for cause in causes if cause not in [cause for cause, _rate in ported]]
    explained = [pair for cause in causes for pair in mesh.pairs_of(cause)]
    limits, limited = _path_limits(run, mesh, ported, [pair for pair in pairs if pair not in explained], data)
    plain = [pair for pair in pairs if not pair["virtual"] and not pair["wifi"] and pair not in stalled]
    capable = [pair for pair in plain if _could_negotiate_more(pair)]
    rest = [pair for pair in plain if pair not in explained + limited + capable]
    findings = outliers.judge(run, mesh, told) + limits
    return findings + _below_capable(run, capable, data) + _low(run, [pair for pair in rest if _is_low(pair)], pairs)


def _wifi(run, _data):
    return [found for pairs in _by_link(run) for found in link_state.wifi(pairs, outliers.wifi_words(outliers.Mesh(pairs)))]


def _over_links(verdict):
    """Return a rule that gives the findings of a verdict over the pairs of each link."""

    def rule(run, _data):
        return [found for pairs in _by_link(run) for found in verdict(pairs)]

    rule.__name__ = verdict.__name__
    return rule


def _is_low(pair):
    return pair["share"] is not None and pair["share"] < _LOW


def _path_limits(run, mesh, ported, pairs, data):
    """Return (findings, their pairs) where pairs fill a standard rate that is lower than what their ports say.

    ported: (cause, rate) of what fills one below the other links; pairs: those that no cause explains.
    """
    limited = {}
    for cause, rate in ported:
        nodes, members = limited.setdefault(rate, (set(), []))
        nodes.update(cause.nodes)
        members += mesh.pairs_of(cause)
    for pair in pairs:
        # What Wi-Fi reaches may look like a rate of Ethernet by chance.
        says = pair["ceiling"] or pair["nominal"]
        if not says or pair["goodput"] >= _HEALTHY * says or pair["wifi"]:
            continue
        rate = ceilings.saturated_rate(pair["goodput"], below=says)
        if rate and not (pair["virtual"] and rate > _CPU_BPS and not _is_steady(pair)):
            nodes, members = limited.setdefault(rate, (set(), []))
            nodes.update(pair["nodes"])
            members.append(pair)
    findings = [_path_limit(run, mesh, rate, sorted(nodes), members, data) for rate, (nodes, members) in sorted(limited.items())]
    return findings, [pair for _nodes, members in limited.values() for pair in members]


def _is_steady(pair):
    """Tell whether a pair looks like a wire: what CPUs let through comes near a standard rate by chance, and moves."""
    medians = [metric["median"] for metric in pair["directions"]]
    still = all(metric["mad"] <= _STEADY * metric["median"] for metric in pair["directions"])
    return still and min(medians) >= (1 - _STEADY) * max(medians) and not pair["cpu_bound"]


def _path_limit(run, mesh, rate, nodes, members, data):
    goodput = statistics.median([pair["goodput"] for pair in members])
    ports = members[0]["ceiling"] or members[0]["nominal"]
    said = f"{human(ports, 'bit/s')}, what the ports at both ends negotiated"
    if not ports:
        ports = max(cell.goodput for cell in mesh.cells.values())
        said = f"{human(ports, 'bit/s')}, what the fastest link reaches"
    share = statistics.ratio(goodput, ports)
    gain, words = remedies.gain(run, statistics.ratio(ports, goodput))
    return finding(
        "limit",
        "path_limit",
        nodes,
        f"{human(goodput, 'bit/s')}, {goodput / ceilings.tcp_goodput(rate):.2f} of what {human(rate, 'bit/s')} Ethernet carries",
        said,
        f"The path fills a {human(rate, 'bit/s')} link: something between the ports (switch, router, cable) is slower.",
        f"{remedies.faster(run, members[0], ports, data)} {words}",
        cost=max(1 - share, 0),
        gain_at_most=gain,
    )


def _speeds(pair):
    """Return (negotiated, capable) of the slower end of each in bit/s, None where an end does not tell."""
    negotiated = [end.get("negotiated_bps") for end in pair["ends"]]
    capable = [end.get("capable_bps") for end in pair["ends"]]
    return (min(negotiated), min(capable)) if all(speed and speed > 0 for speed in negotiated + capable) else None


def _could_negotiate_more(pair):
    speeds = _speeds(pair)
    return bool(speeds and pair["ceiling"]) and speeds[1] > speeds[0] * 1.01


def _below_capable(run, pairs, data):
    """Ports that could do more than they negotiated, at both ends of a pair."""
    groups = {}
    for pair in pairs:
        groups.setdefault(_speeds(pair), []).append(pair)
    findings = []
    for (negotiated, capable), members in sorted(groups.items()):
        worst = min(members, key=lambda pair: pair["share"] or 0)
        factor = capable / negotiated
        filled = (worst["share"] or 0) >= _HEALTHY
        gain, words = remedies.gain(run, factor)
        several = f" (the lowest of {named_pairs(members)})" if len(members) > 1 else ""
        findings.append(
            finding(
                "limit",
                "negotiated_below_capable",
                _slower_nodes(members, negotiated),
                f"{human(worst['goodput'], 'bit/s')}, {percent(worst['share'])} of the ceiling of the link{several}",
                f"{human(capable, 'bit/s')}, which both ports can do; they negotiated {human(negotiated, 'bit/s')}",
                f"The link itself is {'filled' if filled else 'not filled'}; {remedies.partner(worst)}"
                "a port of the switch or router, or the cable, negotiates the lower speed.",
                f"{remedies.faster(run, worst, ceilings.tcp_goodput(capable), data)} "
                f"The link alone would be up to {factor:g} times as fast. {words}",
                cost=1 - 1 / factor,
                gain_at_most=gain,
            )
        )
    return findings


def _slower_nodes(pairs, negotiated):
    """Return the nodes whose own port negotiated no more than ``negotiated`` and could do more."""
    return sorted(
        {
            node
            for pair in pairs
            for node, end in zip(pair["nodes"], pair["ends"])
            if end["negotiated_bps"] <= negotiated * 1.01 and end["capable_bps"] > end["negotiated_bps"] * 1.01
        }
    )


def _reason(pair):
    """Return the first reason that fits a link which is not filled."""
    if pair["loss"] is not None and pair["loss"] >= _LOSS:
        return "lossy_link"
    if pair["most_streams"] and pair["most_streams"] > _STREAMS * pair["goodput"]:
        return "single_stream_limit"
    return "cpu_bound_link" if pair["cpu_bound"] else "low_share"


def _low(run, pairs, everywhere):
    """Links that are not filled, one finding for each reason."""
    groups = {}
    for pair in pairs:
        groups.setdefault(_reason(pair), []).append(pair)
    findings = []
    for kind, members in groups.items():
        worst = min(members, key=lambda pair: pair["share"])
        because, advice = _REASONS[kind]
        streams = [pair["most_streams"] for pair in members if pair["most_streams"]]
        seen = because.format(loss=max(pair["loss"] or 0 for pair in members) * 100, streams=span(streams) if streams else "")
        subject, where = worst["slower"]["subject"], ""
        if len(members) > 1:
            subject = concerned(members, everywhere)
            where = f", the lowest of {'every link' if len(members) == len(everywhere) else named_pairs(members)}"
        factor = statistics.ratio(1, worst["share"])
        gain, words = remedies.gain(run, factor) if factor else (None, "")
        findings.append(
            finding(
                "limit",
                kind,
                subject,
                f"{human(worst['goodput'], 'bit/s')}, {percent(worst['share'])} of the ceiling{where}",
                f"{human(worst['ceiling'], 'bit/s')} ({worst['slower']['ceiling_source']})",
                seen,
                f"{advice} {words}".rstrip(),
                cost=1 - worst["share"],
                gain_at_most=gain,
            )
        )
    return findings


RULES = [
    _wrong_routes,
    _rates,
    _wifi,
    *map(_over_links, (link_state.lost_frames, link_state.mtus, link_state.elsewhere, link_state.latency, link_state.udp)),
]
