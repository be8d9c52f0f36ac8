"""Whatever was measured, a chart is drawn inside its box, without an exception, NaN or a negative width."""

import re

from charts import classes, drawings
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import M2_ULTRA, SERVER, TEN, make, metric, sustained

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report import charts
from ansible_collections.saf.fabric.plugins.plugin_utils.report.charts import axes
from ansible_collections.saf.fabric.plugins.plugin_utils.report.view import links, metric_charts

DATA = runs.data_files()
NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0, 0.0, 1, 1e-320, 1e308, -1.0, float("nan"), float("inf")]),
    st.floats(),
    st.integers(min_value=-(2**63), max_value=2**63),
)
RATES = st.one_of(st.sampled_from([0.0, 1e-3, 1.0, 2e13]), st.floats(min_value=0, max_value=1e18))
NAMES = st.text(max_size=40)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40)
SETTINGS = settings(max_examples=150, deadline=None)
UNITS = st.sampled_from(["FLOP/s", "bit/s", "s", "1", "token/s"])


def check(page):
    """Check the numbers of all drawings; return them."""
    shown = drawings(page)
    for tree in shown:
        width, height = (float(value) for value in tree.get("viewBox").split()[2:])
        assert width > 0 < height
        for element in tree.iter():
            for name, value in element.attrib.items():
                if name in ("class", "role", "text-anchor", "viewBox"):
                    continue
                numbers = [float(one) for one in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", value)]
                assert not re.search("nan|inf", value), (element.tag, name, value)
                if name in ("width", "height"):
                    assert numbers[0] >= 0
                if name in ("x", "x1", "x2", "cx"):
                    assert -1 <= numbers[0] <= width + 1, (element.tag, name, value)
                if name in ("y", "y1", "y2", "cy"):
                    assert -1 <= numbers[0] <= height + 1, (element.tag, name, value)
    return shown


@SETTINGS
@given(
    series=st.lists(st.tuples(NAMES, POINTS), max_size=8),
    levels=st.lists(NUMBERS, max_size=3),
    kind=st.sampled_from(["size", "time"]),
    lost=NUMBERS,
    unit=UNITS,
    small=st.booleans(),
)
def test_lines(series, levels, kind, lost, unit, small):
    known = [value for _name, points in series for _x, y in points if (value := axes.usable(y)) is not None]
    heights = [value for level in levels if (value := axes.usable(level)) and value > 0]
    spec = charts.Plot(
        name="x",
        lines=[
            charts.Line(name=name, look=look, points=points, label=name, lost_below=lost)
            for look, (name, points) in enumerate(series)
        ],
        axis=charts.y_axis(known, heights, unit),
        x_kind=kind,
        levels=[charts.Level(value=value, name="ceiling") for value in heights],
        width=164 if small else 340,
    )
    check(charts.draw_lines(spec))


@SETTINGS
@given(rows=st.lists(st.tuples(NAMES, NUMBERS, NUMBERS), max_size=20), unit=UNITS)
def test_bars(rows, unit):
    bars = [charts.Bar(name=name, value=value, ceiling=ceiling) for name, value, ceiling in rows]
    check(charts.draw_bars(charts.Bars(name="x", title="x", rows=bars, unit=unit)))


@SETTINGS
@given(rows=st.lists(st.dictionaries(st.sampled_from("abcd"), NUMBERS), max_size=4))
def test_stacks(rows):
    check(charts.draw_stack([charts.Stack(name="x", shares=shares) for shares in rows], list("abcd"), "x"))


@SETTINGS
@given(values=st.lists(NUMBERS, max_size=25), center=NUMBERS, spread=NUMBERS, unit=UNITS)
def test_histories(values, center, spread, unit):
    points = [charts.Point(name=str(number), value=value, bad=number == 3) for number, value in enumerate(values)]
    check(charts.draw_history("x", "y", points, center, spread, unit, "higher is better", "worse"))


@settings(max_examples=40, deadline=None)
@given(
    rates=st.lists(st.tuples(st.sampled_from([64, 512, 8192]), RATES), min_size=1, max_size=6),
    over_time=st.tuples(RATES, RATES),
    goodput=RATES,
    count=st.integers(min_value=1, max_value=9),
)
def test_charts_of_runs(rates, over_time, goodput, count):
    """Each number of nodes, sizes and rates that a run can have."""
    nodes = [f"node{number}" for number in range(count)]
    machine = {node: SERVER if number % 3 == 2 else M2_ULTRA for number, node in enumerate(nodes)}
    extra = [sustained(node, *over_time) for node in nodes]
    for node in nodes:
        for size, rate in rates:
            params = {"dtype": "float32", "m": size, "n": size, "k": size, "implementation": "mlx", "backend": "gpu"}
            extra.append(metric("gemm.float32", "node", [node], params, "FLOP/s", "higher", [rate] * 3))
    plan, raws = make(nodes, machine, {None: goodput}, TEN, None, extra=extra)
    run = run_document.assemble(plan, raws, DATA, "2026-11-23T18:25:00Z")
    by_size = "".join(metric_charts.rate_by_size(run, run["metrics"]))
    over = "".join(metric_charts.rate_over_time(run, [one for one in run["metrics"] if one["name"] == "gemm.sustained"]))
    named = {words for tree in check(by_size + over) for words in (tree.find("title").text,)}
    assert bool(named)
    assert all(node in by_size and node in over for node in nodes), "no node is left out"
    assert not [tree for tree in drawings(over) if len(classes(tree, "line")) > 6]
    for table in links.matrices(run):
        assert {cell["level"] for row in table["rows"] for cell in row["cells"]} <= {"", "full", "good", "limit", "fault", "dead"}
