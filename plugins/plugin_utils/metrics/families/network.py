"""Metrics of the links between nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...analysis import ceilings
from ...model import Measurement
from ...text.labels import plural
from ...trust.shapes import Shapes, above, text
from ..context import DEFAULT_LINK, Context
from ..row import Ceiling, Given, MetricRow
from ..series import Family, always, param
from .none import no_ceiling

_STREAMS: Shapes = {"streams": above(0), "seconds": above(0), "iperf3": text}
_DATAGRAMS: Shapes = {"packets": above(0), "bits_per_second": above(0)}
_TRIP = "one round trip of 64 bytes over TCP without delay; loaded: while iperf3 sends"
_GOODPUT = Family("link_goodput", "What a receiver gets over TCP from one sender, median of the run")
_ROUND_TRIP = Family("link_round_trip", "Round trip of 64 bytes over TCP, median of the run")
_JITTER = Family("link_udp_jitter", "Jitter of UDP, median of the run")
_LOSS = Family("link_udp_loss", "Datagrams of UDP that were lost, median of the run")
_TOGETHER = Family("node_goodput", "What all peers together receive from a node while all send to all, median of the run")
_UDP = "UDP at half of the TCP goodput (profile `full`)"


def streams(given: Given) -> str:
    """Return the link, and how iperf3 filled it."""
    params = given.params
    return f"link {given.link}, {plural(params['streams'], 'stream')}, {params['seconds']} s, iperf3"


def flows(given: Given) -> str:
    """Return the link, and how many nodes received at once."""
    params = given.params
    return f"link {given.link}, {plural(params['flows'], 'flow')} out of the node, {params['seconds']} s"


def datagrams(given: Given) -> str:
    """Return the link, and the rate of the datagrams."""
    params = given.params
    return f"link {given.link}, {params['packets']} datagrams at {params['bits_per_second'] / 1e6:.0f} Mb/s"


def round_trip(given: Given) -> str:
    """Return the link, the size of a message, and the load meanwhile."""
    params = given.params
    load = f", while iperf3 sends ({params['load']})" if "load" in params else ""
    return f"link {given.link}, {params['bytes']} B over TCP{load}"


def ends(metric: Measurement, nodes: Mapping[str, Any]) -> list[Any]:
    """Return the interfaces at both ends of a link, sender first: of the route where it is known, else of the address."""
    found = []
    for side, node in zip(("from", "to"), metric["subject"]):
        links = nodes.get(node, {}).get("facts", {}).get("links") or {}
        found.append(metric.get("context", {}).get(side) or links.get(metric["link"] or DEFAULT_LINK))
    return found


def goodput(metric: Measurement, context: Context) -> Ceiling:
    """Return what the slower port of a pair carries."""
    return ceilings.link(ends(metric, context.nodes))


def together(metric: Measurement, context: Context) -> Ceiling:
    """Return what the port of the sending node carries."""
    return ceilings.link([(context.facts(metric).get("links") or {}).get(metric["link"] or DEFAULT_LINK)])


ROWS = (
    MetricRow(
        name="net.goodput",
        title="Goodput between nodes",
        unit="bit/s",
        better="higher",
        scopes=("pair",),
        directed=True,
        sample="one second of what the receiver got over TCP (iperf3), after slow start; `params.streams`",
        params=_STREAMS,
        describe=streams,
        ceiling=goodput,
        family=_GOODPUT,
        labels={"mode": always("one_way"), "streams": param("streams")},
        headline=True,
    ),
    MetricRow(
        name="net.goodput_both",
        title="Goodput with both directions at once",
        unit="bit/s",
        better="higher",
        scopes=("pair",),
        directed=True,
        sample="the same with both directions at once",
        params=_STREAMS,
        describe=streams,
        ceiling=goodput,
        family=_GOODPUT,
        labels={"mode": always("both_ways"), "streams": param("streams")},
    ),
    MetricRow(
        name="net.rtt.idle",
        title="Round trip, idle link",
        unit="s",
        better="lower",
        scopes=("pair",),
        sample=_TRIP,
        params={"bytes": above(0)},
        describe=round_trip,
        ceiling=no_ceiling,
        family=_ROUND_TRIP,
        labels={"state": always("idle"), "load": param("load"), "streams": param("streams")},
    ),
    MetricRow(
        name="net.rtt.loaded",
        title="Round trip, loaded link",
        unit="s",
        better="lower",
        scopes=("pair",),
        sample=_TRIP,
        params={"bytes": above(0), "load": text},
        describe=round_trip,
        ceiling=no_ceiling,
        family=_ROUND_TRIP,
        labels={"state": always("loaded"), "load": param("load"), "streams": param("streams")},
    ),
    MetricRow(
        name="net.udp_jitter",
        title="UDP jitter",
        unit="s",
        better="lower",
        scopes=("pair",),
        sample=_UDP,
        params=_DATAGRAMS,
        describe=datagrams,
        ceiling=no_ceiling,
        family=_JITTER,
    ),
    MetricRow(
        name="net.udp_loss",
        title="UDP loss",
        unit="1",
        better="lower",
        scopes=("pair",),
        sample=_UDP,
        params=_DATAGRAMS,
        describe=datagrams,
        ceiling=no_ceiling,
        family=_LOSS,
    ),
    MetricRow(
        name="net.together",
        title="All nodes sending at once",
        unit="bit/s",
        better="higher",
        scopes=("node",),
        sample="one second of what all peers together received from the node, while all nodes send to all (three nodes and more)",
        params={"flows": above(0), "seconds": above(0)},
        describe=flows,
        ceiling=together,
        family=_TOGETHER,
        labels={"flows": param("flows")},
    ),
)
