"""Verdicts over links that stay behind the others: the causes of the link model in words, equal causes in one finding."""

from __future__ import annotations

from ..analysis import ceilings, link_model, statistics
from ..text.labels import plural
from ..text.units import human
from . import remedies
from .finding import finding
from .pairs import SHOWN, cells, listed, span

_FAULT = 0.8  # of what it could be
_FAULT_ONE_WAY = 0.5  # the same for one direction of one pair, which a busy sender explains too
_STREAMS = 1.3  # several streams against one
_NAMED_AT_ONCE = 4  # causes of one kind that a finding describes one by one


class Mesh:
    """The pairs of one link, and what the link model finds among them."""

    def __init__(self, pairs):
        self.pairs = {tuple(pair["nodes"]): pair for pair in pairs}
        self.cells = cells(pairs)
        self.causes = link_model.explain(self.cells)

    def pairs_of(self, cause):
        """Return the pairs that a cause explains, each once."""
        return [pair for nodes, pair in self.pairs.items() if nodes in cause.cells or nodes[::-1] in cause.cells]

    def is_virtual(self, cause):
        return all(self.cells[key].kind == link_model.VIRTUAL for key in cause.cells)

    def healthy(self, keys):
        """Return the goodput of the cells among some that no cause explains."""
        slow = {key for cause in self.causes for key in cause.cells}
        return [self.cells[key].goodput for key in keys if key in self.cells and key not in slow]

    def wired(self):
        """Return the causes that are not about Wi-Fi, which has a verdict of its own."""
        return [cause for cause in self.causes if self.cells[cause.cells[0]].kind != link_model.WIFI]

    def wireless(self):
        return [cause for cause in self.causes if self.cells[cause.cells[0]].kind == link_model.WIFI]


def standard_rate(mesh, cause):
    """Return the rate of a slower port that explains a cause among ports that do not tell their speed, else None.

    A slower port is slow both ways and exactly so; it is no fault.
    """
    surely_ported = any(mesh.cells[key].kind == link_model.WIRED for key in cause.cells)
    if surely_ported or cause.kind not in ("node", "pair", "everything") or not cause.expected:
        return None
    rates = {ceilings.saturated_rate(mesh.cells[key].goodput, below=cause.expected) for key in cause.cells}
    return rates.pop() if len(rates) == 1 else None


def judge(run, mesh, causes):
    """Return one finding for each kind of cause."""
    groups = {}
    for cause in causes:
        groups.setdefault((_kind(mesh, cause), _severity(mesh, cause), cause.kind), []).append(cause)
    return [_finding(run, mesh, kind, severity, group) for (kind, severity, _cause), group in groups.items()]


def _metrics(mesh, cause):
    return [metric for pair in mesh.pairs_of(cause) for metric in pair["directions"] if tuple(metric["subject"]) in cause.cells]


def _cpu_bound(mesh, cause):
    """Tell whether CPUs explain a cause: between virtual interfaces they always set the pace."""
    if any(mesh.cells[key].kind == link_model.VIRTUAL for key in cause.cells):
        return False
    return all("cpu_bound" in metric["flags"] for metric in _metrics(mesh, cause))


def _kind(mesh, cause):
    if _cpu_bound(mesh, cause):
        return "cpu_bound_link"
    return {"uplink": "node_uplink", "downlink": "node_downlink", "direction": "asymmetric_link"}.get(cause.kind, "slow_link")


def _severity(mesh, cause):
    share = statistics.ratio(cause.goodput, cause.expected) or 0
    healthy = _FAULT_ONE_WAY if cause.kind == "direction" else _FAULT
    return "limit" if share >= healthy or _cpu_bound(mesh, cause) else "fault"


def _finding(run, mesh, kind, severity, causes):
    causes = sorted(causes, key=lambda cause: statistics.ratio(cause.goodput, cause.expected) or 0)
    worst = causes[0]
    share = statistics.ratio(worst.goodput, worst.expected) or 0
    gain, words = _gain(run, statistics.ratio(worst.expected, worst.goodput))
    shown = [_measured(mesh, cause) for cause in causes[:_NAMED_AT_ONCE]]
    more = len(causes) - len(shown)
    subject = list(dict.fromkeys(node for cause in causes for node in cause.nodes))
    return finding(
        severity,
        kind,
        subject,
        "; ".join(shown) + (f"; and {more} more" if more else ""),
        _expected(mesh, worst),
        _because(mesh, causes),
        f"{_advice(run, mesh, kind, causes)} {words}".rstrip(),
        cost=1 - share,
        gain_at_most=gain,
    )


def _gain(run, factor):
    """Return (gain at most, sentence); a link that carries nothing has no factor."""
    return remedies.gain(run, factor) if factor else (None, "")


def _rate(cell):
    return "nothing" if cell.goodput <= 0 else human(cell.goodput, "bit/s")


def _measured(mesh, cause):
    """Return what was measured of one cause, with its direction."""
    ordered = sorted(cause.cells, key=lambda key: (mesh.cells[key].goodput, key))
    if cause.kind == "uplink":
        return f"{cause.nodes[0]} sends {_each(mesh, ordered, 'to', 1)}"
    if cause.kind == "downlink":
        return f"{cause.nodes[0]} receives {_each(mesh, ordered, 'from', 0)}"
    if cause.kind == "direction":
        return f"{_rate(mesh.cells[cause.cells[0]])} from {cause.nodes[0]} to {cause.nodes[1]}"
    return f"{span([mesh.cells[key].goodput for key in ordered])} {_place(cause)}"


def _each(mesh, keys, preposition, side):
    if len(keys) <= SHOWN:
        return listed([f"{_rate(mesh.cells[key])} {preposition} {key[side]}" for key in keys], "")
    return f"{span([mesh.cells[key].goodput for key in keys])} {preposition} {len(keys)} nodes"


def _place(cause):
    if cause.kind == "node":
        return f"on every link of {cause.nodes[0]}"
    return "on every link" if cause.kind == "everything" else f"between {' and '.join(cause.nodes)}"


def _expected(mesh, cause):
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


def _because(mesh, causes):
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


def _seen_with(mesh, causes):
    """Return sentences about what was seen together with it: lost segments, a busy core, several streams that reach more."""
    pairs = [pair for cause in causes for pair in mesh.pairs_of(cause)]
    lossy = max(pairs, key=lambda pair: pair["loss"] or 0)
    words = remedies.lost_words(lossy)
    if all(_cpu_bound(mesh, cause) for cause in causes):
        words += " A core of one end is fully busy: the CPU is the limit, not the link."
    streams = [
        pair["most_streams"] for pair in pairs if pair["most_streams"] and pair["most_streams"] > _STREAMS * pair["goodput"]
    ]
    if streams:
        words += f" Several streams together reach {span(streams)}."
    return words


def _advice(run, mesh, kind, causes):
    """Return the remedies, the cheapest first."""
    cause = causes[0]
    if not cause.goodput and cause.kind in ("pair", "everything"):
        return "Check that no firewall drops what the other end sends, and that both ends have the same MTU; then swap the cable."
    if kind == "cpu_bound_link":
        return "Free the CPU, try several streams (iperf3 3.16 and newer take a thread for each), or larger frames (MTU 9000)."
    one_way = {"uplink": "sends", "downlink": "receives"}.get(cause.kind)
    nodes = list(dict.fromkeys(node for cause in causes for node in cause.nodes))
    names = listed(nodes, plural(len(nodes) - SHOWN, "more node"))
    if mesh.is_virtual(cause):
        limit = f"what {names} {one_way if len(nodes) == 1 else one_way[:-1]}" if one_way else "these links"
        return (
            f"Check for a rate limit on {limit}: on the node ({_shaping(run, nodes[0])}), in the settings of its virtual machine "
            "or container. Then swap the cable of the host below, then its port."
        )
    if cause.kind == "direction":
        return "Measure again on idle nodes; then swap the cable; then check duplex and driver at the sending end."
    if one_way:
        return (
            f"Swap the cable of {names}, then use another port of the switch; then check duplex, driver and rate limits "
            f"({_shaping(run, nodes[0])}) on {names}."
        )
    return "Swap the cable, then the switch port; check whether both ends negotiated what their ports can."


def _shaping(run, node):
    """Return the command that shows a rate limit on a node."""
    facts = run["nodes"].get(node, {}).get("facts", {})
    return "sudo dnctl list" if facts.get("system") == "Darwin" else "tc qdisc show"


def wifi_words(mesh):
    """Return sentences about what stays far behind the rest of the Wi-Fi, or ""."""
    return "".join(f" Far behind the others: {_measured(mesh, cause)}." for cause in mesh.wireless()[:_NAMED_AT_ONCE])
