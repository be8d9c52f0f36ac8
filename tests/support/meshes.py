"""Synthetic meshes with known causes: what the link model is measured on. Seeded; every mesh is made from its number alone."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, permutations
from typing import NamedTuple

from ansible_collections.saf.fabric.plugins.plugin_utils.analysis.ceilings import tcp_goodput
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis.link_model import UNKNOWN, VIRTUAL, WIFI, WIRED, Cell

RATES = (1e9, 2.5e9, 10e9)
FABRICS = ("equal", "equal", "equal", "mixed", "mixed", "tired", "unknown", "virtual", "virtual", "wifi")
SIZES = (2, 3, 3, 3, 4, 4, 5, 6, 8, 11, 16)
_LEAST = {"uplink": 2, "downlink": 2, "node": 4, "pair": 2, "direction": 1}  # cells that show a cause
FAULTS = ("uplink", "uplink", "downlink", "node", "pair", "direction")


class Mesh(NamedTuple):
    """A matrix and what is wrong with it."""

    cells: dict
    truth: frozenset  # of (kind, nodes)
    fabric: str


def make(number, crossing=False):
    """Return the mesh of a number; a third of them are clean.

    crossing: causes may hit the same nodes and cells, so that not every mesh shows how it was made.
    """
    rng = random.Random(number)  # noqa: S311 no secret
    fabric, nodes = rng.choice(FABRICS), [f"n{index:02}" for index in range(rng.choice(SIZES))]
    cells = _fabric(rng, fabric, nodes)
    if len(nodes) > 3 and rng.random() < 0.2:
        _lose_pairs(rng, cells, nodes)
    if rng.random() < 1 / 3:
        return Mesh(cells, frozenset(), fabric)
    if rng.random() < 0.05:  # everything is slow alike: no outlier, whatever else it is
        return Mesh({key: cell._replace(goodput=0.3 * cell.goodput) for key, cell in cells.items()}, frozenset(), fabric)
    return _break(rng, fabric, nodes, cells, crossing)


def _fabric(rng, fabric, nodes):
    noise = rng.uniform(0.01, 0.05)
    if fabric == "virtual":
        return {key: Cell(rng.uniform(8e9, 20e9), None, VIRTUAL) for key in permutations(nodes, 2)}
    if fabric == "wifi":
        quality = {node: rng.uniform(200e6, 700e6) for node in nodes}
        return {
            key: Cell(min(quality[node] for node in key) * rng.uniform(0.6, 1), tcp_goodput(1.2e9), WIFI)
            for key in permutations(nodes, 2)
        }
    rate = rng.choice(RATES)
    ports = {node: rng.choice(RATES) if fabric == "mixed" else rate for node in nodes}
    # Tired: CPUs and old drivers keep 10 Gb/s ports below their ceiling, each node a little differently.
    tired = {node: rng.uniform(0.7, 0.85) if fabric == "tired" else 1 for node in nodes}
    ports = dict.fromkeys(nodes, 10e9) if fabric == "tired" else ports
    cells = {}
    for key in permutations(nodes, 2):
        ceiling = tcp_goodput(min(ports[node] for node in key))
        share = min(min(tired[node] for node in key) * rng.gauss(0.97, noise), 1)
        cells[key] = Cell(share * ceiling, None if fabric == "unknown" else ceiling, UNKNOWN if fabric == "unknown" else WIRED)
    return cells


def _lose_pairs(rng, cells, nodes):
    pairs = list(combinations(nodes, 2))
    for one, other in rng.sample(pairs, max(len(pairs) // 8, 1)):
        cells.pop((one, other), None)
        cells.pop((other, one), None)


def _break(rng, fabric, nodes, cells, crossing):
    """Break one to three things, each enough to be seen and told apart; where none fits, the mesh stays clean."""
    broken, truth, touched, binding = dict(cells), set(), set(), {}
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.choice(FAULTS) if len(nodes) > 2 else "direction"
        free = [node for node in nodes if node not in touched]
        count = 2 if kind in ("pair", "direction") else 1
        # More than half of the nodes stay good, and two of them at least: else nobody could say who is bad.
        if truth and not crossing and len(free) - count <= max(len(nodes) // 2, 1):
            break
        subject = tuple(rng.sample(free, count))
        hit = [key for key in cells if _concerns(kind, subject, key)]
        if len(hit) < _LEAST[kind]:
            continue
        limit, wobble = _limit(rng, fabric, [cells[key].goodput for key in hit]), rng.choice((0.02, 0.3))
        cause = (kind, tuple(sorted(subject)) if kind == "pair" else subject)
        for key in hit:
            slowed = limit * rng.uniform(1 - wobble, 1)
            if key not in binding or slowed < broken[key].goodput:
                binding[key] = cause
                broken[key] = broken[key]._replace(goodput=slowed)
        truth.add(cause)
        if not crossing:
            touched.update(subject)
    # What hides behind a lower limit everywhere is not to be seen.
    seen = Counter(binding.values())
    return Mesh(broken, frozenset(_merged({cause for cause in truth if seen[cause] >= min(_LEAST[cause[0]], 2)})), fabric)


def _merged(truth):
    """Return causes under the names that they have together: both directions of a node are the node, of a pair the pair."""
    for _kind, nodes in sorted(truth):
        if len(nodes) == 1 and (("node", nodes) in truth or {("uplink", nodes), ("downlink", nodes)} <= truth):
            truth = truth - {("uplink", nodes), ("downlink", nodes)} | {("node", nodes)}
        pair = tuple(sorted(nodes))
        if len(nodes) == 2 and (("pair", pair) in truth or {("direction", pair), ("direction", pair[::-1])} <= truth):
            truth = truth - {("direction", pair), ("direction", pair[::-1])} | {("pair", pair)}
    return truth


def _concerns(kind, subject, key):
    return {
        "uplink": key[0] == subject[0],
        "downlink": key[1] == subject[0],
        "node": subject[0] in key,
        "pair": set(subject) == set(key),
        "direction": subject == key,
    }[kind]


def _limit(rng, fabric, healthy):
    if rng.random() < 0.05:
        return 0.0
    if fabric == "virtual":
        return rng.uniform(50e6, 1.5e9)
    return min(healthy) * (rng.uniform(0.01, 0.06) if fabric == "wifi" else rng.uniform(0.02, 0.6))
