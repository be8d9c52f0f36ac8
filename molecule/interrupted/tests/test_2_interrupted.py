"""A provisioning that is killed anywhere, and what the next one makes of it.

COUNT=N: how many (2 in continuous integration, 20 in `make test-all`); SEED=N: which ones. The rounds share the nodes.
"""

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.support import damage, playbooks, settings
from tests.support.waiting import wait_for

COUNT = int(os.environ.get("COUNT") or 2)
SEED = int(os.environ.get("SEED") or 1)
# Of the time that the run before it took; later it would be over.
EARLIEST, LATEST = 0.03, 0.9
FIGURES = settings.ROOT / ".cache" / "interrupted.jsonl"


def rounds():
    """Return [(number, {node: kind of damage}, moment, whether the children are killed, too)], the same for the same seed."""
    rng = random.Random(SEED)  # noqa: S311 no secret
    kinds = list(damage.DAMAGE)
    made = []
    for number in range(COUNT):
        # Each kind once before any comes again, the expensive ones first.
        kind = kinds[-1 - number % len(kinds)]
        hit = rng.choice([["head1"], ["worker1"], ["head1", "worker1"]])
        made.append((number, dict.fromkeys(hit, kind), rng.uniform(EARLIEST, LATEST), rng.random() < 0.5))
    return made


def children(pid):
    """Return the processes below one: Ansible's workers have separate sessions."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def kill(controller, whole):
    """Kill a controller's process group, and with ``whole`` also what has left the group (workers, but no shared SSH masters)."""
    below = children(controller.pid) if whole else set()
    os.killpg(controller.pid, signal.SIGKILL)
    for pid in below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    controller.wait()
    controller.stdout.close()


def timed(saf_playbook):
    began = time.monotonic()
    done = saf_playbook("site.yml")
    return done, time.monotonic() - began


@pytest.fixture(scope="module")
def usual(saf_playbook, nodes):
    """Seconds of a run that changes nothing, on a healthy cluster."""
    done, seconds = timed(saf_playbook)
    assert done.rc == 0, done.output
    return {"seconds": seconds}


@pytest.mark.parametrize(("number", "hit", "moment", "whole"), rounds())
def test_killed_anywhere_the_next_run_converges(saf_playbook, nodes, ray, usual, number, hit, moment, whole):
    for name, kind in hit.items():
        damage.do(nodes[name], kind)
    controller = playbooks.start("site.yml")
    deadline = time.monotonic() + moment * usual["seconds"]
    while time.monotonic() < deadline and controller.poll() is None:
        time.sleep(0.05)
    over = controller.poll() is not None
    if not over:
        kill(controller, whole)
    else:
        controller.stdout.close()
    # What the killed run had begun on a node may still run there; the next one must cope.
    done, repair = timed(saf_playbook)
    assert done.rc == 0, done.output
    assert len(ray.alive()) == len(nodes)
    again, quiet = timed(saf_playbook)
    assert (again.rc, again.changed) == (0, {}), again.output
    left = {name: found for name, node in nodes.items() if (found := damage.leftovers(node))}
    assert left == {}
    tmp = {name: int(node.check(damage.LEFT_BY_ANSIBLE)) for name, node in nodes.items()}
    usual["seconds"] = quiet
    figure = {"round": number, "seed": SEED, "hit": hit, "moment": round(moment, 2), "over": over, "children": whole}
    figure |= {"repair_s": round(repair), "again_s": round(quiet), "ansible_tmp_kb": tmp}
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a") as stream:
        stream.write(json.dumps(figure) + "\n")


def building(node):
    return bool(node.run(f"ls -d {node.root}/venvs/.build-*/venv").stdout)


def test_power_fails_while_a_venv_is_built(saf_playbook, nodes, ray):
    """Everything on the node is killed at once, and it boots again."""
    worker = nodes["worker1"]
    container = f"{worker.vars['molecule_prefix']}-worker1"
    worker.check(f"rm -rf {worker.root}/venvs")
    controller = playbooks.start("site.yml")
    try:
        wait_for(lambda: building(worker) or controller.poll() is not None, "the build to begin", 600)
        assert controller.poll() is None, controller.stdout.read()
        playbooks.podman("kill", container)
        playbooks.podman("start", container)
        output = controller.communicate(timeout=600)[0]
        assert controller.returncode != 0, output
    finally:
        if controller.poll() is None:
            kill(controller, whole=True)
    wait_for(lambda: worker.run("true").rc == 0, "SSH on the node", 120)
    done = saf_playbook("site.yml")
    assert done.rc == 0, done.output
    assert len(ray.alive()) == len(nodes)
    again = saf_playbook("site.yml")
    assert (again.rc, again.changed) == (0, {}), again.output
    assert {name: found for name, node in nodes.items() if (found := damage.leftovers(node))} == {}


def test_disk_full_while_a_venv_is_built_is_one_sentence_and_a_retry_succeeds(saf_playbook, nodes, ray):
    worker = nodes["worker1"]
    container, venvs = f"{worker.vars['molecule_prefix']}-worker1", f"{worker.root}/venvs"
    worker.check(f"rm -rf {venvs} && mkdir {venvs}")
    pid = playbooks.podman("inspect", "--format", "{{.State.Pid}}", container).strip()
    playbooks.nsenter(pid, "mount", "-t", "tmpfs", "-o", "size=600m,mode=755", "tmpfs", venvs)
    try:
        full = saf_playbook("site.yml")
    finally:
        playbooks.nsenter(pid, "umount", venvs)
    assert full.rc != 0
    assert f"The disk at {venvs} is full: free space there, then run site.yml again." in full.words
    assert "Traceback" not in full.output
    done = saf_playbook("site.yml")
    assert done.rc == 0, done.output
    assert len(ray.alive()) == len(nodes)
    assert damage.leftovers(worker) == []


def mark(node):
    return node.run("cat /run/saf-*.lock").stdout


def test_of_two_controllers_one_is_refused_with_a_sentence_that_names_the_other(saf_playbook, nodes, head):
    damage.do(nodes["worker1"], "the environment")
    first = playbooks.start("site.yml")
    try:
        wait_for(lambda: mark(head) or first.poll() is not None, "the first run to mark the head", 600)
        assert first.poll() is None, first.stdout.read()
        second = saf_playbook("site.yml")
        still = first.poll() is None
        output = first.communicate(timeout=900)[0]
    finally:
        if first.poll() is None:
            kill(first, whole=True)
    assert first.returncode == 0, output
    assert second.rc == 0 or f"process {first.pid}" in second.words, second.output
    if still:
        assert second.rc != 0
        assert "Another run is changing head1" in second.words
        assert "run_lock_break" in second.words
        assert second.changed == {}
    again = saf_playbook("site.yml")
    assert (again.rc, again.changed) == (0, {}), again.output
    assert {name: found for name, node in nodes.items() if (found := damage.leftovers(node))} == {}


def test_of_two_controllers_that_start_together_one_provisions_and_no_node_is_half_done(saf_playbook, nodes, ray):
    for node in nodes.values():
        damage.do(node, "all files in etc")
    both = [playbooks.start("site.yml") for _ in range(2)]
    try:
        outputs = [one.communicate(timeout=900)[0] for one in both]
    finally:
        for one in both:
            if one.poll() is None:
                kill(one, whole=True)
    assert 0 in [one.returncode for one in both], outputs
    for one, output in zip(both, outputs, strict=True):
        assert one.returncode == 0 or "Another run is changing" in output, output
    assert len(ray.alive()) == len(nodes)
    again = saf_playbook("site.yml")
    assert (again.rc, again.changed) == (0, {}), again.output
