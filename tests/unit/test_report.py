"""From raw files to findings and to the page."""

import copy
import json
import re
import subprocess

import pytest
import report as report_filters
from ansible.errors import AnsibleFilterError
from ansible.module_utils.saf import run_document
from runs import SITUATIONS

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


def _drop(key):
    return lambda run: run.pop(key)


@pytest.mark.parametrize(
    ("break_it", "place"),
    [
        (_drop("findings"), "the document"),
        (lambda run: run.update(schema_version=2), "schema_version"),
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
    (folder / "raw").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for number, raw in enumerate(raws):
        (folder / "raw" / f"{number:02}.json").write_text(json.dumps(raw))
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
        assert found["advice"] in markdown
    assert "945 Mb/s" in html
    assert f"Report: {folder}/report.html" in " ".join(done.stdout.split()).replace(" '", "")
