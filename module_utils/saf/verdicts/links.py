"""Verdicts over links: the diagnosis table. For each pair one main verdict, the first that fits; then what else it shows.

Between virtual interfaces the nodes' CPUs set the pace and the negotiated speed is only a name: there only a pair that is far
slower than the others, or a path that fills a standard rate, says anything.
"""

from __future__ import annotations

from .. import ceilings, statistics
from ..units import human, percent
from . import remedies
from .finding import finding
from .pairs import pairs_of

_SLOW = 0.8  # of the median of all pairs
_SLOW_VIRTUAL = 0.5  # the same where CPUs set the pace
_HEALTHY = 0.9  # of the ceiling
_LOW = 0.8  # of the ceiling
_ASYMMETRY = 0.15
_LOSS = 0.001  # of the segments
_STREAMS = 1.3  # several streams against one
_UDP_LOSS = 0.01
_BLOAT = 10  # loaded against idle
_BLOAT_S = 0.005


def judge(run, data):
    """Return the findings over the links of a run."""
    pairs = pairs_of(run)
    findings = _wrong_routes(run, pairs)
    for link in sorted({pair["link"] for pair in pairs}):
        members = [pair for pair in pairs if pair["link"] == link]
        slow = _slow_pairs(members)
        findings += _report_slow(run, members, slow)
        rest = [pair for pair in members if pair not in slow]
        limited = _path_limits(run, rest, data)
        told = [pair for _finding, group in limited for pair in group]
        findings += [found for found, _group in limited]
        for pair in rest:
            findings += _single(run, pair, data, explained=pair in told)
    return findings


def _slow_pairs(pairs):
    """Return the pairs well below the median of all; two pairs tell nothing about which of them is odd."""
    if len(pairs) < 3:
        return []
    typical = statistics.median([pair["goodput"] for pair in pairs])
    return [pair for pair in pairs if pair["goodput"] < (_SLOW_VIRTUAL if pair["virtual"] else _SLOW) * typical]


def _report_slow(run, pairs, slow):
    if not slow:
        return []
    typical = statistics.median([pair["goodput"] for pair in pairs])
    common = set(slow[0]["nodes"]).intersection(*(pair["nodes"] for pair in slow[1:]))
    of_node = {node: sum(node in pair["nodes"] for pair in pairs) for pair in pairs for node in pair["nodes"]}
    culprit = next((node for node in sorted(common) if of_node[node] == len(slow)), None)
    if culprit and len(slow) > 1:
        return [_slow_finding(run, [culprit], slow, typical, f"all {len(slow)} links of {culprit}")]
    return [_slow_finding(run, pair["nodes"], [pair], typical, f"the link {' - '.join(pair['nodes'])}") for pair in slow]


def _slow_finding(run, subject, slow, typical, what):
    worst = min(slow, key=lambda pair: pair["goodput"])
    share = worst["goodput"] / typical
    wifi = _over_wifi(worst)
    gain, words = remedies.gain(run, 1 / share)
    cable = "Swap the cable, then the switch port; look whether both ends negotiated what their ports can."
    return finding(
        "fault",
        "slow_link",
        subject,
        f"{human(worst['goodput'], 'bit/s')} ({percent(share)} of the median of all pairs)",
        f"{human(typical, 'bit/s')}, what the other pairs reach",
        f"The other links are fast: slow {'is' if len(slow) == 1 else 'are'} {what}."
        + (" Its route goes over Wi-Fi." if wifi else "")
        + remedies.lost_words(worst),
        f"{remedies.WIFI if wifi else cable} {words}",
        cost=1 - share,
        gain_at_most=gain,
    )


def _path_limits(run, pairs, data):
    """Return [(finding, its pairs)] where pairs fill a standard rate that is lower than what their ports say."""
    limited = {}
    for pair in pairs:
        # What Wi-Fi reaches may look like a rate of Ethernet by chance.
        if not pair["ceiling"] or pair["goodput"] >= _HEALTHY * pair["ceiling"] or _over_wifi(pair):
            continue
        rate = ceilings.saturated_rate(pair["goodput"], below=pair["ceiling"])
        if rate:
            limited.setdefault(rate, []).append(pair)
    found = []
    for rate, members in sorted(limited.items()):
        ceiling = ceilings.tcp_goodput(rate)
        goodput = statistics.median([pair["goodput"] for pair in members])
        ports = members[0]["ceiling"]
        nodes = sorted({node for pair in members for node in pair["nodes"]})
        gain, words = remedies.gain(run, ports / goodput)
        limit = finding(
            "limit",
            "path_limit",
            nodes,
            f"{human(goodput, 'bit/s')}, {goodput / ceiling:.2f} of what {human(rate, 'bit/s')} Ethernet carries",
            f"{human(ports, 'bit/s')}, what the ports at both ends negotiated",
            f"The path fills a {human(rate, 'bit/s')} link: something between the ports (switch, router, cable) is slower.",
            f"{remedies.faster(run, members[0], ports, data)} {words}",
            cost=1 - goodput / ports,
            gain_at_most=gain,
        )
        found.append((limit, members))
    return found


def _single(run, pair, data, explained):
    """What one pair tells by itself; explained: its goodput has a verdict already."""
    findings = _frames(pair) + _elsewhere(pair)
    if pair["virtual"]:
        return findings
    capable = _capability(run, pair, data)
    low = [] if explained or capable else _low(run, pair)
    return findings + capable + low + _asymmetry(run, pair, low) + _latency(pair) + _udp(pair)


def _capability(run, pair, data):
    """Ports that could do more than they negotiated, at both ends."""
    negotiated = [end.get("negotiated_bps") for end in pair["ends"]]
    capable = [end.get("capable_bps") for end in pair["ends"]]
    if not all(negotiated) or not all(capable) or min(capable) <= min(negotiated) * 1.01:
        return []
    factor = min(capable) / min(negotiated)
    filled = pair["goodput"] >= _HEALTHY * pair["ceiling"]
    gain, words = remedies.gain(run, factor)
    return [
        finding(
            "limit",
            "negotiated_below_capable",
            pair["nodes"],
            f"{human(pair['goodput'], 'bit/s')}, {percent(pair['goodput'] / pair['ceiling'])} of the ceiling of the link",
            f"{human(min(capable), 'bit/s')}, which both ports can do; they negotiated {human(min(negotiated), 'bit/s')}",
            f"The link itself is {'filled' if filled else 'not filled'}; {remedies.partner(pair)}"
            "a port of the switch or router, or the cable, negotiates the lower speed.",
            f"{remedies.faster(run, pair, ceilings.tcp_goodput(min(capable)), data)} "
            f"The link alone would be up to {factor:g} times as fast. {words}",
            cost=1 - 1 / factor,
            gain_at_most=gain,
        )
    ]


def _low(run, pair):
    """A link that is not filled, and the first reason that fits."""
    if _over_wifi(pair):
        return [_wifi(pair)]
    if not pair["ceiling"] or pair["goodput"] >= _LOW * pair["ceiling"]:
        return []
    share = pair["goodput"] / pair["ceiling"]
    if pair["loss"] is not None and pair["loss"] >= _LOSS:
        kind, because = "lossy_link", f"{pair['loss'] * 100:.2f} % of the segments had to be sent again."
        advice = "Swap the cable; look at duplex at both ends and at the switch's buffers."
    elif pair["most_streams"] and pair["most_streams"] > _STREAMS * pair["goodput"]:
        kind = "single_stream_limit"
        because = (
            f"Several streams together reach {human(pair['most_streams'], 'bit/s')}: one stream is limited by window or latency."
        )
        advice = "Send with several streams; raise the socket buffers only if that helps in a measurement."
    elif pair["cpu_bound"]:
        kind, because = "cpu_bound_link", "A core of one end is fully busy: the CPU is the limit, not the link."
        advice = "Free the CPU, try several streams (iperf3 3.16 and newer take a thread for each), or larger frames (MTU 9000)."
    else:
        kind, because = "low_share", "Nothing is lost and no core is busy: a slower hop on the path, or latency."
        advice = "Look for a slower port on the path, and measure with several streams."
    gain, words = remedies.gain(run, 1 / share)
    return [
        finding(
            "limit",
            kind,
            pair["slower"]["subject"],
            f"{human(pair['goodput'], 'bit/s')}, {percent(share)} of the ceiling",
            f"{human(pair['ceiling'], 'bit/s')} ({pair['slower']['ceiling_source']})",
            because,
            f"{advice} {words}",
            cost=1 - share,
            gain_at_most=gain,
        )
    ]


def _over_wifi(pair):
    return any(end.get("kind") == "wifi" for end in pair["ends"])


def _wifi(pair):
    by = " ".join(sentence for sentence in map(_detour, pair["nodes"], pair["ends"], pair["owners"]) if sentence)
    return finding(
        "limit",
        "wifi_route",
        pair["nodes"],
        f"{human(pair['goodput'], 'bit/s')} over Wi-Fi",
        "a cable between the nodes",
        f"The route between the nodes goes over Wi-Fi: slower, half duplex, and shared with everything in the air. {by}".rstrip(),
        remedies.WIFI,
        cost=0.9,
    )


def _detour(node, end, owner):
    """Return a sentence about a node whose packets leave by another interface than the one with its address, or ""."""
    used, own = end.get("interface"), owner.get("interface")
    if not used or not own or used == own or "loopback" in (end.get("kind"), owner.get("kind")):
        return ""
    return f"{node} sends by {used} ({end.get('kind')}), its address is on {own} ({owner.get('kind')})."


def _elsewhere(pair):
    """A route that does not use the interface whose address the link names: what is measured is another link."""
    detours = {node: _detour(node, end, owner) for node, end, owner in zip(pair["nodes"], pair["ends"], pair["owners"])}
    detours = {node: sentence for node, sentence in detours.items() if sentence}
    if not detours or _over_wifi(pair):  # Wi-Fi has a verdict of its own, which says this
        return []
    return [
        finding(
            "limit",
            "route_elsewhere",
            list(detours),
            " ".join(detours.values()),
            f"the interfaces whose addresses the link {pair['link']} names",
            "Two interfaces of a node are in one subnet, or a bridge has taken the route over: the link's name and speed are not "
            "those of the path that carries the packets.",
            "Give each link a subnet of its own, or put the wanted interface first in the system's service order.",
            cost=0.5,
        )
    ]


def _wrong_routes(run, pairs):
    """The cluster's own link is not the fastest that the two nodes have in common."""
    by_nodes = {}
    for pair in pairs:
        by_nodes.setdefault(tuple(pair["nodes"]), {})[pair["link"]] = pair
    findings = []
    for nodes, links in sorted(by_nodes.items()):
        used = links.get("default")
        best = max(links.values(), key=lambda pair: pair["goodput"])
        if not used or best is used or best["goodput"] < 1.2 * used["goodput"]:
            continue
        factor = best["goodput"] / used["goodput"]
        gain, words = remedies.gain(run, factor)
        findings.append(
            finding(
                "limit",
                "wrong_route",
                list(nodes),
                f"{human(used['goodput'], 'bit/s')} over the link that Ray uses",
                f"{human(best['goodput'], 'bit/s')} over the link {best['link']}",
                f"The nodes have a link that is {factor:.1f} times as fast, and the cluster's addresses do not use it.",
                f"Set cluster_address of the nodes to those on {best['link']} and run site.yml; it costs nothing. {words}",
                cost=1 - 1 / factor,
                gain_at_most=gain,
            )
        )
    return findings


def _frames(pair):
    """Frames that the ends agree on and the path does not carry, and ends that do not agree."""
    ends = pair["ends"]
    mtus = [end.get("mtu") for end in ends]
    if any(end.get("mtu_passes") is False for end in ends) and len(set(mtus)) == 1:
        return [
            finding(
                "fault",
                "jumbo_frames_lost",
                pair["nodes"],
                f"packets of {mtus[0]} bytes do not arrive",
                f"they pass: both ends have MTU {mtus[0]}",
                "A switch or bridge on the path does not carry frames of this size: connections stall as soon as they send much.",
                "Set the MTU back to 1500 at both ends, or switch jumbo frames on at every switch of the path.",
                cost=1.0,
            )
        ]
    if all(mtus) and len(set(mtus)) > 1 and not pair["virtual"]:
        return [
            finding(
                "limit",
                "mtu_differs",
                pair["nodes"],
                f"MTU {mtus[0]} at one end, {mtus[1]} at the other",
                "one MTU on a link",
                "The smaller one counts for TCP; other traffic can be lost without a word.",
                "Set the same MTU at both ends.",
                cost=0.2,
            )
        ]
    return []


def _asymmetry(run, pair, low):
    if len(pair["directions"]) < 2 or low:
        return []
    slower, faster = pair["slower"], max(pair["directions"], key=lambda metric: metric["median"])
    lost = 1 - slower["median"] / faster["median"]
    if lost <= _ASYMMETRY:
        return []
    gain, words = remedies.gain(run, 1 / (1 - lost))
    return [
        finding(
            "limit",
            "asymmetric_link",
            slower["subject"],
            f"{human(slower['median'], 'bit/s')} from {slower['subject'][0]} to {slower['subject'][1]}",
            f"{human(faster['median'], 'bit/s')}, what the other direction reaches",
            "The two directions differ by more than 15 %: duplex, driver, Wi-Fi, or a sender that is busy."
            + remedies.lost_words(pair),
            f"Measure again on idle nodes; then look at duplex and driver at the sending end. {words}",
            cost=lost,
            gain_at_most=gain,
        )
    ]


def _latency(pair):
    idle, loaded = pair["idle"], pair["loaded"]
    if not idle or not loaded or loaded["p95"] < max(_BLOAT * idle["median"], _BLOAT_S):
        return []
    return [
        finding(
            "note",
            "bufferbloat",
            pair["nodes"],
            f"round trip {human(loaded['p95'], 's')} (p95) while the link is loaded",
            f"below {human(_BLOAT * idle['median'], 's')}: {_BLOAT} times the {human(idle['median'], 's')} of the idle link",
            "Something on the path queues far more than it needs: small messages wait behind large ones.",
            "Keep bulk transfers off the link that tasks use, or use a switch with smaller buffers or with queue management.",
            cost=0.2,
        )
    ]


def _udp(pair):
    loss = pair["udp_loss"]
    if not loss or loss["median"] < _UDP_LOSS:
        return []
    return [
        finding(
            "note",
            "udp_loss",
            loss["subject"],
            f"{loss['median'] * 100:.1f} % of the datagrams lost at half of the TCP goodput",
            "below 1 %",
            "Datagrams are dropped although the link is half empty: buffers of the receiver or of a switch are too small.",
            "Look at the drop counters of both ends and of the switch.",
            cost=0.1,
        )
    ]


RULES = (judge,)
