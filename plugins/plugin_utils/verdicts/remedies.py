"""What helps a link, the cheapest first, and what it gains at most on this cluster."""

from __future__ import annotations

from typing import Final

from ..model import RunDocument
from ..text import labels
from ..text.units import percent
from ..thresholds import GAIN_LEAST, LINK_LOSS
from .finding import Data, bounded_gain
from .pairs import SHOWN, Pair, listed
from .scaling import transfer_share

THUNDERBOLT_BPS: Final = 16e9  # what IP gets over Thunderbolt 4
FREE_THE_CPU: Final = (
    "Free the CPU.",
    "Send with several streams (iperf3 3.16 and newer use a thread for each).",
    "Use larger frames (MTU 9000).",
)
_SWITCH_RATES: Final = (2.5, 5, 10, 25, 40, 100)  # Gb/s


def wifi(nodes: list[str]) -> list[str]:
    """Return the remedies for nodes whose routes go over Wi-Fi."""
    named = listed(nodes, labels.plural(len(nodes) - SHOWN, "more node"))
    return [
        f"Connect {named} with a cable and take the cluster's addresses from it.",
        "Put Wi-Fi below Ethernet in the service order.",
    ]


def gain(run: RunDocument, factor: float | None) -> tuple[float | None, str]:
    """Return (gain at most, sentence) of a link ``factor`` times as fast: Amdahl's bound over the measured part of transfer.

    factor: None for a link that carries nothing; it has no bound and no sentence.
    """
    if not factor:
        return None, ""
    share = transfer_share(run)
    if share is None:
        return None, "The gain for your tasks is unknown: how much of their time is transfer was not measured."
    bound = bounded_gain(share, factor)
    if bound is None:
        return None, "The gain has no bound: the link carries next to nothing now."
    bound = round(bound, 2)
    if bound < GAIN_LEAST:
        return bound, f"The tasks of this run spend {percent(share)} of their time on transfer: too little for a gain that shows."
    return bound, (
        f"Gain for the tasks of this run, which spend {percent(share)} of their time on transfer: {labels.gain_label(bound)}. "
        "Work that ships more data gains more."
    )


def faster(run: RunDocument, pair: Pair, goodput: float, data: Data) -> list[str]:
    """Return the ways to a link of ``goodput`` bit/s, the free ones first."""
    nodes = len(run["nodes"])
    kinds = {end.get("kind") for node in run["nodes"].values() for end in (node["facts"].get("links") or {}).values()}
    macs = all(node["facts"].get("system") == "Darwin" for node in run["nodes"].values())
    ways = []
    if nodes == 2:
        ways.append("Join the fast ports with one cable: two nodes need no switch.")
    if macs and "thunderbolt" not in kinds and nodes <= 3:
        ways.append(f"{thunderbolt()} (Thunderbolt 4): name its addresses in links.")
    ways += ["Swap the cable (Cat 6 or better).", "Use another port of the switch."]
    if nodes > 2 or any(end.get("kind") == "ethernet" for end in pair["ends"]):
        ways.append(switch_words(nodes, goodput, data))
    return ways


def thunderbolt() -> str:
    """Return the beginning of a sentence about a Thunderbolt cable between Macs."""
    return f"Use a Thunderbolt cable between the Macs, which carries IP at about {THUNDERBOLT_BPS / 1e9:.0f} Gb/s"


def switch_words(nodes: int, goodput: float, data: Data) -> str:
    """Return the smallest known switch with a port of the speed for each node."""
    rate = next((rate for rate in _SWITCH_RATES if rate * 1e9 >= goodput), _SWITCH_RATES[-1])
    fitting = [
        switch["model"]
        for switch in data.get("switches", [])
        if sum(count for count, speed, _connector in switch["ports"] if speed >= rate) >= nodes
    ]
    example = f"for example {fitting[0]}" if fitting else "data/switches.yml lists none"
    return f"Use a switch with {nodes} ports of {rate:g} Gb/s ({example})."


def partner(pair: Pair) -> str:
    """Return what the other side of the cable announced, where the system reports it."""
    offers = [end["partner_bps"] for end in pair["ends"] if end.get("partner_bps")]
    return f"the other side of the cable offers {max(offer or 0 for offer in offers) / 1e9:g} Gb/s at most; " if offers else ""


def lost_words(pair: Pair) -> str:
    """Return a sentence about lost segments, or nothing."""
    loss = pair["loss"] or 0
    return f" {loss * 100:.2f} % of its segments had to be sent again." if loss >= LINK_LOSS else ""
