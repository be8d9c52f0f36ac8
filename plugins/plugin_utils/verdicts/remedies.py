"""What helps a link, the cheapest first, and what it can bring at most to this cluster."""

from __future__ import annotations

from ..text import labels
from ..text.units import percent
from .finding import bounded_gain
from .pairs import SHOWN, listed
from .scaling import transfer_share


def wifi(nodes):
    """Return the remedy for nodes whose routes go over Wi-Fi."""
    named = listed(nodes, labels.plural(len(nodes) - SHOWN, "more node"))
    return (
        f"Connect {named} with a cable and take the cluster's addresses from it; put Wi-Fi below Ethernet in the service order."
    )


def gain(run, factor):
    """Return (gain at most, sentence) of a link ``factor`` times as fast: Amdahl's bound over the measured share of transfer."""
    share = transfer_share(run)
    if share is None:
        return None, "What it brings to your tasks is unknown: their share of transfer was not measured."
    bound = bounded_gain(share, factor)
    if bound is None:
        return None, "What it brings has no bound: the link carries next to nothing now."
    bound = round(bound, 2)
    brings = f"so they gain {labels.gain_label(bound)}" if bound >= 1.01 else "so it brings them nothing that could be measured"
    return bound, (
        f"The tasks of this run spend {percent(share)} of their time on transfer, {brings}; work that ships more data gains more."
    )


def faster(run, pair, goodput, data):
    """Return the ways to a link of ``goodput`` bit/s, the free ones first."""
    nodes = len(run["nodes"])
    kinds = {end.get("kind") for node in run["nodes"].values() for end in (node["facts"].get("links") or {}).values()}
    macs = all(node["facts"].get("system") == "Darwin" for node in run["nodes"].values())
    ways = []
    if nodes == 2:
        ways.append("Two nodes need no switch: join their fast ports with one cable.")
    if macs and "thunderbolt" not in kinds and nodes <= 3:
        ways.append("A Thunderbolt cable carries IP at about 16 Gb/s (Thunderbolt 4): name its addresses in links.")
    ways.append("Swap the cable (Cat 6 or better), then the port.")
    if nodes > 2 or any(end.get("kind") == "ethernet" for end in pair["ends"]):
        ways.append(switch_words(nodes, goodput, data))
    return " ".join(way for way in ways if way)


def switch_words(nodes, goodput, data):
    """Return the cheapest known switch with a port of the speed for each node, with its price for each usable Gb/s."""
    rate = next((rate for rate in (2.5, 5, 10, 25, 40, 100) if rate * 1e9 >= goodput), 100)
    fitting = [
        (switch, rate)
        for switch in data.get("switches", [])
        if sum(count for count, speed, _connector in switch["ports"] if speed >= rate) >= nodes
    ]
    if not fitting:
        return f"A switch would need {nodes} ports of {rate:g} Gb/s; data/switches.yml knows none."
    priced = sorted((item for item in fitting if item[0]["price_usd"]), key=lambda item: item[0]["price_usd"])
    if not priced:
        return f"Else a switch with {nodes} ports of {rate:g} Gb/s, for instance {fitting[0][0]['model']}."
    switch = priced[0][0]
    each = switch["price_usd"] / (nodes * rate)
    return (
        f"Else a switch with {nodes} ports of {rate:g} Gb/s, for instance {switch['model']} at {switch['price_usd']} USD "
        f"({each:.1f} USD for each usable Gb/s; {switch['price_source']})."
    )


def partner(pair):
    """Return what the other side of the cable said that it can do, where the system tells."""
    offers = [end["partner_bps"] for end in pair["ends"] if end.get("partner_bps")]
    return f"the other side of the cable offers {max(offers) / 1e9:g} Gb/s at most; " if offers else ""


def lost_words(pair):
    """Return a sentence about lost segments, or nothing."""
    return f" {pair['loss'] * 100:.2f} % of its segments had to be sent again." if (pair["loss"] or 0) >= 0.001 else ""
