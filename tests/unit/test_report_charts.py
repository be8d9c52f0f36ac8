"""Which chart of a report shows what: names, units, directions, and as many as a page can carry."""

import copy
import json
import re

import pytest
from charts import classes, drawings, texts
from runs import (
    GIGABIT,
    M2_ULTRA,
    SERVER,
    SITUATIONS,
    SIXTEEN,
    TEN,
    bad_cable,
    make,
    metric,
    spread,
    sustained,
)

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import history
from ansible_collections.saf.fabric.plugins.plugin_utils.metrics import METRICS
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view import history as history_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view import links, metric_charts

FINISHED = "2026-11-23T18:25:00Z"
TYPES = ("float32", "float16", "bfloat16")
SIZES = (512, 2048, 8192)
PAIR = ["alpha", "beta"]


@pytest.fixture(scope="module")
def data():
    return runs.data_files()


@pytest.fixture
def run_of(data):
    """Return a maker of run documents: of a situation's name, or of a plan and its raws."""

    def make_run(situation):
        plan, raws = SITUATIONS[situation]() if isinstance(situation, str) else situation
        return run_document.assemble(plan, raws, data, FINISHED)

    return make_run


def product(node, dtype, size, flops, implementation="mlx", backend="gpu"):
    params = {"dtype": dtype, "m": size, "n": size, "k": size, "implementation": implementation, "backend": backend}
    return metric(f"gemm.{dtype}", "node", [node], params, "FLOP/s", "higher", spread(flops))


def products(nodes, flops=20e12, sizes=SIZES, backend="gpu"):
    return [
        product(node, kind, size, flops * (size / 8192) ** 0.1, backend=backend)
        for node in nodes
        for kind in TYPES
        for size in sizes
    ]


def cluster(nodes, extra, machine=M2_ULTRA, goodput=9.41e9, port=TEN):
    return make(nodes, machine, goodput, port, None, extra=extra)


def section(run, name):
    """Return the charts of a metric."""
    draw = metric_charts.CHARTS[METRICS[name].chart]
    return draw(run, [metric for metric in run["metrics"] if metric["name"] == name])


def page_of(run):
    return exporters.EXPORTERS["html"].render(report_view.prepare(run), run).replace("\N{NO-BREAK SPACE}", " ")


# --- matrix products


def test_products_of_few_nodes_have_a_drawing_for_each_type_and_a_line_for_each_node(run_of):
    numpy = [product("alpha", "float32", size, 1e12, "numpy", "cpu") for size in SIZES]
    (page,) = section(run_of(cluster(PAIR, products(PAIR) + numpy)), "gemm.float32")
    shown = drawings(page)
    assert [classes(tree, "name")[0].text for tree in shown] == ["MLX float32", "MLX float16", "MLX bfloat16", "NumPy float32"]
    assert [len(classes(tree, "line")) for tree in shown] == [2, 2, 2, 1]
    assert [len(classes(tree, "ceiling")) for tree in shown] == [1, 1, 1, 0], "the GPU's peak is none of NumPy's"
    assert re.findall(r"</svg>([^<]*)</li>", page) == [*PAIR, "peak 27.2 TFLOP/s of the chip in float32"]
    assert "TFLOP/s, higher is better; size n of the n x n product across" in page


def test_one_size_is_bars(run_of):
    (page,) = section(run_of("two_studios"), "gemm.float32")
    (tree,) = drawings(page)
    assert len(classes(tree, "bar")) == 2
    assert not classes(tree, "line")
    assert set(PAIR) <= set(texts(tree))
    assert "n = 4,096; the tick is the peak 27.2 TFLOP/s of the chip in float32" in page


def test_a_mixed_cluster_shows_both_kinds_of_nodes(run_of):
    mixed = {"mac": M2_ULTRA, "linux": SERVER}
    extra = products(["mac"]) + products(["linux"], 4e9, backend="cpu")
    extra += [sustained("mac", 22e12, 22e12), sustained("linux", 5e9, 5e9)]
    run = run_of(cluster(list(mixed), extra, mixed, 941e6, GIGABIT))
    (page,) = section(run, "gemm.float32")
    assert "logarithmic axis" in page
    for tree in drawings(page):
        heights = [{pair.split(",")[1] for pair in line.get("points").split()} for line in classes(tree, "line")]
        assert not heights[0] & heights[1]
    over_time = section(run, "gemm.sustained")
    assert ["TFLOP/s" in page for page in over_time] == [True, False], "each kind begins at zero in a separate chart"
    assert "GFLOP/s" in over_time[1]


def test_the_unit_is_said_once_beside_the_name_or_at_the_labels(run_of):
    sizes = ((8, 9.4e4), (2**20, 5.9e9))
    reduced = [
        metric(
            "collective.all_reduce",
            "cluster",
            [],
            {"bytes": size, "ranks": 2, "dtype": "float32", "backend": "ring"},
            "bit/s",
            "higher",
            spread(rate),
            seconds=[1.0],
            bus_factor=1.0,
        )
        for size, rate in sizes
    ]
    (page,) = section(run_of(cluster(PAIR, reduced)), "collective.all_reduce")
    assert '<span class="soft">higher is better; logarithmic axis</span>' in page
    tree, _narrow = drawings(page)
    assert {"10 kb/s", "1 Mb/s", "100 Mb/s", "8 B", "1 MiB", "size of the array on each node"} <= set(texts(tree))
    (page,) = section(run_of(cluster(PAIR, reduced[1:])), "collective.all_reduce") or [""]
    assert page == "", "one size is no chart"


# --- over time


def test_over_time_is_one_chart_with_a_line_for_each_node_from_zero_to_the_peak(run_of):
    nodes = list("abcde")
    extra = [sustained(node, 22e12, 22e12) for node in nodes]
    (page,) = section(run_of(cluster(nodes, extra)), "gemm.sustained")
    tree, narrow = drawings(page)
    assert [len(classes(one, "line")) for one in (tree, narrow)] == [5, 5]
    assert (tree.get("width"), narrow.get("width")) == ("640", "340"), "the second fits on a telephone"
    assert {*nodes, "0", "peak 27.2 TFLOP/s", "time (s)", "60"} <= set(texts(tree))
    assert not classes(tree, "lost")
    assert "TFLOP/s, higher is better" in page
    assert re.findall(r'<th scope="row">(.)</th>', page) == nodes, "the same as a table"


def test_throttling_is_shaded_and_named(run_of):
    (page,) = section(run_of("throttling_laptop"), "gemm.sustained")
    for tree in drawings(page):
        assert len(classes(tree, "lost")) == 1
        assert "laptop \N{MINUS SIGN}29 %" in texts(tree)
    assert "lost by throttling" in page.split("<svg", 2)[2]


# --- many nodes


@pytest.fixture(scope="module")
def sixteen(data):
    extra = products(SIXTEEN) + [sustained(node, 22e12, 14e12 if node == "node11" else 22e12) for node in SIXTEEN]
    plan, raws = cluster(SIXTEEN, extra, goodput=bad_cable(SIXTEEN, "node07", 940e6, 9.41e9))
    return run_document.assemble(plan, raws, data, FINISHED)


@pytest.mark.parametrize("name", ["gemm.float32", "gemm.sustained"])
def test_many_nodes_are_small_multiples_of_one_scale(sixteen, name):
    (page,) = section(sixteen, name)
    shown = drawings(page)
    assert [classes(tree, "name")[0].text for tree in shown] == SIXTEEN
    assert {float(tree.get("width")) for tree in shown} == {164}, "a phone has room for two in a row"
    labels = [
        [text.text for text in tree.iter("text") if text.get("text-anchor") == "end" and not text.get("class")] for tree in shown
    ]
    assert all(one == labels[0] for one in labels)
    assert 'class="multiples"' in page


def test_the_page_of_sixteen_nodes_is_bounded(sixteen):
    page = page_of(sixteen)
    shown = drawings(page)
    assert len(shown) <= 2 * 16 + 12
    assert max(float(tree.get("width")) for tree in shown) <= 640
    assert len(page) < 500_000
    assert not re.search(r"<svg[^>]*style=|<td[^>]*style=", page)


# --- links


def test_the_matrix_says_what_it_shows(run_of):
    run = run_of(make(list("abc"), M2_ULTRA, {("a", "b"): 0, ("b", "c"): 5e9, ("c", "a"): 7.8e9, None: 9.3e9}, TEN, 22e12))
    (table,) = links.matrices(run)
    assert table["title"] == "Network between the nodes (link default, en0, 10 Gb/s)"
    assert table["unit"] == "Gb/s"
    assert [[cell["level"] for cell in row["cells"]] for row in table["rows"]] == [
        ["", "dead", "full"],
        ["full", "", "limit"],
        ["good", "full", ""],
    ]
    assert [cell["value"] for cell in table["rows"][1]["cells"]] == ["9.30", "", "5.00"]
    assert table["caption"].startswith(
        "Slowest: a to b, 0 b/s, 0 % of its ceiling. 2 of 6 directions are below 80 %, all of them from or to b."
    )
    assert [one["level"] for one in table["scale"]] == ["full", "good", "limit", "fault", "dead"]
    page = page_of(run)
    for words in ("to (receives)", "from (sends)", "Goodput at the receiver in Gb/s", "90 % of the ceiling or more"):
        assert words in page, words
    assert '<td class="q-dead">0 <span>0 %</span></td>' in page
    assert '<h2 id="link-default">' in page
    assert 'role="group" tabindex="0" aria-labelledby="link-default"' in page


def test_the_caption_names_the_node_that_slow_links_have_in_common(sixteen, run_of):
    (table,) = links.matrices(sixteen)
    assert "30 of 240 directions are below 80 %, all of them from or to node07." in table["caption"]
    senders = {(node, other): 1e9 for node in "b" for other in "acd"}
    (table,) = links.matrices(run_of(make(list("abcd"), M2_ULTRA, {**senders, None: 9.3e9}, TEN, 22e12)))
    assert "3 of 12 directions are below 80 %, all of them from b." in table["caption"]
    receivers = {(other, "b"): 1e9 for other in "acd"}
    (table,) = links.matrices(run_of(make(list("abcd"), M2_ULTRA, {**receivers, None: 9.3e9}, TEN, 22e12)))
    assert "all of them to b." in table["caption"]
    (table,) = links.matrices(run_of("healthy_studios"))
    assert table["caption"] == "Slowest: alpha to beta, 9.41 Gb/s, 100 % of its ceiling. Median of all: 9.41 Gb/s."


def test_a_matrix_without_ceilings_is_on_the_scale_of_its_fastest_pair(run_of):
    (table,) = links.matrices(run_of("paravirtual"))
    assert table["scale"][0]["words"] == "90 % of the fastest pair or more"


def test_each_link_has_an_anchor_of_its_own(run_of):
    tables = links.matrices(run_of("wrong_link"))
    assert [table["anchor"] for table in tables] == ["link-default", "link-thunderbolt"]
    taken = {}
    assert [links._anchor(name, taken) for name in ("<b>", "b", "\N{SNOWMAN}", None)] == [
        "link-b",
        "link-b-2",
        "link-unnamed",
        "link-none",
    ]


# --- history


def past(data, count, slow=1.0, software=None):
    """Return the last of ``count`` runs; slow: its factor; software: the number of the run from which on it is another."""
    documents = []
    for number in range(count):
        factor = slow if number == count - 1 else 1.0
        plan, raws = cluster(PAIR, products(PAIR, 20e12 * factor))
        plan.update(run_id=f"202611{number + 1:02}T181500Z", started=f"2026-11-{number + 1:02}T18:15:00Z")
        if software is not None and number >= software:
            plan["playbook"] = {"commit": "1" * 40, "dirty": False}
        documents.append(run_document.assemble(plan, raws, data, FINISHED))
    run = copy.deepcopy(documents[-1])
    run["history"] = history.compare(run, [json.loads(json.dumps(history.kept(one))) for one in documents[:-1]])
    return run


def test_history_shows_each_headline_metric_once_with_dates(data):
    shown = history_view.trends(past(data, 8, slow=0.85, software=5))
    trees = [tree for chart in shown["charts"] for tree in drawings(chart["svg"])]
    assert len(trees) == 3
    assert all("8192 x 8192" in tree.find("title").text for tree in trees if "products" in tree.find("title").text)
    worse = [tree for tree in trees if classes(tree, "worse")]
    assert len(worse) == 3, "the worst are shown first"
    assert {"1 Nov", "8 Nov", "TFLOP/s, higher is better", "worse \N{MINUS SIGN}15 %"} <= set(texts(worse[0]))
    assert shown["marked"]
    assert all(len(classes(tree, "change")) == 1 for tree in trees)
    assert not re.search(r"\d{8}T\d{6}Z", "".join(chart["svg"] for chart in shown["charts"]))


def test_all_other_sizes_are_behind_a_fold(data):
    run = past(data, 8)
    shown = history_view.trends(run)
    assert len(shown["rows"]) == len(shown["charts"]) + len(shown["more"])
    assert not shown["marked"]
    page = page_of(run)
    assert "software changed" not in page
    assert f"<summary>{len(shown['more'])} more</summary>" in page


@pytest.mark.parametrize(("count", "said"), [(2, True), (5, True), (6, False), (9, False)])
def test_how_many_runs_a_verdict_needs_is_said_while_there_are_fewer(data, count, said):
    shown = history_view.trends(past(data, count))
    assert ("5 are needed for a verdict" in shown["text"]) == said
    assert any("band" in chart["svg"] for chart in shown["charts"]) != said, "no field of usual values without a verdict"


@pytest.mark.parametrize(
    ("ids", "dates"),
    [
        (["20261101T181500Z", "20261102T181500Z"], ["1 Nov", "2 Nov"]),
        (["20261101T181500Z", "20261101T191500Z"], ["1 Nov 18:15", "1 Nov 19:15"]),
        (["20251101T181500Z", "20261102T181500Z"], ["1 Nov 2025", "2 Nov 2026"]),
        (["first", "20261102T181500Z"], ["first", "2 Nov"]),
    ],
)
def test_dates(ids, dates):
    assert list(history_view._dates(ids).values()) == dates


def test_every_chart_of_the_registry_is_drawn_of_nothing(run_of):
    run = run_of("healthy_single")
    for draw in metric_charts.CHARTS.values():
        assert draw({**run, "metrics": []}, []) == []


def test_sixteen_drawings_that_are_alike_are_folded_and_one_that_differs_opens_them(data):
    extra = products(SIXTEEN) + [sustained(node, 22e12, 22e12) for node in SIXTEEN]
    alike = run_document.assemble(*cluster(SIXTEEN, extra), data, FINISHED)
    for name in ("gemm.float32", "gemm.sustained"):
        (page,) = section(alike, name)
        assert "<summary>16 charts, all within 5 % of the nodes' median</summary>" in page.replace(
            "\N{NO-BREAK SPACE}", " "
        ).replace("&#x27;", "'")
    slow = products(SIXTEEN[:-1]) + products(SIXTEEN[-1:], 16e12)
    (page,) = section(run_document.assemble(*cluster(SIXTEEN, slow), data, FINISHED), "gemm.float32")
    assert "16 charts" not in page
