"""Which part of a mesh is slow: the directed goodput between nodes, explained by as few causes as possible. Pure functions.

The goodput from one node to another is about the least of three: what the first can send, what the second can receive, what
the path between them carries. So a slow uplink makes a whole row of the matrix slow, a slow downlink a column, a slow path one
cell or two. A cell is judged against what it could be: the ceiling of its ports at the fraction that equal ports reach, its own
other direction, or, where no port reports its speed, what both nodes reach elsewhere. Averages over the matrix are of no use
here: with one bad node of three, most cells are bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median_high
from typing import NamedTuple, TypedDict

from ..thresholds import ABOVE_CEILING
from . import statistics

WIRED, UNKNOWN, VIRTUAL, WIFI = "wired", "unknown", "virtual", "wifi"
# What a healthy cell reaches at least, of what it could be. CPUs and other guests change the rate of virtual interfaces by a
# factor of two, radio that of Wi-Fi by more.
_LEAST = {WIRED: 0.8, UNKNOWN: 0.6, VIRTUAL: 1 / 3, WIFI: 0.2}
_LEAST_OTHER_PORTS = 0.5  # against ports of another speed, where no equal ones were measured
_ASYMMETRY = 0.15  # of the faster direction
_ASYMMETRY_MOST = 0.3  # where directions differ everywhere
_SIGMAS = 5
_SIGMA = 1.4826  # of a normal distribution, in MAD
_CLASS = 0.1  # ports of one speed: ceilings differ by their MTU
_SAME_CAUSE = 3  # cells of one cause differ by less than this factor
_ABOVE = 1.3  # a healthy cell this far above a limit is not behind it
_ABSURD = 1e15  # bit/s
_STEPS = 4000  # of the search, which is exact far below this

# Fewer causes are likelier, and those that explain more cells; ports and cables of a node fail more often than single paths.
_COST = {"uplink": 1.0, "downlink": 1.0, "node": 1.3, "direction": 1.15, "pair": 1.2, "everything": 1.6}
_MISFIT = 0.15  # for each doubling by which the cells of a cause differ


class Cell(NamedTuple):
    """One direction of a pair."""

    goodput: float  # bit/s
    ceiling: float | None  # bit/s that the ports carry, None where it is not known
    kind: str  # WIRED: both ports report their speed; UNKNOWN: one does not; VIRTUAL: a speed is only a name; WIFI


Key = tuple[str, str]  # from, to
Cells = Mapping[Key, Cell]
Slow = Mapping[Key, float | None]  # what a slow cell could be in bit/s, None where it is not known


class Cause(NamedTuple):
    """What makes cells slow."""

    kind: str  # uplink, downlink, node, pair, direction, everything
    nodes: tuple[str, ...]  # the node; both of a pair; sender and receiver of a direction
    cells: tuple[Key, ...]  # of the slow cells that it explains
    goodput: float  # median of them, bit/s
    expected: float | None  # median of what they could be, bit/s; None where it is not known
    cost: float


class _Best(TypedDict):
    """The cheapest set of causes that the search has found, and how far it is."""

    cost: float
    causes: list[Cause]
    steps: int


def explain(cells: Cells) -> list[Cause]:
    """Return the causes of the slow cells, the smallest set that explains them all, the worst first.

    cells: {(from, to): Cell}. Wi-Fi is compared with Wi-Fi alone.
    """
    cells = {key: cell for key, cell in cells.items() if usable(cell.goodput)}
    found: list[Cause] = []
    for wireless in (False, True):
        part = {key: cell for key, cell in cells.items() if (cell.kind == WIFI) == wireless}
        slow = slow_cells(part)
        found += _smallest(_candidates(part, slow), slow)
    return sorted(found, key=lambda cause: (statistics.ratio(cause.goodput, cause.expected) or 0, cause.kind, cause.nodes))


def usable(number: object) -> bool:
    """Return whether a measured rate can be used: a number, not below 0, not beyond every hardware."""
    return isinstance(number, (int, float)) and not isinstance(number, bool) and 0 <= number <= _ABSURD


def slow_cells(cells: Cells) -> dict[Key, float | None]:
    """Return the slow cells, with what each could be in bit/s, None where it is not known."""
    reach = _reach(cells)
    shares = {key: min(share, 1) for key, cell in cells.items() if (share := _share(cell)) is not None}
    asymmetry = _usual_asymmetry(shares)
    slow: dict[Key, float | None] = {}
    for key, cell in cells.items():
        if key in shares:
            could = _by_ports(key, cells, shares)
            if could is None:
                could = _by_other_direction(key, cell, shares, asymmetry)
            if could is not None:
                slow[key] = could
        else:
            least = min(reach[node] for node in key)
            least = min(least, cell.ceiling) if cell.ceiling and usable(cell.ceiling) else least
            if cell.goodput < _LEAST[cell.kind] * least:
                slow[key] = least
        if cell.goodput <= 0:
            slow.setdefault(key, None)
    return slow


def _by_other_direction(key: Key, cell: Cell, shares: Mapping[Key, float], asymmetry: float) -> float | None:
    """Return what a cell could be by its other direction, in bit/s, where it is slow against that; else None."""
    other = shares.get(_reversed(key))
    if other is None or cell.ceiling is None or shares[key] >= (1 - asymmetry) * other:
        return None
    return other * cell.ceiling


def _reversed(key: Key) -> Key:
    return key[1], key[0]


def _share(cell: Cell) -> float | None:
    """Return the goodput as a fraction of the ceiling, None where the ceiling is not what the ports carry."""
    share = statistics.ratio(cell.goodput, cell.ceiling) if cell.kind == WIRED else None
    return share if share is not None and share <= ABOVE_CEILING else None


def _healthy(values: Sequence[float], least: float) -> float:
    """Return the level of the good ones among some values: the median of those near the best."""
    best = max(values)
    return statistics.median([value for value in values if value >= least * best])


def _by_ports(key: Key, cells: Cells, shares: Mapping[Key, float]) -> float | None:
    """Return what a slow cell could be by its ports and what other pairs reach, in bit/s; None where it is not slow.

    Ports of one speed reach one fraction of it. Others count only up to the rate that was measured somewhere.
    """
    cell, others = cells[key], [other for other in shares if set(other) != set(key)]
    ceiling = cell.ceiling or 0.0  # what has a share has a ceiling
    equal = [shares[other] for other in others if abs(math.log((cells[other].ceiling or 0.0) / ceiling)) < _CLASS]
    if equal and shares[key] < _LEAST[WIRED] * _healthy(equal, _LEAST[WIRED]):
        return _healthy(equal, _LEAST[WIRED]) * ceiling
    if others:
        seen = max(cells[other].goodput for other in others)
        could = min(_healthy([shares[other] for other in others], _LEAST[WIRED]) * ceiling, seen)
        if cell.goodput < _LEAST_OTHER_PORTS * could:
            return could
    return None


def _usual_asymmetry(shares: Mapping[Key, float]) -> float:
    """Return the part by which one direction may stay below the other: more where the directions of most pairs differ."""
    differences = [
        abs(math.log(share) - math.log(shares[_reversed(key)]))
        for key, share in shares.items()
        if key[0] < key[1] and share > 0 and shares.get(_reversed(key), 0) > 0
    ]
    usual = 1 - math.exp(-_SIGMAS * _SIGMA * statistics.median(differences)) if len(differences) > 2 else 0
    return min(max(_ASYMMETRY, usual), _ASYMMETRY_MOST)


def _reach(cells: Cells) -> dict[str, float]:
    """Return {node: bit/s that its port can do, as far as the mesh shows}: in either direction, and as most other nodes do."""
    nodes = sorted({node for key in cells for node in key})
    levels = {node: _level(node, cells) for node in nodes}
    reach = {}
    for node in nodes:
        without = {key: cell for key, cell in cells.items() if node not in key}
        others = [_level(other, without) for other in nodes if other != node and any(other in key for key in without)]
        usual = median_high(others) if others else 0
        kinds = [cell.kind for key, cell in cells.items() if node in key]
        outlier = levels[node] < min(_LEAST[kind] for kind in kinds) * usual
        reach[node] = usual if outlier else levels[node]
    return reach


def _level(node: str, cells: Cells) -> float:
    of_node = [cell for key, cell in cells.items() if node in key]
    return _healthy([cell.goodput for cell in of_node], min(0.5, *(_LEAST[cell.kind] for cell in of_node)))


def _candidates(cells: Cells, slow: Slow) -> list[Cause]:
    """Return every cause that slow cells do not contradict."""
    nodes = sorted({node for key in cells for node in key})
    found: list[tuple[str, Sequence[str], Sequence[Key]]] = []
    for node in nodes:
        sends = _port([key for key in cells if key[0] == node], cells, slow)
        receives = _port([key for key in cells if key[1] == node], cells, slow)
        found += [("uplink", (node,), sends)] if sends else []
        found += [("downlink", (node,), receives)] if receives else []
        found += [("node", (node,), sends + receives)] if sends and receives else []
    for key in slow:
        found.append(("direction", key, [key]))
        if key[0] < key[1] and _reversed(key) in slow:
            found.append(("pair", key, [key, _reversed(key)]))
    if len(nodes) > 2 and len(slow) == len(cells):
        found.append(("everything", tuple(nodes), list(slow)))
    return [_cause(kind, names, keys, cells, slow) for kind, names, keys in found]


def _port(keys: Iterable[Key], cells: Cells, slow: Slow) -> list[Key]:
    """Return the slow cells that one limit of a node's port explains; none where a healthy cell shows that there is no limit."""
    bad = [key for key in keys if key in slow]
    if len(bad) < 2:
        return []
    limit = statistics.median([cells[key].goodput for key in bad])
    top = max(cells[key].goodput for key in bad)
    if any(cells[key].goodput > _ABOVE * top for key in keys if key not in slow):
        return []
    behind = [key for key in bad if limit <= _SAME_CAUSE * cells[key].goodput and cells[key].goodput <= _SAME_CAUSE * limit]
    return behind if len(behind) > 1 else []


def _cause(kind: str, nodes: Sequence[str], keys: Sequence[Key], cells: Cells, slow: Slow) -> Cause:
    goodputs = [cells[key].goodput for key in keys]
    typical = statistics.median(goodputs)
    known = [could for key in keys if (could := slow[key]) is not None]
    misfit = sum(abs(math.log2(goodput / typical)) for goodput in goodputs if goodput and typical) / len(keys)
    expected = statistics.median(known) if known else None
    return Cause(kind, tuple(nodes), tuple(keys), typical, expected, _COST[kind] + _MISFIT * misfit)


def _smallest(candidates: Sequence[Cause], slow: Slow) -> list[Cause]:
    """Return the cheapest set of causes that explains all slow cells (branch and bound)."""
    covering = {key: [cause for cause in candidates if key in cause.cells] for key in slow}
    for causes in covering.values():
        causes.sort(key=lambda cause: cause.cost / len(cause.cells))
    order = sorted(slow, key=lambda key: len(covering[key]))
    best: _Best = {"cost": math.inf, "causes": [], "steps": 0}

    def walk(left: frozenset[Key], chosen: list[Cause], cost: float) -> None:
        best["steps"] += 1
        if not left:
            if cost < best["cost"]:
                best["cost"], best["causes"] = cost, chosen
            return
        if cost + 1 >= best["cost"] or best["steps"] > _STEPS:
            return
        key = next(key for key in order if key in left)
        for cause in covering[key]:
            walk(left.difference(cause.cells), [*chosen, cause], cost + cause.cost)

    walk(frozenset(slow), [], 0.0)
    return best["causes"]
