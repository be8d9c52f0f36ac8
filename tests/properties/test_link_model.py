"""The link model finds who is slow in meshes of every shape; how often, the output says."""

import math
from collections import Counter
from itertools import permutations

import meshes
import pytest
from runs import CONTAINER, GAMMA, M2_ULTRA, link, make, net

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis.ceilings import tcp_goodput
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis.link_model import (
    UNKNOWN,
    VIRTUAL,
    WIRED,
    Cell,
    explain,
    slow_cells,
)

MESHES = 2400
CROSSING = 1200
CROSSING_FLOORS = {
    "uplink": (0.94, 0.94),
    "downlink": (0.88, 0.92),
    "node": (0.87, 0.88),
    "pair": (0.95, 0.67),
    "direction": (0.74, 0.74),
}
JUDGED = 250  # of them, as whole runs
# (precision, recall) that each kind of cause must reach; what was seen is a little above.
FLOORS = {
    "uplink": (0.99, 0.99),
    "downlink": (0.99, 0.99),
    "node": (0.99, 0.99),
    "pair": (0.99, 0.98),
    "direction": (0.98, 0.985),
}
KINDS = {
    "uplink": "node_uplink",
    "downlink": "node_downlink",
    "node": "slow_link",
    "pair": "slow_link",
    "direction": "asymmetric_link",
}


def named(causes):
    """Return {(kind, nodes)}; the nodes of a pair in order, those of a direction as they are."""
    return {(cause.kind, tuple(sorted(cause.nodes)) if cause.kind == "pair" else cause.nodes) for cause in causes}


def flat(goodputs, ceiling=None, kind=VIRTUAL):
    return {key: Cell(goodput, ceiling, kind) for key, goodput in goodputs.items()}


@pytest.fixture(scope="module")
def explained():
    return [(mesh, explain(mesh.cells)) for mesh in map(meshes.make, range(MESHES))]


def score(explained):
    """Return ({kind: (precision, recall)}, lines about them)."""
    right, wrong, missed = Counter(), Counter(), Counter()
    for mesh, causes in explained:
        found = named(causes)
        right.update(kind for kind, _nodes in found & mesh.truth)
        wrong.update(kind for kind, _nodes in found - mesh.truth)
        missed.update(kind for kind, _nodes in mesh.truth - found)
    lines, scores = [], {}
    for kind in sorted(right + wrong + missed):
        precision = right[kind] / max(right[kind] + wrong[kind], 1)
        recall = right[kind] / max(right[kind] + missed[kind], 1)
        scores[kind] = (precision, recall)
        lines.append(f"  {kind:10} precision {precision:.3f}  recall {recall:.3f}  ({right[kind] + missed[kind]} made)")
    return scores, lines


def test_precision_and_recall(explained, capsys):
    scores, lines = score(explained)
    exact = Counter((mesh.fabric, named(causes) == mesh.truth) for mesh, causes in explained)
    for fabric in sorted({fabric for fabric, _exact in exact}):
        known = exact[fabric, True]
        lines.append(f"  {fabric:10} {known} of {known + exact[fabric, False]} meshes explained exactly")
    clean = [causes for mesh, causes in explained if not mesh.truth]
    lines.append(f"  clean      {sum(map(bool, clean))} of {len(clean)} meshes with a false cause")
    with capsys.disabled():
        print(f"\nCauses in {len(explained)} synthetic meshes of 2 to 16 nodes:\n" + "\n".join(lines))
    assert set(scores) == set(FLOORS)
    for kind, (precision, recall) in FLOORS.items():
        assert scores[kind][0] >= precision, kind
        assert scores[kind][1] >= recall, kind


def test_causes_that_cross(capsys):
    """Some of these meshes look the same however they were made: a floor below which the search itself would be wrong."""
    crossing = [meshes.make(number, crossing=True) for number in range(CROSSING)]
    scores, lines = score([(mesh, explain(mesh.cells)) for mesh in crossing if len(mesh.truth) > 1])
    with capsys.disabled():
        print("\nOf several causes that may cross:\n" + "\n".join(lines))
    assert set(scores) == set(CROSSING_FLOORS)
    for kind, (precision, recall) in CROSSING_FLOORS.items():
        assert scores[kind][0] >= precision, kind
        assert scores[kind][1] >= recall, kind


def test_a_clean_mesh_has_no_fault(explained):
    """At most a direction that is a little slower, where noise did it; never anything that would be called a fault."""
    clean = [causes for mesh, causes in explained if not mesh.truth]
    assert len(clean) > MESHES / 4
    assert sum(map(bool, clean)) <= 0.005 * len(clean)
    assert [
        cause for causes in clean for cause in causes if cause.kind != "direction" or cause.goodput < 0.7 * cause.expected
    ] == []


def test_every_slow_cell_is_explained_and_no_other(explained):
    for mesh, causes in explained:
        assert {key for cause in causes for key in cause.cells} == set(slow_cells(mesh.cells))


def as_run(mesh):
    """Return (plan, raws) of a run that measured a mesh."""
    nodes = sorted({node for key in mesh.cells for node in key})
    measured = []
    for key, cell in mesh.cells.items():
        rate = cell.ceiling / tcp_goodput(1) if cell.ceiling else None
        kind = {"virtual": "virtual", "wifi": "wifi"}.get(cell.kind, "ethernet")
        end = link(10e9 if kind == "virtual" else rate, rate, kind=kind)
        measured.append(net(key, cell.goodput, **{"from": end, "to": end}))
    return make(nodes, CONTAINER if mesh.fabric == "virtual" else M2_ULTRA, extra=measured)


def test_whole_runs_name_what_is_wrong_first(capsys):
    data, named_first, faulty = report_filters.data_files(), 0, 0
    for number in range(JUDGED):
        mesh = meshes.make(number)
        findings = run_document.assemble(*as_run(mesh), data, "2026-11-23T18:25:00Z")["findings"]
        faults = [found for found in findings if found["severity"] == "fault"]
        if not mesh.truth:
            assert faults == [], number
        elif mesh.fabric != "wifi":
            faulty += 1
            kinds = {KINDS[kind] for kind, _nodes in mesh.truth}
            nodes = {node for _kind, names in mesh.truth for node in names}
            named_first += bool(findings) and findings[0]["kind"] in kinds and set(findings[0]["subject"]) <= nodes
        else:
            assert [found["kind"] for found in findings] == ["wifi_route"], number
    with capsys.disabled():
        print(f"\nWhole runs: the first finding names the cause in {named_first} of {faulty}")
    assert named_first >= 0.95 * faulty


def test_the_reviewers_mesh_of_three():
    (cause,) = explain(flat(GAMMA))
    assert (cause.kind, cause.nodes, set(cause.cells)) == ("uplink", ("gamma",), {("gamma", "alpha"), ("gamma", "beta")})


@pytest.mark.parametrize(
    ("goodputs", "ceiling", "kind", "expected"),
    [
        ({("a", "b"): 131e6, ("b", "a"): 9e9}, None, VIRTUAL, {("direction", ("a", "b"))}),
        ({("a", "b"): 4e9, ("b", "a"): 9e9}, None, VIRTUAL, set()),  # CPUs differ that much
        ({("a", "b"): 4e9, ("b", "a"): 9e9}, None, UNKNOWN, {("direction", ("a", "b"))}),
        ({("a", "b"): 780e6, ("b", "a"): 941e6}, tcp_goodput(1e9), WIRED, {("direction", ("a", "b"))}),
        ({("a", "b"): 300e6, ("b", "a"): 300e6}, tcp_goodput(1e9), WIRED, set()),  # its own ceiling has a verdict
        ({("a", "b"): 0, ("b", "a"): 0}, None, VIRTUAL, {("pair", ("a", "b"))}),
        ({("a", "b"): 0, ("b", "a"): 9e9}, tcp_goodput(10e9), WIRED, {("direction", ("a", "b"))}),
        ({("a", "b"): 131e6}, None, VIRTUAL, set()),
        ({("a", "b"): math.nan, ("b", "a"): None}, None, VIRTUAL, set()),
        ({}, None, VIRTUAL, set()),
    ],
)
def test_two_nodes_and_less(goodputs, ceiling, kind, expected):
    assert named(explain(flat(goodputs, ceiling, kind))) == expected


def broken(nodes, bad, good=9.2e9, limit=120e6):
    return {key: limit if bad(key) else good for key in permutations(nodes, 2)}


@pytest.mark.parametrize(
    ("goodputs", "expected"),
    [
        # most cells are bad, and the few that are good say who is
        (broken("abc", lambda key: key[0] in "ab"), {("uplink", ("a",)), ("uplink", ("b",))}),
        (broken("abcd", lambda key: set(key) & {"a", "b"}), {("node", ("a",)), ("node", ("b",))}),
        (broken("abc", lambda key: key[0] == "a" or key[1] == "c"), {("uplink", ("a",)), ("downlink", ("c",))}),
        (broken("abcdefgh", lambda key: set(key) & {"a", "b", "c"}), {("node", (name,)) for name in "abc"}),
        (broken("abcd", lambda key: set(key) in ({"a", "b"}, {"c", "d"})), {("pair", ("a", "b")), ("pair", ("c", "d"))}),
        (broken("abcd", lambda key: True, limit=0), {("everything", tuple("abcd"))}),
        # two causes that cross: a bad path between a bad node and a good one stays the node's
        (broken("abcde", lambda key: "a" in key or set(key) == {"b", "c"}), {("node", ("a",)), ("pair", ("b", "c"))}),
    ],
)
def test_the_smallest_causes_explain_all(goodputs, expected):
    assert named(explain(flat(goodputs))) == expected
    assert named(explain(flat(goodputs, tcp_goodput(10e9), WIRED))) == expected


def test_many_bad_nodes_are_found_in_bounded_steps():
    names = [f"n{number:02}" for number in range(16)]
    bad = set(names[:7])
    found = explain(flat(broken(names, lambda key: set(key) & bad), tcp_goodput(10e9), WIRED))
    assert named(found) == {("node", (name,)) for name in bad}


def test_a_missing_pair_hides_nothing():
    goodputs = broken("abcd", lambda key: key[0] == "a")
    for key in (("a", "b"), ("b", "a"), ("c", "d")):
        del goodputs[key]
    assert named(explain(flat(goodputs))) == {("uplink", ("a",))}


def test_slower_ports_are_no_cause():
    rates = {"a": 10e9, "b": 10e9, "c": 2.5e9, "d": 1e9}
    cells = {key: tcp_goodput(min(rates[node] for node in key)) for key in permutations(rates, 2)}
    assert explain({key: Cell(0.97 * ceiling, ceiling, WIRED) for key, ceiling in cells.items()}) == []


def test_a_limit_below_the_fast_ports_alone_is_found_among_slow_ones():
    """What a sends is limited to 2 Gb/s; to the 1 Gb/s port it is as fast as that is."""
    rates = {"a": 10e9, "b": 10e9, "c": 10e9, "d": 1e9}
    cells = {}
    for key in permutations(rates, 2):
        ceiling = tcp_goodput(min(rates[node] for node in key))
        cells[key] = Cell(min(0.97 * ceiling, 2e9 if key[0] == "a" else ceiling), ceiling, WIRED)
    (cause,) = explain(cells)
    assert (cause.kind, cause.nodes, set(cause.cells)) == ("uplink", ("a",), {("a", "b"), ("a", "c")})
