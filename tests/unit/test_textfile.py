"""The newest run's metrics for a textfile collector."""

import os

import pytest
from runs import SITUATIONS, write_run

from ansible_collections.saf.fabric.plugins.plugin_utils.report import textfile, writer
from ansible_collections.saf.fabric.plugins.plugin_utils.runs import RunError


@pytest.fixture
def run_at(tmp_path):
    def make(day):
        plan, raws = SITUATIONS["two_studios"]()
        plan.update(run_id=f"202611{day}T181500Z", started=f"2026-11-{day}T18:15:00Z")
        folder = tmp_path / "results" / plan["run_id"]
        write_run(folder, plan, raws)
        writer.write(folder)
        return folder

    return make


@pytest.fixture
def collector(tmp_path):
    folder = tmp_path / "collector"
    folder.mkdir()
    return folder


def test_the_metrics_are_readable_by_the_collector_and_copied_once(run_at, collector):
    run = run_at(23)
    before = os.umask(0o077)
    try:
        assert textfile.place(run, collector) == (collector / "saf.prom", True)
    finally:
        os.umask(before)
    assert (collector / "saf.prom").read_text() == (run / "metrics.prom").read_text()
    assert (collector / "saf.prom").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in collector.iterdir()] == ["saf.prom"]
    assert textfile.place(run, collector) == (collector / "saf.prom", False)


def test_an_older_run_does_not_replace_a_newer_one(run_at, collector):
    old, new = run_at(22), run_at(23)
    textfile.place(new, collector)
    assert textfile.place(old, collector)[1] is False
    assert (collector / "saf.prom").read_text() == (new / "metrics.prom").read_text()


def test_the_file_is_replaced_in_one_step_and_by_no_prom_file(run_at, collector, monkeypatch):
    """A collector that reads meanwhile sees the old file: what is beside it has another suffix."""
    (collector / "saf.prom").write_text("old 1\n")
    seen = []

    def replace(source, target):
        seen.extend(sorted(path.name for path in collector.glob("*.prom")))
        seen.append((collector / "saf.prom").read_text())
        os.rename(source, target)

    monkeypatch.setattr(textfile.replace_text.__globals__["os"], "replace", replace)
    textfile.place(run_at(23), collector)
    assert seen[-2:] == ["saf.prom", "old 1\n"]


def test_a_dry_run_writes_nothing(run_at, collector):
    assert textfile.place(run_at(23), collector, dry_run=True)[1] is True
    assert list(collector.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence_with_what_to_type(run_at, tmp_path):
    run = run_at(23)
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "not there", tmp_path / "file"):
        with pytest.raises(RunError) as caught:
            textfile.place(run, folder)
        assert "The report is complete" in str(caught.value)
        assert str(caught.value).endswith(("/file", "/not there'"))
        assert "\n" not in str(caught.value)
    assert (run / "report.html").exists()


def test_a_run_without_metrics_names_the_file(run_at, collector):
    run = run_at(23)
    (run / "metrics.prom").unlink()
    with pytest.raises(RunError, match=r"metrics\.prom cannot be read"):
        textfile.place(run, collector)


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [([], "healthy"), (["note"], "healthy"), (["limit", "note"], "limit"), (["note", "limit", "fault"], "fault")],
)
def test_the_verdict_is_the_worst_severity(severities, verdict):
    assert writer._verdict([{"severity": severity} for severity in severities]) == verdict
