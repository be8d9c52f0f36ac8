"""What --tags and --skip-tags choose of the benchmark."""

import pytest

from ansible_collections.saf.fabric.plugins.filter import benchmark


@pytest.mark.parametrize(
    ("run_tags", "skip_tags", "chosen"),
    [
        (["all"], [], ["compute", "network", "ray", "collective"]),
        (["network"], [], ["network"]),
        (["ray", "report", "preflight"], [], ["ray"]),
        (["all"], ["network", "compute"], ["ray", "collective"]),
        (["network", "ray"], ["ray"], ["network"]),
        (["tagged"], [], ["compute", "network", "ray", "collective"]),
        (["all"], ["tagged"], []),
        (["report"], [], []),
    ],
)
def test_tags_choose_what_is_measured(run_tags, skip_tags, chosen):
    names = ["compute", "network", "ray", "collective"]
    assert benchmark.chosen_by_tags(names, run_tags, skip_tags) == chosen


def test_what_is_left_out_is_a_row_that_names_the_nodes():
    rows = benchmark.left_out_by_tags(["gemm", "network"], ["alpha", "beta"])
    assert [row["name"] for row in rows] == ["gemm", "net.goodput"]
    assert all(row["subject"] == ["alpha", "beta"] and "--skip-tags" in row["reason"] for row in rows)
