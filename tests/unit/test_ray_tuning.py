"""Ray's settings: what one knob makes of them."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import options, ray_tuning


@pytest.fixture
def table(root):
    return yaml.safe_load((root / "data" / "ray_settings.yml").read_text())["settings"]


def tuned(table, patience=300, niceness=0):
    return ray_tuning.tuning(table, {"ray_network_patience": patience, "ray_worker_niceness": niceness})


@pytest.mark.parametrize("patience", [30, 31, 60, 299, 300, 3600])
def test_no_cut_within_the_patience_loses_a_node(table, patience):
    """The fastest that a node can count as dead: each check fails at once, as behind a refused port."""
    given = {name: int(value) for name, value in tuned(table, patience).items()}
    period = given["RAY_health_check_period_ms"] / 1000
    # Behind a link that is back gRPC may wait for another 120 s before it connects again.
    assert given["RAY_health_check_failure_threshold"] * period > patience + 120 + period
    assert given["RAY_gcs_rpc_server_reconnect_timeout_s"] > patience
    # A node that is gone is noticed all the same: a silent check takes Ray's timeout of 10 s more.
    assert given["RAY_health_check_failure_threshold"] * (period + 10) <= 2 * patience + 320


def test_the_niceness_is_that_of_the_inventory(table):
    assert tuned(table, niceness=15)["RAY_worker_niceness"] == "15"


@pytest.mark.parametrize(("patience", "niceness"), [(29, 0), (3601, 0), (300, 20), (300, -1)])
def test_a_value_out_of_range_is_refused_with_the_range(table, patience, niceness):
    with pytest.raises(ValueError, match="set it to a number from"):
        tuned(table, patience, niceness)


@pytest.mark.parametrize("value", [29, "3601", 10**9])
def test_preflight_names_the_range(value):
    (row,) = options.range_problems({"a": {"ray_network_patience": value}}, ray_tuning.RANGES)
    assert row["fix"] == "Set ray_network_patience to a number from 30 to 3600."


@pytest.mark.parametrize("value", [30, "300", "abc", None])
def test_a_value_in_range_is_no_problem_and_a_word_is_one_of_types(value):
    assert options.range_problems({"a": {"ray_network_patience": value}}, ray_tuning.RANGES) == []


@pytest.mark.parametrize("value", ["5", None, True, 1.5])
def test_a_setting_is_a_number_or_a_formula(value):
    with pytest.raises(ValueError, match="neither"):
        ray_tuning.value_of(value, {})


def test_every_row_says_why(table):
    for row in table:
        assert set(row) == {"name", "value", "default", "counts", "reason", "evidence"}, row
        assert row["name"].startswith("RAY_")
    assert len({row["name"] for row in table}) == len(table)
