"""Charts are well formed, inside their box, named, and readable without color."""

import math
import re
from xml.etree import ElementTree

import pytest
from charts import classes, drawings, texts

from ansible_collections.saf.fabric.plugins.plugin_utils.report import charts
from ansible_collections.saf.fabric.plugins.plugin_utils.report.charts import axes, svg

SIZES = (512, 1024, 2048, 4096, 8192)
HOSTILE = "</svg><script>alert(1)</script>\x1b[2J\"' onload='x' & <b>"
SITUATIONS = {
    "one point": [[(1024, 5e12)]],
    "equal": [[(512, 1e9), (1024, 1e9)]] * 2,
    "zero": [[(512, 0.0), (1024, 0.0)]],
    "a zero among the large": [[(512, 0.0), (1024, 1e12)]],
    "no number": [[(512, math.nan), (1024, 1e12), (2048, None), (4096, math.inf)]],
    "huge": [[(512, 1e308), (1024, 5e-324)]],
    "far apart": [[(size, 2e13) for size in SIZES], [(size, 5e9) for size in SIZES]],
    "many": [[(2**power, 1e9 * power) for power in range(3, 30)]] * 6,
}


def line_chart(situation, **changes):
    lines = [
        charts.Line(name=f"node{number}", look=number, points=points, label=f"node{number}")
        for number, points in enumerate(SITUATIONS[situation])
    ]
    known = [y for points in SITUATIONS[situation] for _x, y in points if y is not None and math.isfinite(y)]
    axis = charts.y_axis([axes.usable(value) for value in known], [6e12], "FLOP/s")
    spec = {"name": "Rates <&", "lines": lines, "axis": axis, "levels": [charts.Level(value=6e12, name="peak 6 TFLOP/s")]}
    return charts.draw_lines(charts.Plot(**{**spec, **changes}))


def check(tree):
    """Check that a drawing says what it is, has its own size, and stays inside it."""
    width, height = (float(value) for value in tree.get("viewBox").split()[2:])
    assert (float(tree.get("width")), float(tree.get("height"))) == (width, height), "drawn at the size that it has"
    assert [child.tag for child in list(tree)[:2]] == ["title", "desc"]
    assert tree.get("role") == "img"
    for element in tree.iter():
        assert element.get("style") is None
        for name in ("x", "x1", "x2", "cx"):
            assert -0.01 <= float(element.get(name) or 0) <= width + 0.01, (element.tag, element.attrib)
        for name in ("y", "y1", "y2", "cy"):
            assert -0.01 <= float(element.get(name) or 0) <= height + 0.01, (element.tag, element.attrib)
        for name in ("width", "height"):
            assert float(element.get(name) or 0) >= 0
        for pair in (element.get("points") or "").split():
            x, y = (float(value) for value in pair.split(","))
            assert -0.01 <= x <= width + 0.01
            assert -0.01 <= y <= height + 0.01


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
@pytest.mark.parametrize("changes", [{}, {"x_kind": "time"}, {"width": 164, "height": 112, "title": "node", "remark": "22"}])
def test_lines(situation, changes):
    page = line_chart(situation, **changes)
    assert not re.search(r"http|url\(|<script|nan|inf\b|style=", page, re.IGNORECASE)
    (tree,) = drawings(page)
    check(tree)
    assert tree.find("title").text == "Rates <&"
    assert "node0: " in tree.find("desc").text
    assert "peak 6 TFLOP/s: " in tree.find("desc").text
    assert "peak 6 TFLOP/s" in texts(tree)


def test_equal_lines_do_not_hide_each_other():
    (tree,) = drawings(line_chart("equal", x_title="n"))
    first, second = classes(tree, "line")
    assert first.get("stroke-dasharray") != second.get("stroke-dasharray")
    assert float(first.get("stroke-width")) > float(second.get("stroke-width")), "the one below shows at the sides"
    starts = [re.match(r"M([\d.]+) ", mark.get("d"))[1] for mark in classes(tree, "mark")[:4]]
    assert len(set(starts)) == 4, "marks of the same place are side by side"


def test_equal_lines_over_time_have_their_marks_at_different_times():
    points = [(0.25 * number, 2e13) for number in range(240)]
    lines = [charts.Line(name=name, look=look, points=points) for look, name in enumerate("abc")]
    axis = charts.y_axis([2e13], [], "FLOP/s")
    (tree,) = drawings(charts.draw_lines(charts.Plot(name="x", lines=lines, axis=axis, x_kind="time")))
    times = [mark.find("title").text.split(": ")[1].split(",")[0] for mark in classes(tree, "mark")]
    assert len(set(times)) == len(times) >= 3 * 7


def test_each_series_has_its_look_in_the_legend():
    names = [f"node{number}" for number in range(8)]
    page = charts.legend(names, [("ceiling", "peak 27.2 TFLOP/s")])
    assert re.findall(r"</svg>([^<]*)</li>", page) == [*names, "peak 27.2 TFLOP/s"]
    shapes = [
        re.sub(r"^M[\d.]+ [\d.]+", "", mark.get("d")) for tree in drawings(page, keys=True) for mark in classes(tree, "mark")
    ]
    assert len(set(shapes)) == 6
    hollow = [bool(classes(tree, "hollow")) for tree in drawings(page, keys=True)]
    assert hollow == [False] * 6 + [True] * 2 + [False], "a shape looks different when it comes again"


def test_labels_at_the_ends_do_not_cover_each_other():
    lines = [charts.Line(name=n, look=i, points=[(0, 1e12), (60, 1e12)], label=n) for i, n in enumerate("abcdef")]
    for rate in (1e12, 5e10):
        axis = charts.y_axis([rate], [1e12], "FLOP/s")
        (tree,) = drawings(charts.draw_lines(charts.Plot(name="x", lines=lines, axis=axis, x_kind="time", width=640)))
        labels = sorted(float(text.get("y")) for text in tree.iter("text") if text.text in set("abcdef"))
        assert all(below - above >= 13.9 for above, below in zip(labels, labels[1:])), labels
        check(tree)


def test_a_large_range_gets_a_logarithmic_axis_and_a_small_one_begins_at_zero():
    assert charts.y_axis([5e9, 2e13], [], "FLOP/s").kind == "log"
    assert charts.y_axis([5e12, 2e13], [], "FLOP/s")[:2] == ("linear", 0.0)
    assert charts.y_axis([5e12], [2e15], "FLOP/s").kind == "linear", "a far ceiling is what a chart is to show"
    assert [words for _value, words in axes.y_ticks(charts.y_axis([5e10, 2e13], [], "FLOP/s"))] == ["0.01", "0.1", "1", "10"]
    words = [words for _value, words in axes.y_ticks(charts.y_axis([5e8, 2e13], [], "FLOP/s"))]
    assert words == ["100 MFLOP/s", "1 GFLOP/s", "10 GFLOP/s", "100 GFLOP/s", "1 TFLOP/s", "10 TFLOP/s"]


def test_the_unit_is_said_once():
    (tree,) = drawings(line_chart("equal"))
    assert not [words for words in texts(tree) if "FLOP" in words and "peak" not in words]


@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("small", [1e9, 2e13])
def test_bars(count, small):
    rows = [charts.Bar(name=f"node{number}", value=2e13 if number else small, ceiling=2.72e13) for number in range(count)]
    (tree,) = drawings(charts.draw_bars(charts.Bars(name="Rates", title="float32", rows=rows, unit="FLOP/s")))
    check(tree)
    assert len(classes(tree, "bar")) == len(classes(tree, "tick")) == count
    assert {f"node{number}" for number in range(count)} <= set(texts(tree))
    assert float(tree.get("width")) <= 340


def test_the_parts_of_a_bar_fill_it_and_all_have_words():
    shares = {"compute": 0.66, "transfer": 0.33, "scheduling": 0.01}
    (tree,) = drawings(charts.draw_stack([charts.Stack(name="2 nodes", shares=shares)], list(shares), "Time"))
    check(tree)
    parts = list(tree.iter("rect"))
    assert sum(float(part.get("width")) for part in parts) == pytest.approx(340, abs=0.5)
    assert len({part.get("class") for part in parts}) == 3
    assert "compute 66, transfer 33, scheduling 1 %" in texts(tree)


@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.parametrize("center", [None, 100.0, 0.0])
def test_history(count, center):
    points = [
        charts.Point(name=f"{number + 1} Nov", value=100.0 - number, changed=number == 1, bad=number == count - 1)
        for number in range(count)
    ]
    spread = None if center is None else 5.0
    page = charts.draw_history("Round trip", "alpha", points, center, spread, "s", "lower is better", "worse +9 %")
    (tree,) = drawings(page)
    check(tree)
    assert len(classes(tree, "band")) == (0 if center is None else 1)
    assert (len(classes(tree, "run")), len(classes(tree, "worse"))) == (count - 1, 1), "a regression has another shape"
    assert len(classes(tree, "change")) == (1 if count > 1 else 0)
    assert {"Round trip", "worse +9 %", "alpha", "s, lower is better", "1 Nov"} <= set(texts(tree))


def test_nothing_to_draw():
    axis = charts.y_axis([], [], "s")
    assert charts.draw_lines(charts.Plot(name="x", lines=[], axis=axis)) == ""
    assert (
        charts.draw_lines(charts.Plot(name="x", lines=[charts.Line(name="a", look=0, points=[(0, 1), (1, None)])], axis=axis))
        == ""
    )
    assert charts.draw_bars(charts.Bars(name="x", title="", rows=[charts.Bar(name="a", value=None)], unit="s")) == ""
    assert charts.draw_stack([], [], "x") == ""
    assert charts.draw_history("x", "", [charts.Point(name="a", value=None)], None, None, "s", "", "") == ""
    assert charts.figure("x", "s", ["", ""]) == ""
    assert charts.grid([]) == []


def test_names_from_nodes_are_text():
    line = charts.Line(name=HOSTILE, look=0, points=[(1, 1), (2, 2)], label=HOSTILE)
    axis = charts.y_axis([1, 2], [], HOSTILE)
    page = charts.figure(
        HOSTILE,
        HOSTILE,
        [
            charts.draw_lines(charts.Plot(name=HOSTILE, title=HOSTILE, remark=HOSTILE, lines=[line], axis=axis, x_title=HOSTILE)),
            charts.draw_bars(charts.Bars(name=HOSTILE, title=HOSTILE, rows=[charts.Bar(name=HOSTILE, value=1)], unit=HOSTILE)),
            charts.draw_stack([charts.Stack(name=HOSTILE, shares={HOSTILE: 1.0})], [HOSTILE], HOSTILE),
            charts.draw_history(HOSTILE, HOSTILE, [charts.Point(name=HOSTILE, value=1)], 1, 1, HOSTILE, HOSTILE, HOSTILE),
        ],
        charts.legend([HOSTILE], [("ceiling", HOSTILE)]),
        ([HOSTILE], [[HOSTILE, HOSTILE]]),
        narrow=[charts.draw_lines(charts.Plot(name=HOSTILE, lines=[line], axis=axis))],
        folded=HOSTILE,
    )
    assert "<script" not in page
    assert "\x1b" not in page
    attributes = {name for element in ElementTree.fromstring(page).iter() for name in element.attrib}  # noqa: S314 our own text
    assert not [name for name in attributes if name.startswith("on")]
    assert len(drawings(page)) == 5


def test_a_figure_says_unit_and_direction_and_has_a_drawing_for_each_width():
    table = (["node", "rate"], [["a", "1"]])
    page = charts.figure("Rates", "TFLOP/s, higher is better", ["<svg/>"], table=table, narrow=['<svg width="1"/>'])
    assert '<strong>Rates</strong> <span class="soft">TFLOP/s, higher is better</span>' in page
    assert '<div class="roomy"><div class="plots"><svg/></div></div>' in page
    assert '<div class="tight"><div class="plots"><svg width="1"/></div></div>' in page
    assert '<th scope="col">rate</th>' in page
    assert charts.figure("Rates", "", ["<svg/>"]).endswith('</figcaption><div class="plots"><svg/></div></figure>')


def test_drawings_that_show_no_difference_are_folded_and_say_so():
    page = charts.figure("Rates", "", ["<svg/>"], "<ul></ul>", folded="16 charts, all alike")
    assert page.endswith(
        '<details><summary>16 charts, all alike</summary><ul></ul><div class="plots"><svg/></div></details></figure>'
    )


@pytest.mark.parametrize("top", [0, 1e-6, 0.9, 1, 7, 29.9, 941.5e6, 27.2e12, 1e200])
def test_ticks_are_few_and_below_the_top(top):
    values = axes.ticks(top)
    assert 1 <= len(values) <= 7
    assert values[0] == 0
    assert values[-1] <= top
    assert len(set(axes.even(values))) == len(values)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (22, "22.0"), (6, "6.00"), (1024, "1,024"), (0.0048, "0.00480"), (0.94, "0.940"), (0.1, "0.100"), (1e12, "1e+12")],
)
def test_numbers(value, words):
    assert axes.number(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(64, "64 B"), (2**17, "128 KiB"), (2**27, "128 MiB"), (1000, "1000 B"), (1.5 * 2**30, "1.50 GiB")]
)
def test_sizes_in_bytes(value, words):
    assert axes.byte_words(value) == words


@pytest.mark.parametrize(
    ("name", "most", "words"), [("alpha", 14, "alpha"), ("mac-studio-in-the-cellar-07", 14, "mac-stu…lar-07"), ("abcd", 3, "a…d")]
)
def test_a_long_name_keeps_its_ends(name, most, words):
    assert svg.shorten(name, most) == words
    assert len(words) <= most
