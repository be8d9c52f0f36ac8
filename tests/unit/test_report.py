"""From raw files to findings and to the page."""

import copy
import json
import re
import subprocess

import pytest
from ansible.errors import AnsibleFilterError
from runs import SITUATIONS

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import view as report_view

FINISHED = "2026-11-23T18:25:00Z"


@pytest.fixture(scope="module")
def run_of():
    data = report_filters.data_files()

    def make(situation):
        plan, raws = SITUATIONS[situation]()
        return run_document.assemble(plan, raws, data, FINISHED)

    return make


@pytest.mark.parametrize("situation", sorted(SITUATIONS))
def test_every_run_is_valid(run_of, situation):
    assert report_filters.validate(run_of(situation))


def test_collectives_tell_their_latency_and_half_size(run_of):
    (section,) = [
        one for one in report_view.prepare(run_of("healthy_studios"))["sections"] if one["name"] == "collective.all_reduce"
    ]
    assert section["words"] == "64 KiB take 1.00 s (p95 1.00 s). Half of the best bandwidth is reached with 1 MiB."


def test_the_first_call_stands_apart(run_of):
    run = copy.deepcopy(run_of("healthy_single"))
    products = next(metric for metric in run["metrics"] if metric["name"] == "gemm.float32")
    products["context"]["first_call_s"] = 0.25
    shown = {one["name"]: one for one in report_view.prepare(run)["sections"]}
    assert shown["gemm.float32"]["first_call"]
    assert "250 ms" in [row["first_call"] for row in shown["gemm.float32"]["rows"]]
    assert not shown["ray.task_rtt"]["first_call"]


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
    with pytest.raises(AnsibleFilterError, match=f"not be valid at {place}:"):
        report_filters.validate(run)


def test_the_playbook_writes_a_page_that_needs_nothing_else(root, tmp_path):
    plan, raws = SITUATIONS["two_studios"]()
    folder = tmp_path / "results" / plan["run_id"]
    write_run(folder, plan, raws)
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")
    command = [
        "ansible-playbook",
        "-i",
        str(tmp_path / "hosts.yml"),
        "playbooks/bench_report.yml",
        "-e",
        f"report_run_dir={folder}",
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "latest" / "run.json").exists()
    run = json.loads((folder / "run.json").read_text())
    html, markdown = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert not re.search(r"https?://|src=|@import|<link", html)
    for name in {metric["name"] for metric in run["metrics"]}:
        assert name in html
        assert name in markdown
    for found in run["findings"]:
        assert f"### {found['title']}" in markdown
        assert all(f"1. {remedy}\n" in markdown for remedy in found["remedies"])
        assert f"<h3>{found['title']} <" in html
        assert all(f"<li>{remedy}</li>" in html for remedy in found["remedies"])
    assert "945 Mb/s" in html
    assert f"Report: {folder}/report.html" in " ".join(done.stdout.split()).replace(" '", "")


def write_run(folder, plan, raws):
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number:02}.json").write_text(json.dumps(raw))


@pytest.fixture
def history(tmp_path):
    """Return a maker of a run after six equal ones; its rates are ``factor`` times theirs: history(factor, again=None)."""

    def make(factor, again=None):
        data = report_filters.data_files()
        for day in range(1, 7):
            plan, raws = SITUATIONS["healthy_single"]()
            plan.update(run_id=f"2026110{day}T181500Z", started=f"2026-11-0{day}T18:15:00Z")
            folder = tmp_path / "results" / plan["run_id"]
            write_run(folder, plan, raws)
            (folder / "run.json").write_text(json.dumps(run_document.assemble(plan, raws, data, FINISHED)))
        folder = tmp_path / "results" / "20261107T181500Z"
        for place, slowed in ((folder, factor), (folder / "again", again)):
            if slowed is None:
                continue
            plan, raws = SITUATIONS["healthy_single"]()
            plan.update(run_id=folder.name, started="2026-11-07T18:15:00Z")
            for metric in (metric for raw in raws for metric in raw["measurements"]):
                if metric["name"] == "memory.triad":
                    metric["samples"] = [sample * slowed for sample in metric["samples"]]
            write_run(place, plan, raws)
        return folder

    return make


@pytest.mark.parametrize(
    ("factor", "again", "gate", "rc", "verdict"),
    [
        (1.0, None, True, 0, "same"),
        (0.9, 0.9, True, 2, "regression"),
        (0.9, 0.9, False, 0, "regression"),  # without the gate the report says so and the play goes on
        (0.9, 1.0, True, 0, "unconfirmed"),
    ],
)
def test_a_regression_is_a_gate_when_asked(root, tmp_path, history, factor, again, gate, rc, verdict):
    folder = history(factor, again)
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")
    command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), "playbooks/bench_report.yml"]
    command += ["-e", f"report_run_dir={folder}", "-e", f"bench_fail_on_regression={str(gate).lower()}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == rc, done.stdout + done.stderr
    run = json.loads((folder / "run.json").read_text())
    (item,) = [item for item in run["history"]["comparisons"] if item["name"] == "memory.triad"]
    assert item["verdict"] == verdict
    assert ("regression" in [found["kind"] for found in run["findings"]]) == (verdict == "regression")
    if rc:
        assert "mlx on the gpu): 585 GB/s, 10 % worse; measured again: 585 GB/s" in " ".join(done.stdout.split())
    assert "20261107T181500Z" in (tmp_path / "results" / "latest" / "run.json").resolve().parts


def test_an_older_run_reported_again_is_not_the_latest(root, tmp_path, history):
    history(1.0)
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")
    for name in ("20261107T181500Z", "20261103T181500Z"):
        run = tmp_path / "results" / name
        command = [
            "ansible-playbook",
            "-i",
            str(tmp_path / "hosts.yml"),
            "playbooks/bench_report.yml",
            "-e",
            f"report_run_dir={run}",
        ]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert (tmp_path / "results" / "latest").resolve().name == "20261107T181500Z"
    old = json.loads((tmp_path / "results" / "20261103T181500Z" / "run.json").read_text())
    assert old["history"]["runs"] == ["20261101T181500Z", "20261102T181500Z"]


@pytest.fixture
def run_folder(tmp_path):
    """Return the folder of a run with plan.json and raw files, nothing written yet."""
    plan, raws = SITUATIONS["healthy_studios"]()
    (tmp_path / "raw").mkdir()
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (tmp_path / "raw" / f"{number:02}.json").write_text(json.dumps(raw))
    return tmp_path


def test_a_raw_file_that_was_cut_costs_itself_alone(run_folder):
    cut = run_folder / "raw" / "02.json"
    cut.write_text(cut.read_text()[:100])
    run = report_filters.assemble(run_folder)
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
    """Any verdict may have a fault of its own; the values and the other verdicts are kept."""
    module = getattr(run_document.verdicts, subject)

    def broken(run, data):
        return 1 / 0

    broken.__name__ = rule
    rules = [broken if one.__name__ == rule else one for one in module.RULES]
    monkeypatch.setattr(module, "RULES", rules)
    run = report_filters.assemble(run_folder)
    (note,) = [finding for finding in run["findings"] if finding["kind"] == "verdict_failed"]
    assert note["measured"] == f"this verdict failed: {name} (ZeroDivisionError: division by zero)"
    assert note["severity"] == "note"


def test_a_part_of_the_report_that_raises_is_a_row_of_its_findings(run_of, monkeypatch):
    monkeypatch.setattr(report_view, "matrices", lambda run: 1 / 0)
    view = report_view.prepare(run_of("healthy_studios"))
    assert view["matrix"] == []
    assert [one["measured"] for one in view["findings"] if one["kind"] == "verdict_failed"] == [
        "this verdict failed: links of the report (ZeroDivisionError: division by zero)"
    ]


def test_what_was_measured_is_a_valid_document_before_anything_is_judged(run_folder, monkeypatch):
    monkeypatch.setattr(run_document, "judged", lambda *_arguments: 1 / 0)
    run = report_filters.measured(run_folder)
    assert report_filters.validate(run)["findings"] == []
    assert len(run["metrics"]) == len(report_filters.read_measured(run_folder)["metrics"]) > 20


def test_a_document_that_is_not_valid_is_kept_with_a_note(run_folder, monkeypatch):
    monkeypatch.setattr(report_filters, "validate", lambda _run: (_ for _ in ()).throw(AnsibleFilterError("not valid at x")))
    run = report_filters.assemble(run_folder)
    assert "not valid at x" in run["findings"][-1]["measured"]
    assert run["metrics"]
