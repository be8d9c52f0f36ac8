"""Verdicts over links: which pair is slow, what a path limits, what the ports could do."""

from __future__ import annotations

from .. import ceilings, statistics
from ..units import human, percent
from .finding import finding, named

_SLOW = 0.8  # of the median of all pairs
_HEALTHY = 0.9  # of the ceiling
_LOW = 0.8  # of the ceiling
_ASYMMETRY = 0.15
_RETRANSMITS = 100  # a second
_CPU_BOUND = 95  # per cent of one core


def judge(run):
    """Return the findings over the links of a run."""
    metrics = named(run, "net.goodput")
    findings = []
    for link in sorted({metric["link"] for metric in metrics}):
        pairs = _pairs([metric for metric in metrics if metric["link"] == link])
        slow = _slow_pairs(pairs)
        findings += _report_slow(pairs, slow)
        findings += _path_limits(run, pairs, slow)
        findings += _capability(run, pairs, link)
        for pair in pairs:
            findings += _single(pair, in_slow=pair in slow)
    return findings


def _pairs(metrics):
    """Return [{nodes, forward, backward, goodput, ceiling}], one for each pair of nodes; goodput is the slower direction's."""
    grouped = {}
    for metric in metrics:
        grouped.setdefault(tuple(sorted(metric["subject"])), []).append(metric)
    return [
        {"nodes": nodes, "metrics": both, "goodput": min(metric["median"] for metric in both), "ceiling": both[0]["ceiling"]}
        for nodes, both in sorted(grouped.items())
    ]


def _slow_pairs(pairs):
    """Return the pairs well below the median of all; two pairs tell nothing about which of them is odd."""
    if len(pairs) < 3:
        return []
    typical = statistics.median([pair["goodput"] for pair in pairs])
    return [pair for pair in pairs if pair["goodput"] < _SLOW * typical]


def _report_slow(pairs, slow):
    if not slow:
        return []
    typical = statistics.median([pair["goodput"] for pair in pairs])
    common = set(slow[0]["nodes"]).intersection(*(pair["nodes"] for pair in slow[1:]))
    of_node = {node: sum(node in pair["nodes"] for pair in pairs) for pair in pairs for node in pair["nodes"]}
    culprit = next((node for node in sorted(common) if of_node[node] == len(slow)), None)
    worst = min(slow, key=lambda pair: pair["goodput"])
    share = worst["goodput"] / typical
    if culprit and len(slow) > 1:
        subject, what = [culprit], f"all {len(slow)} links of {culprit}"
    else:
        subject, what = worst["nodes"], f"the link {worst['nodes'][0]} - {worst['nodes'][1]}"
    return [
        finding(
            "fault",
            "slow_link",
            subject,
            f"{human(worst['goodput'], 'bit/s')} ({percent(share)} of the median of all pairs)",
            f"{human(typical, 'bit/s')}, what the other pairs reach",
            f"The nodes' other links are fast, so {what} is what is slow, not the nodes.",
            "Swap the cable, then the switch port; look whether both ends negotiated what their ports can.",
            cost=1 - share,
        )
    ]


def _path_limits(run, pairs, slow):
    """One finding when healthy pairs all fill a standard rate that is lower than what their ports say."""
    limited = {}
    for pair in pairs:
        if pair in slow or not pair["ceiling"] or pair["goodput"] >= _HEALTHY * pair["ceiling"]:
            continue
        rate = ceilings.saturated_rate(pair["goodput"], below=pair["ceiling"])
        if rate:
            limited.setdefault(rate, []).append(pair)
    findings = []
    for rate, members in sorted(limited.items()):
        ceiling = ceilings.tcp_goodput(rate)
        goodput = statistics.median([pair["goodput"] for pair in members])
        ports = members[0]["ceiling"]
        nodes = sorted({node for pair in members for node in pair["nodes"]})
        two = len(run["nodes"]) == 2
        free = "Two nodes need no switch: join their fast ports with one cable. " if two else ""
        findings.append(
            finding(
                "limit",
                "path_limit",
                nodes,
                f"{human(goodput, 'bit/s')}, {goodput / ceiling:.2f} of what {human(rate, 'bit/s')} Ethernet carries",
                f"{human(ports, 'bit/s')}, what the ports at both ends negotiated",
                f"The path fills a {human(rate, 'bit/s')} link: something between the ports (switch, router, cable) is slower.",
                f"{free}Find the slow hop: put both nodes on one switch that carries the ports' speed.",
                cost=1 - goodput / ports,
                gain_at_most=None,
            )
        )
    return findings


def _capability(run, pairs, link):
    """Ports that could do more than they negotiated, at both ends."""
    findings = []
    for pair in pairs:
        ends = [run["nodes"].get(node, {}).get("facts", {}).get("links", {}).get(link) or {} for node in pair["nodes"]]
        negotiated = [end.get("negotiated_bps") for end in ends]
        capable = [end.get("capable_bps") for end in ends]
        if not all(negotiated) or not all(capable) or min(capable) <= min(negotiated) * 1.01:
            continue
        factor = min(capable) / min(negotiated)
        two = len(run["nodes"]) == 2
        free = "Two nodes need no switch: join them with one cable. " if two else ""
        findings.append(
            finding(
                "limit",
                "negotiated_below_capable",
                pair["nodes"],
                f"{human(pair['goodput'], 'bit/s')}, {percent(pair['goodput'] / pair['ceiling'])} of the ceiling of the link",
                f"both ports can do {human(min(capable), 'bit/s')}, the link runs at {human(min(negotiated), 'bit/s')}",
                f"The link itself is {'filled' if pair['goodput'] >= _HEALTHY * pair['ceiling'] else 'not filled'}; "
                "a port of the switch or router, or the cable, negotiates the lower speed.",
                f"{free}Swap the cable (Cat 6 or better), then the port. The link would be up to {factor:g} times as fast; "
                "work gains only in the share of its time that it transfers.",
                cost=1 - 1 / factor,
            )
        )
    return findings


def _single(pair, in_slow):
    """What one pair tells by itself.

    Between virtual interfaces the nodes' CPUs set the pace, and the ceiling is only a name: there it tells nothing.
    """
    findings = []
    if any("virtual interface" in metric["ceiling_source"] for metric in pair["metrics"]):
        return findings
    medians = [metric["median"] for metric in pair["metrics"]]
    if len(medians) == 2 and 1 - min(medians) / max(medians) > _ASYMMETRY and not in_slow:
        slower = min(pair["metrics"], key=lambda metric: metric["median"])
        findings.append(
            finding(
                "limit",
                "asymmetric_link",
                slower["subject"],
                f"{human(min(medians), 'bit/s')} from {slower['subject'][0]} to {slower['subject'][1]}",
                f"{human(max(medians), 'bit/s')}, what the other direction reaches",
                "The two directions differ by more than 15 %: duplex, driver, Wi-Fi, or a sender that is busy.",
                "Measure again on idle nodes; then look at duplex and driver at the sending end.",
                cost=1 - min(medians) / max(medians),
            )
        )
    worst = min(pair["metrics"], key=lambda metric: metric["median"])
    retransmits = max((metric["context"].get("retransmits") or 0) / metric["params"]["seconds"] for metric in pair["metrics"])
    known = pair["ceiling"] and not in_slow
    if known and pair["goodput"] < _LOW * pair["ceiling"] and not ceilings.saturated_rate(pair["goodput"], pair["ceiling"]):
        busy = max((metric["context"].get("cpu_percent") or {}).get("host_total") or 0 for metric in pair["metrics"])
        if retransmits > _RETRANSMITS:
            because, advice = "Segments are lost on the way.", "Swap the cable; look at duplex and at the switch's buffers."
        elif busy >= _CPU_BOUND:
            because, advice = "A core of one end is fully busy: the CPU is the limit, not the link.", "Try more streams."
        else:
            because = "Nothing is lost and no core is busy: window, latency, or a slower hop on the path."
            advice = "Measure with more streams, and look for a slower port on the path."
        findings.append(
            finding(
                "limit",
                "low_share",
                worst["subject"],
                f"{human(pair['goodput'], 'bit/s')}, {percent(pair['goodput'] / pair['ceiling'])} of the ceiling",
                f"{human(pair['ceiling'], 'bit/s')} ({worst['ceiling_source']})",
                because,
                advice,
                cost=1 - pair["goodput"] / pair["ceiling"],
            )
        )
    return findings
