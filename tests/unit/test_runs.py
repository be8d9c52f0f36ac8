"""Runs by the names that people give them: a folder, an id, latest, previous."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line

IDS = ["20261101T181500Z", "20261102T181500Z", "20261103T181500Z", "20261104T181500Z"]


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Return a results folder with four runs, in another folder than the current one."""
    monkeypatch.setattr(command_line, "command", lambda playbook, **given: f"{playbook} {given.get('extra', '')}")
    monkeypatch.chdir(tmp_path)
    for name in IDS:
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / "run.json").write_text("{}")
    (tmp_path / "results" / "20261105T181500Z").mkdir()  # interrupted before it had a document
    (tmp_path / "results" / "latest").symlink_to(IDS[0])  # as an old copy may leave it
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("latest", IDS[3]),
        ("previous", IDS[2]),
        (IDS[1], IDS[1]),
        (f"results/{IDS[1]}", IDS[1]),
        ("20261105T181500Z", "20261105T181500Z"),
    ],
)
def test_names_of_runs(results, name, found):
    folder = runs.resolve(results, name)
    assert folder.is_dir()
    assert folder.name == found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("20261104T181500", "Did you mean 20261104T181500Z?"),
        ("latestt", "Did you mean latest?"),
        ("nowhere", f"the newest are {IDS[3]}, {IDS[2]}, {IDS[1]}."),
        ("", "Nothing is no run"),
        ("../../etc", "../../etc is no run"),
    ],
)
def test_an_unknown_run_gets_the_newest_ids(results, name, said):
    with pytest.raises(runs.RunError) as raised:
        runs.resolve(results, name)
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_without_a_run_one_has_to_be_measured_first(tmp_path, results):
    with pytest.raises(runs.RunError, match=r"There is no run in .*none\. Measure first:\nbench\.yml"):
        runs.resolve(tmp_path / "none", "latest")


def test_only_one_run_has_no_previous_one(tmp_path, results):
    (tmp_path / "one" / IDS[0]).mkdir(parents=True)
    (tmp_path / "one" / IDS[0] / "run.json").write_text("{}")
    with pytest.raises(runs.RunError, match=rf"previous is no run in .*; the only one is {IDS[0]}\."):
        runs.resolve(tmp_path / "one", "previous")


@pytest.mark.parametrize(
    ("named", "compared"),
    [([], IDS[2:]), (["latest", "previous"], [IDS[3], IDS[2]]), ([IDS[0], IDS[1], "latest"], [IDS[0], IDS[1], IDS[3]])],
)
def test_runs_to_compare(results, named, compared):
    assert [folder.name for folder in runs.to_compare(named, results)] == compared


def test_a_run_is_not_compared_with_itself(results):
    with pytest.raises(runs.RunError) as raised:
        runs.to_compare(["latest", IDS[3], f"results/{IDS[3]}"], results)
    assert "1 run to compare" in str(raised.value)
    assert f"{IDS[3]},{IDS[2]}" in str(raised.value)
