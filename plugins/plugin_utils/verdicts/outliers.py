"""Verdicts over links that stay behind the others: the causes of the link model in words, equal causes in one finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..analysis import ceilings, link_model, statistics
from ..analysis.link_model import Cause, Cell
from ..model import Metric, RunDocument, Severity
from ..text.labels import plural
from ..text.units import human, percent
from ..thresholds import OUTLIER_FAULT, OUTLIER_FAULT_ONE_WAY, SEVERAL_STREAMS
from . import remedies
from .finding import Draft, finding
from .pairs import SHOWN, Pair, cells, listed, span

_NAMED_AT_ONCE: Final = 4  # causes of one kind that a finding describes one by one


class Mesh:
    """The pairs of one link, and what the link model finds among them."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        pairs = list(pairs)
        self.pairs = {(pair["nodes"][0], pair["nodes"][1]): pair for pair in pairs}
        self.cells: dict[tuple[str, str], Cell] = cells(pairs)
        self.causes: list[Cause] = link_model.explain(self.cells)

    def pairs_of(self, cause: Cause) -> list[Pair]:
        """Return the pairs that a cause explains, each once."""
        return [pair for nodes, pair in self.pairs.items() if nodes in cause.cells or nodes[::-1] in cause.cells]

    def is_virtual(self, cause: Cause) -> bool:
        return all(self.cells[key].kind == link_model.VIRTUAL for key in cause.cells)

    def healthy(self, keys: Iterable[tuple[str, str]]) -> list[float]:
        """Return the goodput of the cells among some that no cause explains."""
        slow = {key for cause in self.causes for key in cause.cells}
        return [self.cells[key].goodput for key in keys if key in self.cells and key not in slow]

    def wired(self) -> list[Cause]:
        """Return the causes that are not about Wi-Fi, which has a separate verdict."""
        return [cause for cause in self.causes if self.cells[cause.cells[0]].kind != link_model.WIFI]

    def wireless(self) -> list[Cause]:
        return [cause for cause in self.causes if self.cells[cause.cells[0]].kind == link_model.WIFI]


def standard_rate(mesh: Mesh, cause: Cause) -> float | None:
    """Return the rate of a slower port that explains a cause among ports that do not report their speed, else None.

    A slower port is slow both ways and exactly so; it is no fault.
    """
    surely_ported = any(mesh.cells[key].kind == link_model.WIRED for key in cause.cells)
    if surely_ported or cause.kind not in ("node", "pair", "everything") or not cause.expected:
        return None
    rates = {ceilings.saturated_rate(mesh.cells[key].goodput, below=cause.expected) for key in cause.cells}
    return rates.pop() if len(rates) == 1 else None


def judge(run: RunDocument, mesh: Mesh, causes: Iterable[Cause]) -> list[Draft]:
    """Return one finding for each kind of cause."""
    groups: dict[tuple[str, Severity, str], list[Cause]] = {}
    for cause in causes:
        groups.setdefault((_kind(mesh, cause), _severity(mesh, cause), cause.kind), []).append(cause)
    return [_finding(run, mesh, kind, severity, group) for (kind, severity, _cause), group in groups.items()]


def _metrics(mesh: Mesh, cause: Cause) -> list[Metric]:
    return [metric for pair in mesh.pairs_of(cause) for metric in pair["directions"] if tuple(metric["subject"]) in cause.cells]


def _cpu_bound(mesh: Mesh, cause: Cause) -> bool:
    """Return whether CPUs explain a cause: between virtual interfaces they always set the pace."""
    if any(mesh.cells[key].kind == link_model.VIRTUAL for key in cause.cells):
        return False
    return all("cpu_bound" in metric["flags"] for metric in _metrics(mesh, cause))


def _share(cause: Cause) -> float:
    return statistics.ratio(cause.goodput, cause.expected) or 0.0


def _kind(mesh: Mesh, cause: Cause) -> str:
    if _cpu_bound(mesh, cause):
        return "cpu_bound_link"
    return {"uplink": "node_uplink", "downlink": "node_downlink", "direction": "asymmetric_link"}.get(cause.kind, "slow_link")


def _severity(mesh: Mesh, cause: Cause) -> Severity:
    healthy = OUTLIER_FAULT_ONE_WAY if cause.kind == "direction" else OUTLIER_FAULT
    return "limit" if _share(cause) >= healthy or _cpu_bound(mesh, cause) else "fault"


def _finding(run: RunDocument, mesh: Mesh, kind: str, severity: Severity, causes: list[Cause]) -> Draft:
    causes = sorted(causes, key=_share)
    worst = causes[0]
    factor = statistics.ratio(worst.expected, worst.goodput)
    gain, words = remedies.gain(run, factor)
    shown = [_measured(mesh, cause) for cause in causes[:_NAMED_AT_ONCE]]
    more = len(causes) - len(shown)
    return finding(
        severity=severity,
        kind=kind,
        title=_title(kind, worst),
        subject=dict.fromkeys(node for cause in causes for node in cause.nodes),
        measured="; ".join(shown) + (f"; and {more} more" if more else ""),
        expected=_expected(mesh, worst),
        because=f"{_because(mesh, causes)} {words}".rstrip(),
        remedies=_remedies(run, mesh, kind, causes),
        cost=1 - _share(worst),
        gain_at_most=gain,
        link_factor=factor,
    )


def _title(kind: str, worst: Cause) -> str:
    """Return what is slow, against what it could be."""
    if not worst.expected or not worst.goodput:
        places = {"uplink": "Node sends nothing", "downlink": "Node receives nothing"}
        return places.get(worst.kind, "No link carries anything" if worst.kind == "everything" else "Link carries nothing")
    share = percent(_share(worst))
    if kind == "cpu_bound_link":
        return f"CPU holds the link at {share} of the other links"
    if worst.kind == "everything":
        return f"All links at {share} of what they could carry"
    what = {
        "uplink": "Node sends at {}",
        "downlink": "Node receives at {}",
        "node": "All links of a node at {}",
        "direction": "One direction of a link at {}",
    }
    return f"{what.get(worst.kind, 'Link at {}').format(share)} of {'the other' if worst.kind == 'direction' else 'other links'}"


def _rate(cell: Cell) -> str:
    return "nothing" if cell.goodput <= 0 else human(cell.goodput, "bit/s")


def _measured(mesh: Mesh, cause: Cause) -> str:
    """Return what was measured of one cause, with its direction."""
    ordered = sorted(cause.cells, key=lambda key: (mesh.cells[key].goodput, key))
    if cause.kind == "uplink":
        return f"{cause.nodes[0]} sends {_each(mesh, ordered, 'to', 1)}"
    if cause.kind == "downlink":
        return f"{cause.nodes[0]} receives {_each(mesh, ordered, 'from', 0)}"
    if cause.kind == "direction":
        return f"{_rate(mesh.cells[cause.cells[0]])} from {cause.nodes[0]} to {cause.nodes[1]}"
    return f"{span([mesh.cells[key].goodput for key in ordered])} {_place(cause)}"


def _each(mesh: Mesh, keys: Sequence[tuple[str, str]], preposition: str, side: int) -> str:
    if len(keys) <= SHOWN:
        return listed([f"{_rate(mesh.cells[key])} {preposition} {key[side]}" for key in keys], "")
    return f"{span([mesh.cells[key].goodput for key in keys])} {preposition} {len(keys)} nodes"


def _place(cause: Cause) -> str:
    if cause.kind == "node":
        return f"on every link of {cause.nodes[0]}"
    return "on every link" if cause.kind == "everything" else f"between {' and '.join(cause.nodes)}"


def _expected(mesh: Mesh, cause: Cause) -> str:
    """Return what the cells of a cause could be, and by what."""
    if not cause.expected:
        return "a link that carries something"
    could = human(cause.expected, "bit/s")
    back = mesh.healthy([key[::-1] for key in cause.cells])
    if cause.kind == "direction" and back:
        return f"{span(back)}, what the other direction reaches"
    if cause.kind in ("uplink", "downlink") and back:
        other = "receives" if cause.kind == "uplink" else "sends"
        return f"about {could}, as the other links show; {cause.nodes[0]} {other} {span(back)}"
    return f"about {could}, as the other links show"


def _because(mesh: Mesh, causes: list[Cause]) -> str:
    kind, several = causes[0].kind, len(causes) > 1
    names = listed([" - ".join(cause.nodes) for cause in causes], f"{len(causes) - SHOWN} more")
    both = any(set(cause.cells) & {key[::-1] for key in other.cells} for cause in causes for other in causes)
    if kind == "uplink":
        words = f"Slow is what {names} {'send' if several else 'sends'}, whoever receives it" + (
            "." if both else f"; what {'they receive' if several else 'it receives'} is not."
        )
    elif kind == "downlink":
        words = f"Slow is what {names} {'receive' if several else 'receives'}, whoever sends it" + (
            "." if both else f"; what {'they send' if several else 'it sends'} is not."
        )
    elif kind == "node":
        words = f"The other links are fast: slow are all links of {names}, in both directions."
    elif kind == "everything":
        words = "Every link is slow." if causes[0].goodput else "No link carries anything."
    elif kind == "pair":
        words = f"The other links are fast: slow {'are the links' if several else 'is the link'} {names}, in both directions."
    else:
        sent = listed([f"what {cause.nodes[0]} sends to {cause.nodes[1]}" for cause in causes], f"{len(causes) - SHOWN} more")
        words = f"Slow {'are' if several else 'is'} {sent}; the opposite direction is faster."
    return words + _seen_with(mesh, causes)


def _seen_with(mesh: Mesh, causes: Iterable[Cause]) -> str:
    """Return sentences about what was seen together with it: lost segments, a busy core, several streams that reach more."""
    causes = list(causes)
    pairs = [pair for cause in causes for pair in mesh.pairs_of(cause)]
    words = remedies.lost_words(max(pairs, key=lambda pair: pair["loss"] or 0))
    if all(_cpu_bound(mesh, cause) for cause in causes):
        words += " A core of one end is fully busy: the CPU is the limit, not the link."
    streams = [pair["most_streams"] for pair in pairs if (pair["most_streams"] or 0) > SEVERAL_STREAMS * pair["goodput"]]
    if streams:
        words += f" Several streams together reach {span(stream or 0 for stream in streams)}."
    return words


def _remedies(run: RunDocument, mesh: Mesh, kind: str, causes: list[Cause]) -> Sequence[str]:
    """Return the remedies, the cheapest first."""
    cause = causes[0]
    if not cause.goodput and cause.kind in ("pair", "everything"):
        return [
            "Check that no firewall drops what the other end sends.",
            "Check that both ends have the same MTU.",
            "Swap the cable.",
        ]
    if kind == "cpu_bound_link":
        return remedies.FREE_THE_CPU
    nodes = list(dict.fromkeys(node for cause in causes for node in cause.nodes))
    if mesh.is_virtual(cause):
        return [
            f"Check for a rate limit on {_limited(cause, nodes)}: on the node ({_shaping(run, nodes[0])}), and in the settings "
            "of its virtual machine or container.",
            "Swap the cable of the host below.",
            "Use another port for the host below.",
        ]
    if cause.kind == "direction":
        return ["Measure again on idle nodes.", "Swap the cable.", "Check duplex and driver at the sending end."]
    if cause.kind in ("uplink", "downlink"):
        names = _names(nodes)
        return [
            f"Swap the cable of {names}.",
            "Use another port of the switch.",
            f"Check duplex, driver and rate limits ({_shaping(run, nodes[0])}) on {names}.",
        ]
    return ["Swap the cable.", "Use another port of the switch.", "Check whether both ends negotiated what their ports can."]


def _names(nodes: list[str]) -> str:
    return listed(nodes, plural(len(nodes) - SHOWN, "more node"))


def _limited(cause: Cause, nodes: list[str]) -> str:
    """Return what a rate limit would hold back, in words."""
    verb = {"uplink": "send", "downlink": "receive"}.get(cause.kind)
    return f"what {_names(nodes)} {verb}{'s' if len(nodes) == 1 else ''}" if verb else "these links"


def _shaping(run: RunDocument, node: str) -> str:
    """Return the command that shows a rate limit on a node."""
    is_mac = node in run["nodes"] and run["nodes"][node]["facts"].get("system") == "Darwin"
    return "sudo dnctl list" if is_mac else "tc qdisc show"


def wifi_words(mesh: Mesh) -> str:
    """Return sentences about what stays far behind the rest of the Wi-Fi, or ""."""
    return "".join(f" Far behind the others: {_measured(mesh, cause)}." for cause in mesh.wireless()[:_NAMED_AT_ONCE])
