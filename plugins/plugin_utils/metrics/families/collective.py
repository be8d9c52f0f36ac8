"""Metrics of MLX collectives over all nodes."""

from __future__ import annotations

from ...model import Measurement
from ...text.units import bytes_size
from ...trust.shapes import Shapes, above, text
from ..context import MEASURED, Context
from ..row import Ceiling, Given, MetricRow
from ..series import Family, always, param

_RANKS: Shapes = {"bytes": above(0), "ranks": above(0), "dtype": text, "backend": text}
_FAMILY = Family("collective_bus", "Bus bandwidth of an MLX collective over all nodes, median of the run")
_BUS = "bus bandwidth: bytes / seconds x 2(n-1)/n or x (n-1)/n, the slowest rank's time, after a barrier; MLX ring over TCP"


def ranks(given: Given) -> str:
    """Return the size of a collective's result, and over what it went."""
    params = given.params
    return f"{bytes_size(params['bytes'])} over {params['ranks']} ranks, {params['dtype']}, {params['backend']}"


def slowest_link(_metric: Measurement, context: Context) -> Ceiling:
    """Return the goodput of the slowest link of the ring of all nodes."""
    names = list(context.nodes)
    # In the order of the nodes: of links that tie, the same one is named in every report.
    ring = [(name, names[(number + 1) % len(names)]) for number, name in enumerate(names)]
    known = {pair: goodput for pair in ring if (goodput := context.goodput(pair))}
    if not known:
        return None, "no link of the ring was measured"
    slowest = min(known, key=lambda pair: known[pair])
    return known[slowest], f"{MEASURED}: the goodput of the ring's slowest link, {slowest[0]} to {slowest[1]}"


ROWS = tuple(
    MetricRow(
        name=f"collective.{operation}",
        title=title,
        unit="bit/s",
        better="higher",
        scopes=("cluster",),
        sample=_BUS,
        params=_RANKS,
        describe=ranks,
        ceiling=slowest_link,
        family=_FAMILY,
        labels={
            "operation": always(operation),
            "bytes": param("bytes"),
            "ranks": param("ranks"),
            "dtype": param("dtype"),
            "backend": param("backend"),
        },
        chart="bandwidth_by_size" if operation == "all_reduce" else None,
        note="half_bandwidth",
        headline=operation == "all_reduce",
    )
    for operation, title in (
        ("all_reduce", "All-reduce, bus bandwidth"),
        ("all_gather", "All-gather, bus bandwidth"),
    )
)
