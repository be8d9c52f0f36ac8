"""Verdicts over all nodes at once: pairs that are fine alone and not together share something that is too small."""

from __future__ import annotations

from ..analysis import link_model, statistics
from ..model import RunDocument
from ..text.units import human, percent
from ..thresholds import SWITCH_CARRIED
from . import remedies
from .finding import Data, Draft, Rule, finding, named
from .pairs import pairs_of


def judge(run: RunDocument, _data: Data) -> list[Draft]:
    """Return at most one finding: what all nodes send together against what their ports can take alone.

    The air is shared by nature, and between virtual interfaces the CPUs are: there it means nothing for a switch.
    """
    together = [metric for metric in named(run, "net.together") if link_model.usable(metric["median"])]
    pairs = [pair for pair in pairs_of(run) if pair["link"] == "default"]
    if len(together) < 3 or not pairs or any(pair["virtual"] or pair["wifi"] for pair in pairs):
        return []
    alone = {node: max(pair["goodput"] for pair in pairs if node in pair["nodes"]) for pair in pairs for node in pair["nodes"]}
    expected = sum(alone.get(metric["subject"][0], 0) for metric in together)
    carried = sum(metric["median"] for metric in together)
    share = statistics.ratio(carried, expected)
    if share is None or share >= SWITCH_CARRIED:
        return []
    factor = statistics.ratio(1, share)
    gain, words = remedies.gain(run, factor)
    return [
        finding(
            severity="limit",
            kind="switch_contention",
            title=f"Links at {percent(share)} while all nodes send at once",
            subject=sorted(metric["subject"][0] for metric in together),
            measured=f"{human(carried, 'bit/s')} when all nodes send at once",
            expected=f"{human(expected, 'bit/s')}, the sum of what their ports reach alone",
            because=f"Each pair alone is fine; together they get {percent(share)}: they share something that is too small "
            f"(the back-plane of the switch, or an uplink between two switches). {words}".rstrip(),
            remedies=["Put all nodes on one switch instead of two.", "Use a switch that is non-blocking for so many ports."],
            cost=1 - share,
            gain_at_most=gain,
            link_factor=factor,
        )
    ]


RULES: list[Rule] = [judge]
