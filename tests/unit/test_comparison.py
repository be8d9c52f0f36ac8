"""Runs side by side, and runs for spreadsheets."""

import csv
import io

import pytest
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import comparison, comparison_lines, gate
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import EXPORTERS
from ansible_collections.saf.fabric.plugins.plugin_utils.text import units


@pytest.fixture(scope="module")
def data():
    return report_filters.data_files()


@pytest.fixture(scope="module")
def run_of(data):
    def make(situation, day=23):
        plan, raws = SITUATIONS[situation]()
        plan = {**plan, "run_id": f"202611{day}T181500Z", "started": f"2026-11-{day}T18:15:00Z"}
        return run_document.assemble(plan, raws, data, f"2026-11-{day}T18:25:00Z")

    return make


def test_two_runs_side_by_side(run_of):
    table = comparison.side_by_side([run_of("healthy_studios", 24), run_of("two_studios", 23)])
    assert [run["run_id"] for run in table["runs"]] == ["20261123T181500Z", "20261124T181500Z"]
    assert not table["same_testbed"]
    assert ["nodes/alpha/links/default/negotiated_bps", 1e9, 10e9] in table["testbed_changes"]
    product = next(row for row in table["rows"] if row["name"] == "gemm.float32" and row["subject"] == ["alpha"])
    assert product["medians"] == [6e12, 22e12]
    assert product["ratio"] == pytest.approx(22 / 6)
    assert product["verdict"] == "better"
    only = next(row for row in table["rows"] if row["name"] == "memory.triad")
    assert only["medians"][0] is None
    assert only["verdict"] == "one-sided"


def test_equal_runs_are_the_same(run_of):
    table = comparison.side_by_side([run_of("healthy_studios", 23), run_of("healthy_studios", 24)])
    assert table["same_testbed"]
    assert {row["verdict"] for row in table["rows"]} == {"same"}


def test_lower_is_better_for_times(run_of):
    slower = run_of("healthy_studios", 24)
    for metric in slower["metrics"]:
        metric["median"] *= 1.5
    table = comparison.side_by_side([run_of("healthy_studios", 23), slower])
    verdicts = {row["name"]: row["verdict"] for row in table["rows"]}
    assert verdicts["ray.task_rtt"] == "worse"
    assert verdicts["net.goodput"] == "better"


def test_csv_is_one_line_for_each_metric(run_of):
    run = run_of("two_studios")
    rows = list(csv.DictReader(io.StringIO(EXPORTERS["csv"].render({}, run))))
    assert len(rows) == len(run["metrics"])
    assert float(rows[0]["median"]) == run["metrics"][0]["median"]
    assert {row["unit"] for row in rows} == {metric["unit"] for metric in run["metrics"]}


def slowed(run, factor):
    """Return the run with every median times ``factor``."""
    return {**run, "metrics": [{**metric, "median": metric["median"] * factor} for metric in run["metrics"]]}


def test_the_screen_has_each_metric_with_its_values_unit_and_change(run_of):
    table = comparison.side_by_side([run_of("healthy_studios", 10), slowed(run_of("healthy_studios", 17), 0.85)])
    text = comparison_lines.lines(table)
    assert text[0].split() == ["20261110T181500Z", "standard", "alpha,", "beta"]
    assert ["20261110", "20261117"] in [line.split() for line in text]
    at = text.index("Matrix products, float32 (4096 x 4096 x 4096, mlx on the gpu)")
    assert text[at + 1].split() == ["alpha", "22.0", "18.7", "TFLOP/s", "-15", "%", "worse"]
    rtt = next(line for line in text if line.startswith("  alpha - beta"))
    assert rtt.split()[3:] == ["700", "595", "µs", "-15", "%", "better"]
    assert text[-2:] == ["Values: 24 worse (8 not shown), 8 better (4 not shown).", "Same testbed, same software."]


def test_where_nothing_moved_the_headline_values_are_shown(run_of):
    text = comparison_lines.lines(comparison.side_by_side([run_of("healthy_studios", 10), run_of("healthy_studios", 17)]))
    assert ["alpha", "22.0", "22.0", "TFLOP/s", "0", "%"] in [line.split() for line in text]
    assert text[-2] == "Values: 32 the same."


@pytest.mark.parametrize("situation", ["healthy_sixteen", "healthy_studios", "single", "healthy_mixed"])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_the_screen_keeps_to_its_columns_and_to_one_page(run_of, situation, count):
    runs = [slowed(run_of(situation, 10 + number), 1 - number / 10) for number in range(count)]
    text = comparison_lines.lines(comparison.side_by_side(runs), 80)
    assert max(map(len, text)) <= 80
    assert len(text) <= count + 50
    assert "20261110" in text[count + 1]
    assert f"202611{9 + count}" in text[count + 1]


def test_runs_of_one_day_are_told_apart(run_of):
    runs = [run_of("single", 10), run_of("single", 10)]
    runs[1].update(run_id="20261110T201500Z", started="2026-11-10T20:15:00Z")
    assert "1110 18:15:00  1110 20:15:00" in "\n".join(comparison_lines.lines(comparison.side_by_side(runs)))


def test_what_differs_is_named_in_words(run_of):
    after = run_of("healthy_studios", 24)
    after["keys"]["software_parts"]["commit"] = "f" * 40
    after["keys"]["software"] = "another"
    text = comparison_lines.lines(comparison.side_by_side([run_of("two_studios", 23), after]))
    assert "other software:" in text
    assert "  alpha: links default negotiated_bps: 1.00 Gb/s -> 10.0 Gb/s" in text
    assert "  commit: 00000000000… -> fffffffffff…" in text
    after["keys"]["testbed_parts"] = {**after["keys"]["testbed_parts"], **{f"x{number}": number for number in range(9)}}
    text = comparison_lines.lines(comparison.side_by_side([run_of("two_studios", 23), after]))
    assert text[-1] == "  and 6 more differences"


def test_a_loss_that_was_none_before_is_worse(run_of):
    before, after = run_of("single", 10), run_of("single", 11)
    lossy = {**before["metrics"][0], "name": "net.udp_loss", "unit": "1", "better": "lower", "params": {}, "samples": [0.0]}
    before["metrics"].append({**lossy, "median": 0.0})
    after["metrics"].append({**lossy, "median": 0.02})
    rows = {row["name"]: row for row in comparison.side_by_side([before, after])["rows"]}
    assert (rows["net.udp_loss"]["verdict"], rows["net.udp_loss"]["ratio"]) == ("worse", None)
    after["metrics"][-1]["median"] = 0.0
    rows = {row["name"]: row for row in comparison.side_by_side([before, after])["rows"]}
    assert rows["net.udp_loss"]["verdict"] == "same"


@pytest.mark.parametrize(
    ("values", "unit", "texts", "prefixed"),
    [
        ([22e12, 0.9e12], "FLOP/s", ["22.0", "0.90"], "TFLOP/s"),
        ([120e-6, None], "s", ["120", "-"], "µs"),
        ([0.95, 0.5], "1", ["0.95", "0.50"], ""),
        ([0.0, 0.0], "bit/s", ["0.00", "0.00"], "b/s"),
        ([None], "B/s", ["-"], "B/s"),
        ([0.5], "token/s", ["0.50"], "token/s"),
    ],
)
def test_values_of_a_row_have_one_prefix(values, unit, texts, prefixed):
    assert units.in_one_unit(values, unit) == (texts, prefixed)


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ([], []),
        (["fault"], ["Fault: a: m"]),
        (["regression", "limit"], ["Limit: b: m", "Regression: c: m"]),
        (["note"], ["Note: d: m"]),
    ],
)
def test_findings_that_fail_a_play(words, titles):
    findings = [
        {"severity": severity, "kind": kind, "title": title, "measured": "m"}
        for severity, kind, title in (("fault", "x", "a"), ("limit", "x", "b"), ("limit", "regression", "c"), ("note", "x", "d"))
    ]
    assert gate.failing(findings, words) == titles
