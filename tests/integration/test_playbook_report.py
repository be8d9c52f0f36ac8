"""The report's playbook on runs in a folder: the page, the gate for regressions, the newest run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runs import SITUATIONS, write_run

from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils import runs as report_filters
from ansible_collections.saf.fabric.plugins.plugin_utils.report import writer

FINISHED = "2026-11-23T18:25:00Z"


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
        (0.9, 0.9, False, 0, "regression"),  # without the gate it is in the report and the play continues
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
        assert "MLX on the GPU): 585 GB/s, 10 % worse; measured again: 585 GB/s" in " ".join(done.stdout.split())
    assert "20261107T181500Z" in (tmp_path / "results" / "latest" / "run.json").resolve().parts


@pytest.mark.parametrize(
    ("words", "rc", "said"),
    [
        ("fault", 2, "Fault: "),
        ("regression, limit", 2, "Limit: "),
        ("regression", 0, ""),
        ("", 0, ""),
        ("fauld", 2, "value of fail_on must be one or more of: fault, limit, regression"),
    ],
)
def test_findings_that_are_named_fail_the_play_after_the_report(root, tmp_path, words, rc, said):
    plan, raws = SITUATIONS["two_studios"]()
    folder = tmp_path / "results" / plan["run_id"]
    write_run(folder, plan, raws)
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")
    command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), "playbooks/bench_report.yml"]
    # A folder's id is enough, and text is a list.
    command += ["-e", f"report_run_dir={folder.name}", "-e", f"bench_results_dir={folder.parent}", "-e", f"fail_on='{words}'"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == rc, done.stdout + done.stderr
    assert said in done.stdout
    if words == "fauld":
        return
    assert (folder / "report.html").exists()
    titles = [
        found["title"] for found in json.loads((folder / "run.json").read_text())["findings"] if found["severity"] == "fault"
    ]
    assert titles
    assert all(title in " ".join(done.stdout.split()) for title in titles) or words != "fault"


def test_reports_and_comparisons_take_the_names_of_runs(root, tmp_path, history):
    folder = history(0.9)
    (tmp_path / "hosts.yml").write_text("cluster: {hosts: {alpha: {ansible_connection: local}}}\n")

    def play(*arguments):
        command = ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), *arguments, "-e", f"bench_results_dir={folder.parent}"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    writer.write(folder)
    status, said = play(
        "playbooks/compare.yml", "-e", f"compare_runs=latest,20261101T181500Z -e compare_output={tmp_path}/all.md"
    )
    assert status == 0, said
    assert "20261101  20261107" in said
    assert re.search(r"alpha +650 +585 GB/s +-10 %  worse", said), said
    assert "Same testbed, same software." in said
    status, said = play("playbooks/bench_report.yml", "-e", "report_run_dir=latest")
    assert status == 0, said
    assert f"{folder}/report.html" in " ".join(said.split())
    status, said = play("playbooks/bench_report.yml", "-e", "report_run_dir=20261108T181500Z")
    assert status != 0
    words = " ".join(said.split())
    assert "20261108T181500Z is no run in" in words
    assert "the newest are 20261107T181500Z, 20261106T181500Z, 20261105T181500Z." in words


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


def test_plays_get_runs_suspects_and_comparisons_from_actions(root, tmp_path, history):
    folder = history(0.9)
    writer.write(folder)
    table = tmp_path / "table.md"
    (tmp_path / "play.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        f"    - saf.fabric.runs_info: {{results_dir: {folder.parent}}}\n      register: found\n"
        f"    - saf.fabric.suspects_info: {{run_dir: {folder}}}\n      register: suspects\n"
        f"    - saf.fabric.compare: {{results_dir: {folder.parent}, dest: {table}}}\n      register: compared\n"
        "    - ansible.builtin.debug:\n"
        "        msg: '{{ [found.runs | length, suspects.parts, compared.changed, compared.runs] | to_json }}'\n"
    )
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", str(tmp_path / "play.yml")],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    runs_compared = json.dumps([str(folder.parent / "20261106T181500Z"), str(folder)])
    assert f'[7, ["memory"], true, {runs_compared}]' in " ".join(done.stdout.split())
    assert "| 0.900 | worse |" in table.read_text()


@pytest.mark.parametrize("where", [".", "../latest"])
def test_a_run_is_the_same_by_any_path(history, monkeypatch, where):
    folder = history(1.0)
    (folder.parent / "latest").symlink_to(folder.name)
    monkeypatch.chdir(folder)
    writer.write(Path(where))
    assert (folder.parent / "latest").readlink() == Path(folder.name)
    assert not (folder / "latest").is_symlink()
    assert len(report_filters.read_json(folder / "run.json")["history"]["runs"]) == 6


def test_the_report_is_written_from_python_too(root, tmp_path):
    run_folder = tmp_path / "run"
    write_run(run_folder, *SITUATIONS["healthy_studios"]())
    line = [sys.executable, "-m", "ansible_collections.saf.fabric.plugins.plugin_utils.report", str(run_folder)]
    environment = {**os.environ, "PYTHONPATH": str(root / "collections")}
    done = subprocess.run(line, cwd=run_folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{run_folder}/report.html" in done.stdout.splitlines()
    line[-1] = "nowhere"
    done = subprocess.run(line, cwd=run_folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "nowhere does not exist: name the folder of a run, below results/.\n")
