"""Charts are well formed, inside their box, and need nothing from anywhere."""

import re
from xml.etree import ElementTree

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.report import charts

NAMES = [f"node{number:02}" for number in range(16)]
LINES = {
    "one point": [{"name": "a", "points": [(1024, 5e12)]}],
    "equal": [{"name": "a", "points": [(512, 1e9), (1024, 1e9)]}],
    "zero": [{"name": "a", "points": [(512, 0.0)]}],
    "many": [{"name": name, "points": [(2**size, 1e9 * size) for size in range(3, 30)]} for name in NAMES],
    "marked up": [{"name": '<&">', "points": [(1, 1), (2, 2)]}],
}


def parsed(svg):
    assert not re.search(r"http|url\(|<script|nan|inf\b", svg, re.IGNORECASE)
    return ElementTree.fromstring(svg)  # noqa: S314 our own text


def box(root):
    return [float(value) for value in root.get("viewBox").split()][2:]


@pytest.mark.parametrize("situation", sorted(LINES))
@pytest.mark.parametrize("ceiling", [None, 6e12])
def test_lines(situation, ceiling):
    root = parsed(charts.lines(LINES[situation], "size", "FLOP/s", "Rates <&", ceiling, "peak"))
    width, height = box(root)
    for line in root.iter("line"):
        assert 0 <= float(line.get("x1")) <= width
        assert 0 <= float(line.get("y1")) <= height
    for text in root.iter("text"):
        assert 0 <= float(text.get("y")) <= height
    assert len(list(root.iter("polyline"))) == len(LINES[situation])
    assert ("peak" in [text.text for text in root.iter("text")]) == bool(ceiling)
    assert root.get("aria-label") == "Rates <&"


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b"], NAMES])
def test_heat_map(names):
    cells = {
        (one, other): {"text": "9.4 Gb/s", "short": "9.4", "share": 0.5, "title": "x"}
        for one in names
        for other in names
        if one < other
    }
    svg = charts.heat_map(names, cells, "Links")
    if not names:
        assert svg == ""
        return
    root = parsed(svg)
    count = len(names)
    assert len(list(root.iter("rect"))) == count * (count - 1)
    missing = [title for title in root.iter("title") if title.text == "not measured"]
    assert len(missing) == count * (count - 1) / 2


@pytest.mark.parametrize(
    ("share", "colour"), [(1.0, "--bar"), (0.81, "--bar"), (0.7, "--limit"), (0.1, "--fault"), (None, "--fault")]
)
def test_a_bad_link_stands_out(share, colour):
    svg = charts.heat_map(["a", "b"], {("a", "b"): {"text": "x", "short": "x", "share": share, "title": "x"}}, "Links")
    (cell,) = [rect for rect in parsed(svg).iter() if rect.tag.endswith("rect") and rect.get("fill") != "none"]
    assert cell.get("fill") == f"var({colour})"
    assert 0.1 < float(cell.get("fill-opacity")) < 0.9


def test_stack_fills_its_bar():
    shares = {"compute": 0.7, "transfer": 0.3}
    root = parsed(
        charts.stack([{"name": "2 nodes", "shares": shares}], [("compute", "compute"), ("transfer", "transfer")], "Time")
    )
    bars = [rect for rect in root.iter("rect") if rect.get("height") == "24"]
    assert sum(float(bar.get("width")) for bar in bars) == pytest.approx(720 - 150 - 16, abs=1)


@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.parametrize("centre", [None, 100.0])
def test_band(count, centre):
    points = [{"name": f"r{number}", "value": 100.0, "mark": number == 1, "bad": number == count - 1} for number in range(count)]
    root = parsed(charts.band(points, centre, 5.0, "s", "History"))
    assert len(list(root.iter("rect"))) == (1 if centre else 0)
    assert len(list(root.iter("circle"))) == count - 1  # the bad one has a separate shape
    assert len(list(root.iter("path"))) == 1


def test_nothing_to_draw():
    assert charts.lines([], "x", "s", "none") == ""
    assert charts.lines([{"name": "a", "points": []}], "x", "s", "none") == ""
    assert charts.stack([], [], "none") == ""
    assert charts.band([], None, None, "s", "none") == ""
    assert charts.series([1.0], [0.0], "s", "none") == ""
    parsed(charts.series([1.0, 2.0], [0.0, 1.0], "s", "two"))


@pytest.mark.parametrize("top", [0, 1e-6, 0.9, 1, 7, 941.5e6, 27.2e12])
def test_ticks_are_few_and_below_the_top(top):
    values = charts.ticks(top)
    assert 1 <= len(values) <= 7
    assert values[0] == 0
    assert values[-1] <= top
