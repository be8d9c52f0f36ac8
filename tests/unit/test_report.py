"""From raw files to findings and to the page."""

import copy
import re
import shutil
from pathlib import Path

import pytest
import yaml
from runs import SITUATIONS, write_run

from ansible_collections.saf.fabric.plugins.action import compare, metrics_textfile, report, runs_info, suspects_info
from ansible_collections.saf.fabric.plugins.plugin_utils import run_document, runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters, writer
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view
from ansible_collections.saf.fabric.plugins.plugin_utils.report.exporters import html

FINISHED = "2026-11-23T18:25:00Z"


@pytest.fixture(scope="module")
def run_of():
    data = runs.data_files()

    def make(situation):
        plan, raws = SITUATIONS[situation]()
        return run_document.assemble(plan, raws, data, FINISHED)

    return make


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_run_is_valid(run_of, situation):
    assert runs.validate(run_of(situation))


def tables(run):
    """Return {metric: its table} of a run's page."""
    sections = report_view.prepare(run)["sections"]
    return {table["name"]: table for part in ("chips", "cluster") for one in sections[part] for table in one["tables"]}


def test_collectives_tell_their_latency_and_half_size(run_of):
    words = tables(run_of("healthy_studios"))["collective.all_reduce"]["words"]
    assert words == "64 KiB take 1.00 s (p95 1.00 s). Half of the best bandwidth is reached with 1 MiB."


def test_the_first_call_stands_apart(run_of):
    run = copy.deepcopy(run_of("healthy_single"))
    products = next(metric for metric in run["metrics"] if metric["name"] == "gemm.float32")
    products["context"]["first_call_s"] = 0.25
    assert [row["first_call"] for row in tables(run)["gemm.float32"]["rows"]].count("250 ms") == 1
    assert {row["first_call"] for row in tables(run)["ray.task_rtt"]["rows"]} == {""}


def _drop(key):
    return lambda run: run.pop(key)


@pytest.mark.parametrize(
    ("break_it", "place"),
    [
        (_drop("findings"), "the document"),
        (lambda run: run.update(schema_version=3), "schema_version"),
        (lambda run: run["metrics"][0].update(unit="GB/s"), "metrics/0/unit"),
        (lambda run: run["metrics"][0].update(samples=[]), "metrics/0/samples"),
        (lambda run: run["metrics"][0].update(record=True), "metrics/0"),
        (lambda run: run["not_measured"].append({"name": "x", "subject": [], "reason": ""}), "not_measured/0/reason"),
        (lambda run: run["findings"][0].update(severity="fatal"), "findings/0/severity"),
        (lambda run: run.update(started="yesterday"), "started"),
    ],
)
def test_the_schema_refuses(run_of, break_it, place):
    run = copy.deepcopy(run_of("two_studios"))
    break_it(run)
    with pytest.raises(runs.RunError, match=f"not be valid at {place}:"):
        runs.validate(run)


@pytest.fixture
def run_folder(tmp_path):
    """Return the folder of a run with plan.json and raw files, nothing written yet."""
    plan, raws = SITUATIONS["healthy_studios"]()
    write_run(tmp_path, plan, raws)
    return tmp_path


def test_a_raw_file_that_was_cut_costs_itself_alone(run_folder):
    cut = run_folder / "raw" / "02.json"
    cut.write_text(cut.read_text()[:100])
    run = runs.assemble(run_folder)
    assert run["partial"]
    assert next(item["reason"] for item in run["not_measured"] if item["name"] == "02").startswith(f"{cut} cannot be read")
    assert {metric["name"] for metric in run["metrics"]} >= {"gemm.float32", "net.goodput"}


@pytest.mark.parametrize(
    ("subject", "rule", "name"),
    [
        ("nodes", "_power", "nodes, power"),
        ("compute", "_twins", "compute, twins"),
        ("links", "_rates", "links, rates"),
        ("objects", "judge", "objects"),
    ],
)
def test_a_verdict_that_raises_is_a_note_and_the_others_stand(run_folder, monkeypatch, subject, rule, name):
    """Any verdict may fail; the values and the other verdicts are kept."""
    module = getattr(run_document.verdicts, subject)

    def broken(run, data):
        return 1 / 0

    broken.__name__ = rule
    rules = [broken if one.__name__ == rule else one for one in module.RULES]
    monkeypatch.setattr(module, "RULES", rules)
    run = runs.assemble(run_folder)
    (note,) = [finding for finding in run["findings"] if finding["kind"] == "verdict_failed"]
    assert note["measured"] == f"this verdict failed: {name} (ZeroDivisionError: division by zero)"
    assert note["severity"] == "note"


def test_a_part_of_the_report_that_raises_is_named_on_the_page(run_of, monkeypatch):
    monkeypatch.setattr(report_view, "matrices", lambda run: 1 / 0)
    view = report_view.prepare(run_of("healthy_studios"))
    assert view["matrix"] == []
    assert view["broken"] == ["this verdict failed: links of the report (ZeroDivisionError: division by zero)"]
    assert view["broken"][0] in html.page(view, run_of("healthy_studios"))


def test_what_was_measured_is_a_valid_document_before_anything_is_judged(run_folder, monkeypatch):
    monkeypatch.setattr(run_document, "judged", lambda *_arguments: 1 / 0)
    run = runs.measured(run_folder)
    assert runs.validate(run)["findings"] == []
    assert len(run["metrics"]) == len(runs.read_measured(run_folder)["metrics"]) > 20


def test_a_document_that_is_not_valid_is_kept_with_a_note(run_folder, monkeypatch):
    monkeypatch.setattr(runs, "validate", lambda _run: (_ for _ in ()).throw(runs.RunError("not valid at x")))
    run = runs.assemble(run_folder)
    assert "not valid at x" in run["findings"][-1]["measured"]
    assert run["metrics"]


def test_measured_values_are_on_disk_before_anything_is_judged(run_folder, monkeypatch):
    seen = []
    monkeypatch.setattr(runs, "judged", lambda folder, _measured: seen.append(runs.read_json(folder / "run.json")) or 1 / 0)
    written = writer.write(run_folder)
    assert len(seen[0]["metrics"]) > 20
    assert seen[0]["findings"] == []
    run = runs.read_json(run_folder / "run.json")
    assert run["findings"][-1]["measured"] == "this verdict failed: verdicts (ZeroDivisionError: division by zero)"
    assert written.failures == []
    assert (run_folder / "report.html").exists()


def test_a_format_that_raises_costs_itself_alone(run_folder, monkeypatch):
    broken = exporters.EXPORTERS["markdown"].__class__("markdown", "report.md", lambda _view, _run: 1 / 0)
    monkeypatch.setitem(exporters.EXPORTERS, "markdown", broken)
    written = writer.write(run_folder)
    assert written.failures == ["report.md could not be made: ZeroDivisionError: division by zero"]
    assert sorted(path.name for path in run_folder.glob("*.*")) == [
        "metrics.csv",
        "metrics.prom",
        "plan.json",
        "report.html",
        "run.json",
    ]


def test_a_second_report_changes_nothing_and_a_dry_run_writes_nothing(run_folder):
    assert writer.write(run_folder, dry_run=True).changed
    assert sorted(path.name for path in run_folder.iterdir()) == ["plan.json", "raw"]
    assert writer.write(run_folder).changed
    assert not writer.write(run_folder).changed
    assert not [path for path in run_folder.iterdir() if path.name.startswith(".")]


def test_only_the_formats_asked_for_are_written(run_folder):
    written = writer.write(run_folder, ["csv"])
    assert [path.name for path in map(Path, written.paths)] == ["run.json", "metrics.csv"]
    assert not (run_folder / "report.html").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (shutil.rmtree, "{} does not exist: name the folder of a run, below results/."),
        (lambda folder: shutil.rmtree(folder / "raw"), "{} holds no raw files that can be read"),
        (lambda folder: (folder / "plan.json").unlink(), "{}/plan.json cannot be read"),
        (
            lambda folder: (folder / "plan.json").write_text('{"run_id": "x"}'),
            "{}/plan.json is not the plan of a run: it has no started",
        ),
        (lambda folder: (folder / "run.json").mkdir(), "{}/run.json cannot be written (Is a directory)"),
    ],
)
def test_a_damaged_folder_is_one_sentence(run_folder, damage, message):
    folder = run_folder / "20261123T181500Z"
    folder.mkdir()
    for name in ("plan.json", "raw"):
        (run_folder / name).rename(folder / name)
    damage(folder)
    with pytest.raises(runs.RunError, match=re.escape(message.format(folder))):
        writer.write(folder)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    path.write_text("old")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(runs.RunError, match=r"run.json cannot be written \(No space left on device\)"):
        runs.write_text(path, "new")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("run.json", "old")]


@pytest.mark.parametrize("action", [compare, metrics_textfile, report, runs_info, suspects_info])
def test_actions_of_the_controller_accept_what_they_document(root, action):
    """The validator of ansible-core sees no argument spec of an action."""
    name = action.__name__.rsplit(".", 1)[-1]
    text = (root / "library" / f"{name}.py").read_text()
    (documented,) = re.findall(r'DOCUMENTATION = r"""\n(.*?)"""', text, re.DOTALL)
    documents = yaml.safe_load(documented)["options"]
    options = {option: {key: entry[key] for key in entry if key != "description"} for option, entry in documents.items()}
    assert options == action.ActionModule.ARGUMENTS
