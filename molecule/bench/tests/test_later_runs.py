"""Runs after the first: the owner's network, an interrupted run, runs side by side. They come after test_first_run.py."""

import json
import os
import re
import signal

import pytest
from tests.support import playbooks, settings
from tests.support.waiting import wait_for

# Links alone; what the nodes compute was measured already.
LINKS_ALONE = {
    "bench_profile": "quick",
    "bench_task_size": 256,
    "bench_overrides": {"mlx": None, "collective": None, "ray": {"transfer_repetitions": 1, "task_repetitions": 2}},
}


def leftovers(nodes):
    """Return the processes of a measurement that are still on the nodes."""
    return [
        (node.name, line)
        for node in nodes.values()
        for line in node.run(
            "pgrep -af 'iperf3|link_server.py|collective.py|ray_tasks.py|gemm.py|ray::product|_benchmark'"
        ).stdout.splitlines()
        if "pgrep" not in line
    ]


def test_a_path_that_is_slower_than_its_ports_is_the_first_finding(saf_playbook, newest_run):
    """The owner's 945 Mb/s: ports that say 10 Gb/s, a path that carries 1."""
    shaped = saf_playbook("molecule/bench/shape_all.yml")
    assert shaped.rc == 0, shaped.output
    done = saf_playbook("bench.yml", LINKS_ALONE)
    assert done.rc == 0, done.output
    document, _folder = newest_run()
    first = document["findings"][0]
    assert first["kind"] == "path_limit", document["findings"]
    assert first["subject"] == ["head1", "worker1", "worker2"]
    share = float(re.search(r"(\d\.\d+) of what 1\.00 Gb/s Ethernet carries", first["measured"]).group(1))
    assert share == pytest.approx(1.0, abs=0.05)
    assert first["gain_at_most"] >= 1
    assert "of their time on transfer" in first["because"]


def test_runs_are_compared(saf_playbook):
    done = saf_playbook("playbooks/compare.yml")
    assert done.rc == 0, done.output
    assert re.search(r"Goodput between nodes \(.*Values: \d+ worse", done.words), done.output


def test_links_without_shaping_are_no_fault(saf_playbook, newest_run):
    unshaped = saf_playbook("molecule/bench/cleanup.yml")
    assert unshaped.rc == 0, unshaped.output
    overrides = {"mlx": None, "ray": None, "collective": None, "network": {"seconds": 2}}
    done = saf_playbook("bench.yml", {"bench_profile": "quick", "bench_overrides": overrides})
    assert done.rc == 0, done.output
    document, _folder = newest_run()
    assert {metric["name"] for metric in document["metrics"]} >= {"net.goodput", "net.together"}
    assert [finding for finding in document["findings"] if finding["severity"] == "fault"] == []


# {stage: (what the run does, for long; on which node what then runs; what is there already; what is not)}
STAGES = {
    "network": (
        {"mlx": {"memory": None}, "network": {"seconds": 120}},
        "worker1",
        "-x iperf3",
        {"gemm.float32"},
        {"ray", "collective"},
    ),
    "ray": (
        {
            "mlx": None,
            "network": None,
            "ray": {"repetitions": 10, "tasks_burst": 10, "transfer_repetitions": 1, "task_repetitions": 999, "task_budget": 600},
        },
        "head1",
        "-f '[r]ay::product'",
        set(),
        {"ray", "collective"},
    ),
    "collective": (
        {"mlx": None, "network": None, "ray": None, "collective": {"repetitions": 10**6, "seconds": 600}},
        "worker1",
        "-f '[c]ollective.py'",
        set(),
        {"collective"},
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_run_leaves_nothing_running_and_what_it_measured(nodes, stage):
    overrides, place, running, measured, missing = STAGES[stage]
    results = settings.results()
    before = set(results.iterdir())
    controller = playbooks.start("bench.yml", {"bench_profile": "quick", "bench_overrides": overrides})
    try:
        wait_for(lambda: nodes[place].run(f"pgrep {running}").rc == 0 or controller.poll() is not None, f"{stage} to run")
        assert controller.poll() is None, controller.stdout.read()
        os.killpg(controller.pid, signal.SIGINT)
        output = controller.communicate(timeout=60)[0]
    finally:
        controller.kill()
    # Less than the lease of 30 s: an interrupted play notifies the nodes and does not wait for the lease to expire.
    wait_for(lambda: not leftovers(nodes), "the nodes to be idle", 25)
    (folder,) = set(results.iterdir()) - before
    assert f"{folder.name}/run.json. Write its report:" in " ".join(output.split())
    document = json.loads((folder / "run.json").read_text())
    assert document["partial"]
    assert {metric["name"] for metric in document["metrics"]} >= measured
    assert {item["name"] for item in document["not_measured"]} >= missing


def test_a_play_that_is_killed_leaves_nothing_running_and_its_raw_files(nodes, saf_playbook):
    """A closed terminal, a full memory: nothing of the play's own can clean up, and its worker processes outlive it."""
    overrides = {"mlx": None, "ray": None, "collective": None, "network": {"seconds": 300}}
    results = settings.results()
    before = set(results.iterdir())
    controller = playbooks.start("bench.yml", {"bench_profile": "quick", "bench_overrides": overrides})
    try:
        wait_for(lambda: nodes["worker1"].run("pgrep -x iperf3").rc == 0 or controller.poll() is not None, "iperf3 to run")
        assert controller.poll() is None, controller.stdout.read()
    finally:
        controller.kill()
        controller.wait()
    wait_for(lambda: not leftovers(nodes), "the nodes to be idle", 90)
    (folder,) = set(results.iterdir()) - before
    reported = saf_playbook("playbooks/bench_report.yml", {"report_run_dir": str(folder)})
    assert reported.rc == 0, reported.output
    assert json.loads((folder / "run.json").read_text())["partial"]
