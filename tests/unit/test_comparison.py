"""Runs side by side, and runs for spreadsheets."""

import csv
import io

import pytest
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import comparison
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import EXPORTERS


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
    assert ["nodes/alpha/links/default/negotiated_bps", 1e9, 10e9] in table["differences"]
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
