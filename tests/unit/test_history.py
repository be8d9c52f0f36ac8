"""Regressions are between runs: which runs compare, and what counts as worse."""

import copy
import json
import random

import pytest
from runs import SITUATIONS, transfer

from ansible_collections.saf.fabric.plugins.plugin_utils import metrics, run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import history


@pytest.fixture(scope="module")
def data():
    return report_filters.data_files()


@pytest.fixture(scope="module")
def template(data):
    plan, raws = SITUATIONS["healthy_single"]()
    return run_document.assemble(plan, raws, data, "2026-11-23T18:25:00Z")


@pytest.fixture
def run_at(template):
    """Return a maker of runs with one metric: run_at(day, median, ...)."""

    def make(day, value, better="higher", **changes):
        run = copy.deepcopy({**template, "metrics": [], "history": None})
        run["run_id"], run["started"] = f"202601{day:02}T000000Z", f"2026-01-{day:02}T00:00:00Z"
        metric = {**transfer(("alpha", "beta"), value), "median": value, "flags": [], "better": better, "share": None}
        run["metrics"] = [metric]
        run.update(changes)
        return run

    return make


def verdict(run, earlier):
    (item,) = history.compare(run, earlier)["comparisons"]
    return item


@pytest.mark.parametrize(
    ("earlier", "value", "better", "expected"),
    [
        ([100] * 5, 94, "higher", "regression"),
        ([100] * 5, 96, "higher", "same"),  # 4 %
        ([100] * 5, 106, "higher", "improvement"),
        ([100] * 5, 106, "lower", "regression"),
        ([100] * 5, 94, "lower", "improvement"),
        ([100] * 4, 50, "higher", "insufficient"),
        ([], 50, "higher", "insufficient"),
        ([90, 95, 100, 105, 110], 80, "higher", "same"),  # 3 x 1.4826 x 5 is 22 %
        ([90, 95, 100, 105, 110], 70, "higher", "regression"),
        ([100, 100, 100, 100, 10], 94, "higher", "regression"),  # one bad run moves neither median nor MAD
    ],
)
def test_the_rule(run_at, earlier, value, better, expected):
    before = [run_at(day, median, better) for day, median in enumerate(earlier, start=1)]
    assert verdict(run_at(28, value, better), before)["verdict"] == expected


def test_six_runs_and_one_slowed(run_at):
    """Only the slowed run is called a regression, wherever it comes once there is a history."""
    for slowed in range(6, 11):
        runs = [run_at(day, 80.0 if day == slowed else 100.0 + day % 3) for day in range(1, 11)]
        called = [run["run_id"] for run in runs if verdict(run, runs)["verdict"] == "regression"]
        assert called == [runs[slowed - 1]["run_id"]]


def test_noise_is_no_alarm(run_at):
    alarms = 0
    for seed in range(300):
        noise = random.Random(seed)  # noqa: S311 no secret
        runs = [run_at(day, noise.gauss(100, 2)) for day in range(1, 10)]
        alarms += verdict(runs[-1], runs[:-1])["verdict"] == "regression"
    assert alarms <= 6  # 2 %; the simulation that the rule comes from has 0.8 %


@pytest.mark.parametrize(
    ("change", "used"),
    [
        ({}, 1),
        ({"partial": True}, 0),
        ({"started": "2026-02-01T00:00:00Z"}, 0),
        ({"keys": {"testbed": "0" * 12, "software": "0" * 12, "testbed_parts": {}, "software_parts": {}}}, 0),
    ],
)
def test_what_is_comparable(run_at, change, used):
    run = run_at(28, 100)
    assert len(history.compare(run, [{**run_at(1, 100), **change}])["runs"]) == used


def test_impossible_figures_are_no_history(run_at):
    impossible = run_at(1, 100)
    impossible["metrics"][0]["flags"] = ["above_ceiling"]
    assert verdict(run_at(28, 100), [impossible])["runs"] == 0


def test_the_newest_twenty_count(run_at):
    runs = [run_at(day, 50 if day < 5 else 100) for day in range(1, 25)]
    compared = history.compare(run_at(28, 100), runs)
    assert len(compared["runs"]) == history.MOST_RUNS
    assert compared["runs"][0].startswith("20260105")


def test_software_is_named_and_does_not_cut_the_history(data, template, run_at):
    newer = copy.deepcopy(template)
    newer["stack"]["pins"]["mlx"] = "0.30.0"
    keys = history.keys(newer)
    assert keys["testbed"] == template["keys"]["testbed"]
    assert keys["software"] != template["keys"]["software"]
    run = run_at(28, 80, keys=keys)
    compared = history.compare(run, [run_at(day, 100) for day in range(1, 7)])
    assert compared["software_changes"] == [["stack/pins/mlx", "0.29.1", "0.30.0"]]
    run["history"] = compared
    (found,) = [item for item in run_document.verdicts.judge(run, data) if item["kind"] == "regression"]
    assert "stack/pins/mlx" in found["because"]
    assert "20 % worse" in found["measured"]


def test_slower_link_resets_history_and_is_reported(data):
    plan, raws = SITUATIONS["healthy_studios"]()
    before = run_document.assemble({**plan, "started": "2026-11-22T00:00:00Z"}, raws, data, "2026-11-22T01:00:00Z")
    for document in raws:
        if document["node"] == "beta" and document["facts"]:
            document["facts"]["links"] = {"default": {**document["facts"]["links"]["default"], "negotiated_bps": 1e9}}
    run = run_document.assemble(plan, raws, data, "2026-11-23T19:00:00Z", [before])
    assert run["history"]["runs"] == []
    fallen = next(item for item in run["findings"] if item["kind"] == "link_fell")
    assert fallen["severity"] == "fault"
    assert fallen["subject"] == ["beta"]
    assert "1.00 Gb/s" in fallen["measured"]
    assert "10.0 Gb/s" in fallen["expected"]


def rerun(data, change, situation="healthy_studios"):
    """Return the run after one whose links were changed by change(link facts, node)."""
    plan, raws = SITUATIONS[situation]()
    before = run_document.assemble({**plan, "started": "2026-11-22T00:00:00Z"}, copy.deepcopy(raws), data, "2026-11-22T01:00:00Z")
    for document in raws:
        if document["facts"]:
            links = document["facts"]["links"]
            document["facts"]["links"] = {name: {**link, **change(name, document["node"])} for name, link in links.items()}
    return run_document.assemble(plan, raws, data, "2026-11-23T19:00:00Z", [before])


def kinds(run):
    return [found["kind"] for found in run["findings"]]


@pytest.mark.parametrize(
    "moved",
    [
        {"interface": "en9"},  # the cable is in another port now
        {"kind": "thunderbolt"},
        {"kind": "wifi"},
        {"speed_is_nominal": True},
    ],
)
def test_a_link_that_moved_has_not_fallen(data, moved):
    fell = {"negotiated_bps": 1e9}
    assert "link_fell" in kinds(rerun(data, lambda _link, node: fell if node == "beta" else {}))
    assert "link_fell" not in kinds(rerun(data, lambda _link, node: {**fell, **moved} if node == "beta" else {}))


def test_links_that_fell_together_are_one_finding(data):
    run = rerun(data, lambda _link, _node: {"negotiated_bps": 1e9})
    (found,) = [found for found in run["findings"] if found["kind"] == "link_fell"]
    assert found["subject"] == ["alpha", "beta"]


@pytest.mark.parametrize("name", ["lan/2", "a/b/c/d", "", "links", "Büro 2"])
def test_a_link_may_have_any_name(data, name, monkeypatch):
    plan, raws = SITUATIONS["healthy_studios"]()
    for document in raws:
        if document["facts"]:
            document["facts"]["links"][name] = dict(document["facts"]["links"]["default"])
    monkeypatch.setitem(SITUATIONS, "named", lambda: (plan, raws))
    run = rerun(data, lambda link, node: {"negotiated_bps": 1e9} if (link, node) == (name, "beta") else {}, "named")
    (found,) = [found for found in run["findings"] if found["kind"] == "link_fell"]
    assert found["subject"] == ["beta"]
    assert f"the link {name} of beta" in found["measured"]


def test_values_of_one_metric_that_became_worse_are_one_finding(data):
    plan, raws = SITUATIONS["one_bad_cable"]()
    earlier = [
        run_document.assemble(
            {**plan, "run_id": f"r{day}", "started": f"2026-11-0{day}T00:00:00Z"}, raws, data, "2026-11-22T01:00:00Z"
        )
        for day in range(1, 7)
    ]
    slower = copy.deepcopy(raws)
    for document in slower:
        for metric in document["measurements"]:
            if metric["name"] == "net.goodput":
                metric["samples"] = [0.8 * sample for sample in metric["samples"]]
    run = run_document.assemble(plan, slower, data, "2026-11-23T19:00:00Z", earlier)
    (found,) = [found for found in run["findings"] if found["kind"] == "regression"]
    assert sorted(found["subject"]) == list("abcd")
    assert "and 11 more values of it" in found["measured"]


@pytest.mark.parametrize(("second", "expected"), [(100, "unconfirmed"), (81, "regression")])
def test_a_suspect_is_measured_twice(data, run_at, second, expected):
    earlier = [run_at(day, 100) for day in range(1, 7)]

    def judged(value):
        run = run_at(28, value)
        run["history"] = history.compare(run, earlier)
        return run

    first = judged(80)
    assert report_filters.suspect_groups(first) == ["ray"]
    confirmed = run_document.confirmed(first, judged(second), data)
    (item,) = confirmed["history"]["comparisons"]
    assert item["verdict"] == expected
    assert item["second_median"] == second
    kinds = [found["kind"] for found in confirmed["findings"]]
    assert ("regression" in kinds) == (expected == "regression")


def test_suspects_of_every_kind_have_a_group():
    run = {"history": {"comparisons": []}}
    for name in filter(metrics.is_headline, metrics.METRICS):
        run["history"]["comparisons"].append({"name": name, "headline": True, "verdict": "regression"})
    assert report_filters.suspect_groups(run) == ["collective", "gemm", "llm", "memory", "network", "ray"]


def test_conditions_are_in_neither_key(template):
    busy = copy.deepcopy(template)
    busy["nodes"]["alpha"]["conditions_before"].update(load_average=[99], memory_available_bytes=1)
    assert history.keys(busy)["testbed"] == template["keys"]["testbed"]
    low = copy.deepcopy(template)
    low["nodes"]["alpha"]["conditions_before"]["power"] = {"mode": "low", "source": "AC Power"}
    assert history.keys(low)["testbed"] != template["keys"]["testbed"]


def test_other_iperf3_is_the_same_metric():
    measured = {"name": "net.goodput", "subject": ["a", "b"], "link": "default"}
    keys = {
        history.metric_key({**measured, "params": {"streams": 1, "iperf3": version}}) for version in ("iperf 3.12", "iperf 3.21")
    }
    assert len(keys) == 1


@pytest.mark.parametrize(("more", "same"), [(4096, True), (80 * 2**20, True), (2**30, False)])
def test_a_kernel_that_keeps_less_memory_is_no_other_machine(template, more, same):
    other = copy.deepcopy(template)
    for node in other["nodes"].values():
        node["facts"]["memory_bytes"] += more
    assert (history.keys(other)["testbed"] == history.keys(template)["testbed"]) == same


@pytest.fixture
def results(tmp_path, data):
    """Return a maker of a folder of runs: results(count, edit of a document and plan by its number) -> the newest's folder."""

    def make(count, edit=lambda _number, _document, _plan: None):
        plan, raws = SITUATIONS["healthy_single"]()
        document = run_document.assemble(plan, raws, data, "2026-11-23T18:25:00Z")
        for number in range(count):
            folder = tmp_path / f"2026{1 + number // 28:02}{1 + number % 28:02}T000000Z"
            started = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z"
            folder.mkdir()
            run, own = copy.deepcopy({**document, "run_id": folder.name, "started": started}), {**plan, "started": started}
            edit(number, run, own)
            (folder / "plan.json").write_text(json.dumps(own))
            (folder / "run.json").write_text(json.dumps(run))
        return folder

    return make


def test_of_an_old_run_only_what_the_history_needs_is_kept(results):
    (run,) = report_filters.earlier_runs(results(2))
    assert set(run) == {"run_id", "started", "partial", "nodes", "keys", "metrics"}
    assert not [metric for metric in run["metrics"] if {"samples", "context"} & set(metric)]


def test_a_long_history_is_not_read_to_its_end(results):
    found = report_filters.earlier_runs(results(100))
    assert len(found) == 3 * history.MOST_RUNS
    assert found[0]["run_id"] == "20260415T000000Z"
    assert {run["run_id"] for run in found} & {"20260416T000000Z", "20260101T000000Z"} == set()


def test_runs_of_another_plan_are_not_read(results):
    def edit(number, _document, plan):
        plan["profile"] = "standard" if number in (0, 9) else "quick"

    found = [run["run_id"] for run in report_filters.earlier_runs(results(10, edit))]
    assert found == ["20260109T000000Z", "20260101T000000Z"]  # the newest of the same nodes says what changed


def test_keys_of_an_older_rule_do_not_cut_the_history(results, template):
    def edit(_number, document, _plan):
        document["keys"]["testbed"] = "0" * 12

    assert {run["keys"]["testbed"] for run in report_filters.earlier_runs(results(3, edit))} == {
        history.keys(template)["testbed"]
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 1, "nodes": 7}', "[" * 100000])
def test_what_is_no_run_is_passed_over(results, text):
    folder = results(3)
    (folder.parent / "20260101T000000Z" / "run.json").write_text(text)
    assert [run["run_id"] for run in report_filters.earlier_runs(folder)] == ["20260102T000000Z"]
