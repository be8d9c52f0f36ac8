"""The day-2 commands that only look."""

import json

import pytest
from tests.support import settings


@pytest.fixture(scope="module")
def status(saf_playbook):
    return saf_playbook("playbooks/status.yml")


def test_status_of_a_healthy_cluster_is_success_and_changes_nothing(status):
    assert status.rc == 0, status.output
    assert not status.changed


def test_status_leaves_a_file_for_machines(status, nodes):
    told = json.loads((settings.results() / "status.json").read_text())
    assert {node["name"] for node in told["nodes"]} == set(nodes)
    assert not told["problems"]


def test_smoke_runs_on_every_node(saf_playbook, nodes):
    smoke = saf_playbook("playbooks/smoke.yml")
    assert smoke.rc == 0, smoke.output
    for name in nodes:
        assert name in smoke.words


def test_a_run_limited_to_one_worker_leaves_the_others_alone(saf_playbook):
    limited = saf_playbook("site.yml", arguments=["--limit", "worker2"])
    assert limited.rc == 0, limited.output
    assert set(limited.counts) <= {"worker2", "localhost"}
    assert not limited.changed


def test_a_dry_run_of_a_converged_cluster_tells_no_change(saf_playbook):
    dry = saf_playbook("site.yml", arguments=["--check", "--diff"])
    assert dry.rc == 0, dry.output
    assert not dry.changed


def test_a_submitted_job_runs_with_the_python_of_the_cluster(head):
    program = "import sys, ray; print('job runs', sys.executable)"
    submit = f"{head.root}/current/bin/ray job submit --address http://127.0.0.1:{head.vars['ray_dashboard_port']}"
    told = head.check(
        f'cd / && runuser -u {head.vars["cluster_user"]} -- env HOME={head.root}/ray {submit} -- python -c "{program}"'
    )
    assert f"job runs {head.root}/venvs/" in told, told
