"""Runs for dashboards: what Prometheus' own parser reads of them, and the rules of its naming guide."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import metrics as registry
from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as store
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import history
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import EXPORTERS

ROWS = registry.METRICS.values()
UNITS = ("bytes_per_second", "flops_per_second", "tokens_per_second", "tasks_per_second", "seconds", "ratio", "hertz")
OLD = ("saf_metric_median", "saf_metric_share")


def run_of(situation):
    return run_document.assemble(*SITUATIONS[situation](), store.data_files(), "2026-11-23T18:25:00Z")


def text_of(run):
    return EXPORTERS["prometheus"].render({}, run)


def parsed(run):
    """Return {family: {labels as a sorted tuple: value}}."""
    families = list(text_string_to_metric_families(text_of(run)))
    assert len({family.name for family in families}) == len(families), "a family that is torn apart"
    found = {}
    for family in families:
        series = [tuple(sorted(sample.labels.items())) for sample in family.samples]
        assert len(series) == len(set(series)), f"two samples of one series of {family.name}"
        found[family.name] = {labels: sample.value for labels, sample in zip(series, family.samples)}
    return found


def value(families, name, **labels):
    """Return the one value of a family whose labels include those given."""
    (found,) = [one for key, one in families[name].items() if labels.items() <= dict(key).items()]
    return found


def distinct(metrics):
    """Return what makes metrics different, as the history has it: one situation has a metric twice."""
    return {history.metric_key(metric) for metric in metrics}


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_metric_of_every_situation_has_one_series(situation):
    run = run_of(situation)
    families = parsed(run)
    ours = {name: series for name, series in families.items() if name in {row.series_name for row in ROWS}}
    assert sum(len(series) for series in ours.values()) == len(distinct(run["metrics"]))
    assert families["saf_metrics_left_out"] == {(): len(run["metrics"]) - len(distinct(run["metrics"]))}
    shares = distinct(metric for metric in run["metrics"] if metric["share"] is not None)
    assert len(families.get("saf_ratio_to_ceiling", {})) == len(shares)
    assert families["saf_findings"][("severity", "fault"),] == sum(one["severity"] == "fault" for one in run["findings"])


def test_values_are_in_base_units():
    families = parsed(run_of("healthy_studios"))
    pair = {"source": "alpha", "destination": "beta", "link": "default"}
    assert value(families, "saf_gemm_flops_per_second", node="alpha", size="4096") == 22e12
    assert value(families, "saf_link_goodput_bytes_per_second", **pair) == 9.41e9 / 8
    assert value(families, "saf_link_round_trip_seconds", **pair, state="idle") == 120e-6
    assert value(families, "saf_llm_tokens_per_second", node="beta", phase="decode", bits="16", weights="random") == 78
    assert value(families, "saf_scaling_efficiency_ratio", kind="strong", node_count="2") == pytest.approx(0.95)
    assert 0 < value(families, "saf_ratio_to_ceiling", metric="memory.triad", node="alpha") < 1
    assert value(families, "saf_run_finished_timestamp_seconds") == 1795458300
    assert value(families, "saf_run_info", run_id="20261123T181500Z", ray="2.49.1", mlx="0.29.1", mlx_lm="0.28.0") == 1


def test_a_task_from_a_node_to_itself_has_both_ends():
    series = parsed(run_of("healthy_studios"))["saf_ray_task_round_trip_seconds"]
    assert set(series) == {(("destination", end), ("source", "alpha")) for end in ("alpha", "beta")}


def test_a_family_has_one_unit_one_help_and_one_set_of_labels():
    of_family = {}
    for row in ROWS:
        of_family.setdefault(row.series_name, []).append(row)
    for name, rows in of_family.items():
        assert re.fullmatch(r"saf_[a-z_]+", name)
        assert name.endswith(UNITS)
        assert len({row.unit for row in rows}) == 1
        assert len({row.family.help for row in rows}) == 1
        assert len({tuple(sorted(row.labels)) for row in rows}) == 1
        assert {label for row in rows for label in row.labels}.isdisjoint({"instance", "job", "metric", "le", "quantile"})


def test_the_old_families_stay_for_a_version_and_name_their_successor():
    run = run_of("two_studios")
    assert all(len(parsed(run)[name]) for name in OLD)
    helps = [line for line in text_of(run).splitlines() if line.startswith(tuple(f"# HELP {name} " for name in OLD))]
    assert len(helps) == 2
    assert all("Deprecated" in line and "use " in line for line in helps)


HOSTILE = 'a"b\\c\nd\u202ee\ud800' + "x" * 500


def test_hostile_text_stays_a_label_of_bounded_length():
    run = run_of("healthy_single")
    run["metrics"][0]["subject"] = [HOSTILE]
    run["metrics"][0]["link"] = HOSTILE
    run["stack"]["pins"] = {"1; drop": HOSTILE, "run_id": "stolen", 'q"}': "kept", **{f"p{n}": "1" for n in range(99)}}
    text_of(run).encode()
    families = parsed(run)
    (info,) = families["saf_run_info"]
    assert dict(info)["run_id"] == run["run_id"]
    assert dict(info)["q__"] == "kept"
    assert len(info) < 30
    names = dict(next(iter(families["saf_gemm_flops_per_second"])))
    assert names["node"].startswith('a"b\\c de')
    new = [text for name, series in families.items() if name not in OLD for labels in series for _label, text in labels]
    assert max(map(len, new)) <= 128


def test_a_second_sample_of_a_series_and_an_unknown_metric_are_left_out_and_counted():
    run = run_of("healthy_single")
    first = next(metric for metric in run["metrics"] if metric["name"] == "gemm.float32")
    strange = {**first, "name": "novel.thing"}
    run["metrics"] += [{**first, "median": 1.0}, strange]
    families = parsed(run)
    assert families["saf_metrics_left_out"] == {(): 2}
    assert 1.0 not in families["saf_gemm_flops_per_second"].values()


def test_the_page_on_monitoring_names_every_family(root):
    page = (root / "docs" / "monitoring.md").read_text()
    missing = {row.series_name for row in ROWS if f"`{row.series_name}`" not in page}
    assert not missing
