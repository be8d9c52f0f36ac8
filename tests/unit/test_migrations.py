"""Runs of earlier versions stay readable, comparable and part of the history."""

import copy
import json

import pytest
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import history
from ansible_collections.saf.fabric.plugins.plugin_utils.migrations import migrate
from ansible_collections.saf.fabric.plugins.plugin_utils.report import comparison
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view

FINISHED = "2026-11-23T18:25:00Z"


@pytest.fixture
def recorded(root):
    """Return a run of version 1 as it was written."""
    return json.loads((root / "tests" / "fixtures" / "run_v1.json").read_text())


def test_version_1_becomes_a_valid_document_of_today(recorded):
    before = copy.deepcopy(recorded)
    run = migrate(recorded)
    assert recorded == before
    assert runs.validate(run)["schema_version"] == run_document.SCHEMA_VERSION
    assert {key: run[key] for key in run if key in recorded and key not in ("schema_version", "findings")} == {
        key: value for key, value in recorded.items() if key not in ("schema_version", "findings", "advice")
    }


def test_advice_becomes_remedies_and_options(recorded):
    run = migrate(recorded)
    assert [one["title"] for one in run["findings"]] == ["Compute below peak", "Negotiated below capable"]
    assert [one["cause"] for one in run["findings"]] == ["compute_below_peak", "negotiated_below_capable"]
    assert [one["remedies"] for one in run["findings"]] == [[one["advice"]] for one in recorded["findings"]]
    assert run["options"] == recorded["advice"]
    assert not {"advice"} & {key for one in (run, *run["findings"]) for key in one}


def test_a_migrated_run_is_shown(recorded):
    view = report_view.prepare(migrate(recorded))
    assert [one.cause for one in view["summary"].problems] == ["compute_below_peak", "negotiated_below_capable"]
    assert view["broken"] == []


@pytest.mark.parametrize("document", [None, 7, [], {}, {"schema_version": 2}, {"schema_version": 3, "advice": []}])
def test_what_is_no_version_1_is_unchanged(document):
    assert migrate(copy.deepcopy(document)) == document


def test_the_testbed_is_the_recorded_one(recorded):
    """Keys stand in files, in reports and in notes of people: a new version of the file changes none."""
    keys = history.keys(migrate(recorded))
    assert keys == recorded["keys"]
    plan, raws = SITUATIONS["two_studios"]()
    today = run_document.assemble(plan, raws, runs.data_files(), FINISHED)
    assert today["schema_version"] == 2
    assert today["keys"]["testbed"] == recorded["keys"]["testbed"]


def written(folder, document, plan):
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(document))
    (folder / "plan.json").write_text(json.dumps(plan))


def test_version_1_is_history_of_todays_runs(tmp_path, recorded):
    plan, raws = SITUATIONS["two_studios"]()
    for day in range(1, 7):
        name, started = f"2026110{day}T181500Z", f"2026-11-0{day}T18:15:00Z"
        written(tmp_path / name, {**recorded, "run_id": name, "started": started}, {**plan, "run_id": name, "started": started})
    folder = tmp_path / plan["run_id"]
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number:02}.json").write_text(json.dumps(raw))
    run = runs.assemble(folder)
    assert run["history"]["runs"] == [f"2026110{day}T181500Z" for day in range(1, 7)]
    assert run["history"]["testbed_changes"] == []
    assert {item["verdict"] for item in run["history"]["comparisons"]} == {"same"}


def test_version_1_is_compared_with_todays(tmp_path, recorded):
    plan, raws = SITUATIONS["two_studios"]()
    today = run_document.assemble({**plan, "started": "2026-11-24T18:15:00Z"}, raws, runs.data_files(), FINISHED)
    for name, document in (("old", recorded), ("new", today)):
        written(tmp_path / name, document, plan)
    table = comparison.side_by_side([runs.read(tmp_path / name) for name in ("old", "new")])
    assert table["same_testbed"]
    assert {row["verdict"] for row in table["rows"]} == {"same"}


@pytest.mark.parametrize("change", [{"schema_version": 3}, {"findings": 7}, {"findings": [{}]}, {"profile": None, "nodes": 7}])
def test_a_run_that_cannot_be_read_is_one_sentence(tmp_path, recorded, change):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**recorded, **change}))
    with pytest.raises(runs.RunError, match="was written by another version"):
        runs.read(tmp_path)
