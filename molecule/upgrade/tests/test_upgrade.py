"""studio-2025 to current and back on three nodes: what is interrupted, what refuses, what a failed step or a kill leaves."""

import itertools
import os
import signal
import time

import pytest
from tests.support import playbooks, settings
from tests.support.waiting import wait_for

OLD, NEW = "studio-2025", "current"
UPGRADE = "playbooks/upgrade.yml"
# A driver at work; each round runs a task on every node.
LOOP = """
import time, ray
ray.init(address="auto", logging_level="ERROR", log_to_driver=False)
alive = ["node:" + one["NodeManagerAddress"] for one in ray.nodes() if one["Alive"]]
@ray.remote(num_cpus=0)
def work():
    return 1
while True:
    ray.get([work.options(resources={name: 0.01}).remote() for name in alive], timeout=60)
    print(time.time(), flush=True)
    time.sleep(0.2)
"""
# What a node waits for before something is broken there.
BEGUN = 'grep -q "pending.: *{{.stack" {root}/etc/stack.json 2>/dev/null'
STOPPED = "! systemctl is-active --quiet saf-ray"


@pytest.fixture(scope="module")
def pythons(head):
    """{stack: version of the Python that the nodes have for it}."""
    new = head.check("/usr/bin/python3 -c 'import platform; print(platform.python_version())'")
    return {OLD: head.vars["python_version"], NEW: new}


@pytest.fixture
def upgrade(saf_playbook, pythons):
    def run(stack, **more):
        return saf_playbook(UPGRADE, {"stack": stack, "python_version": pythons[stack], **more})

    return run


def runs(stack, nodes, ray, pythons, saf_playbook):
    """Check that all nodes run a stack: by the program of each raylet, the members of the GCS, and tasks on each of them."""
    ask = "import importlib.metadata as m, platform; print(m.version('ray'), platform.python_version())"
    for node in nodes.values():
        # Not the link exe, which root in a container may not read.
        program = node.check("pid=$(pgrep -ox raylet) && tr '\\0' '\\n' </proc/$pid/cmdline | head -n 1")
        venv = program[: program.index("/lib/")]
        assert node.check(f'{venv}/bin/python -c "{ask}"') == f"{settings.stack(stack)['pins']['ray']} {pythons[stack]}"
        assert node.check(f"readlink -f {node.root}/current") == venv
    ray.wait_until_alive([node.address for node in nodes.values()])
    smoke = saf_playbook("playbooks/smoke.yml", {"stack": stack})
    assert smoke.rc == 0, smoke.output


def changes(done):
    return {host: counts["changed"] for host, counts in done.counts.items() if counts["changed"]}


def test_bad_requests_change_nothing(upgrade, saf_playbook, head, nodes, pythons):
    same = upgrade(OLD)
    assert same.rc != 0
    assert f"All nodes run stack {OLD} already. Name {NEW}" in same.words
    assert saf_playbook(UPGRADE, {"stack": "newest"}).rc != 0
    limited = saf_playbook(UPGRADE, {"stack": NEW, "python_version": pythons[NEW]}, arguments=["--limit", "head1"])
    assert limited.rc != 0
    missing = saf_playbook(UPGRADE, {"stack": NEW, "python_version": "3.13.99"})
    assert missing.rc != 0
    assert "3.13.99" in missing.words
    assert not any(changes(done) for done in (same, limited, missing))
    assert not any(node.exists(f"{node.root}/etc/stack.json") for node in nodes.values())


def test_a_dry_run_shows_the_plan_and_changes_nothing(saf_playbook, pythons, nodes):
    done = saf_playbook(UPGRADE, {"stack": NEW, "python_version": pythons[NEW]}, arguments=["--check"])
    assert done.rc == 0, done.output
    assert "the new venv is built on head1, worker1, worker2" in done.words
    assert "How long is unknown" in done.words
    assert changes(done) == {}


def test_running_jobs_are_listed_and_work_until_the_interruption(upgrade, saf_playbook, head, nodes, ray, pythons):
    user, log = head.vars["cluster_user"], f"{head.root}/ray/loop.log"
    head.check(f"cat >{head.root}/ray/loop.py <<'END'\n{LOOP}\nEND")
    options = f"--property=StandardOutput=file:{log} --property=EnvironmentFile={head.root}/etc/ray.env"
    head.check(f"systemd-run --unit=loop --uid={user} {options} {head.python} {head.root}/ray/loop.py")
    wait_for(lambda: head.run(f"test -s {log}").rc == 0, "the first round of the loop", seconds=120)
    refused = upgrade(NEW)
    assert refused.rc != 0
    assert "1 running job would end" in refused.words
    assert "ray/loop.py" in refused.words
    assert "upgrade_interrupt=true" in refused.words
    done = upgrade(NEW, upgrade_interrupt=True)
    assert done.rc == 0, done.output
    print(done.output[done.output.find("run stack") - 40 :][:600])
    runs(NEW, nodes, ray, pythons, saf_playbook)
    rounds = [float(line) for line in head.read(log).split()]
    longest = max(after - before for before, after in itertools.pairwise(rounds))
    print(f"loop: {len(rounds)} rounds in {rounds[-1] - rounds[0]:.0f} s, longest pause between two {longest:.1f} s")
    # It worked while the venvs were built, which takes longer than this.
    assert len(rounds) > 20


def test_site_does_not_go_back_by_itself(saf_playbook, pythons):
    refused = saf_playbook("site.yml")
    assert refused.rc != 0
    assert f"stack: {NEW}" in refused.words
    assert changes(refused) == {}
    again = saf_playbook("site.yml", {"stack": NEW, "python_version": pythons[NEW]})
    assert (again.rc, changes(again)) == (0, {}), again.output


def test_the_way_back_builds_nothing_and_the_plan_knows_how_long_it_takes(upgrade, saf_playbook, nodes, ray, pythons):
    done = upgrade(OLD)
    assert done.rc == 0, done.output
    assert "The new venv is on all nodes already." in done.words
    assert "interrupted it for" in done.words
    print(done.output[done.output.find("run stack") - 40 :][:200])
    runs(OLD, nodes, ray, pythons, saf_playbook)
    assert all(len(node.check(f"ls {node.root}/venvs").split()) == 2 for node in nodes.values())


# What is done to the venv that is not in use, and how it is repaired.
OTHER = "for venv in {root}/venvs/*; do test $venv = $(readlink -f {root}/current) || "
BREAK_RAY = OTHER + "{{ mv $venv/bin/ray $venv/bin/ray.whole; ln -s /bin/false $venv/bin/ray; }}; done"
REPAIR_RAY = "for venv in {root}/venvs/*; do test ! -e $venv/bin/ray.whole || mv $venv/bin/ray.whole $venv/bin/ray; done"
HIDE = OTHER + "mv $venv/.saf-venv.json $venv/hidden; done"
SHOW = "for venv in {root}/venvs/*; do test ! -e $venv/hidden || mv $venv/hidden $venv/.saf-venv.json; done"
# step: (the node, when, what is broken, how it is repaired, what the message names)
FAILURES = {
    "stage": ("worker1", "now", HIDE + "; mv {root}/wheels {root}/wheels.kept; touch {root}/wheels",
              SHOW + "; rm {root}/wheels; mv {root}/wheels.kept {root}/wheels", "building the new venv on worker1"),
    "mark": ("worker2", "now", "mkdir {root}/etc/.stack.json.saf-new", "rmdir {root}/etc/.stack.json.saf-new",
             "writing what is about to change on worker2"),
    "stop": ("worker1", "now", "mkdir /run/systemd/system/saf-ray.service.d; printf '[Unit]\\nRefuseManualStop=yes\\n' "
             ">/run/systemd/system/saf-ray.service.d/no.conf; systemctl daemon-reload",
             "rm -r /run/systemd/system/saf-ray.service.d; systemctl daemon-reload", "stopping Ray on worker1"),
    "switch": ("worker1", BEGUN, HIDE, SHOW, "activating the new venv on worker1"),
    "head": ("head1", STOPPED, BREAK_RAY, REPAIR_RAY, "starting the head on head1"),
    "workers": ("worker2", STOPPED, BREAK_RAY, REPAIR_RAY, "starting the workers on worker2"),
}  # fmt: skip


@pytest.mark.parametrize("step", FAILURES)
def test_a_step_that_fails_takes_all_nodes_back(upgrade, saf_playbook, nodes, ray, pythons, step):
    name, when, broken, repair, said = FAILURES[step]
    node = nodes[name]
    broken, repair = broken.format(root=node.root), repair.format(root=node.root)
    if when == "now":
        node.check(broken)
    else:
        node.check(f"cat >/root/saboteur <<'END'\nuntil {when.format(root=node.root)}; do sleep 0.05; done; {broken}\nEND")
        node.check("systemd-run --unit=saboteur --collect sh /root/saboteur")
    begun = time.monotonic()
    done = upgrade(NEW)
    took = time.monotonic() - begun
    node.run("systemctl stop saboteur")
    node.check(repair)
    print(f"{step}: rc {done.rc}, {took:.0f} s in all; " + done.words[done.words.rfind("The upgrade to") :][:500])
    assert done.rc != 0, done.output
    assert said in done.words, done.output
    untouched = f"The cluster was not touched: stack {OLD} runs on." in done.words
    assert untouched if step == "stage" else f"stack {OLD} runs again on head1, worker1, worker2, verified" in done.words
    runs(OLD, nodes, ray, pythons, saf_playbook)
    if step != "stage":
        assert all(one.json(f"{one.root}/etc/stack.json")["stack"] == OLD for one in nodes.values())


@pytest.mark.parametrize("then", [NEW, OLD, "site"])
def test_an_upgrade_that_is_killed_is_finished_or_taken_back(upgrade, saf_playbook, head, nodes, ray, pythons, then):
    if head.json(f"{head.root}/etc/stack.json")["stack"] != OLD:
        assert upgrade(OLD).rc == 0
    process = playbooks.start(UPGRADE, {"stack": NEW, "python_version": pythons[NEW]})
    wait_for(lambda: head.run(STOPPED).rc == 0, "Ray to stop on the head", seconds=240)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = saf_playbook("site.yml") if then == "site" else upgrade(then)
    assert done.rc == 0, done.output
    runs(NEW if then == NEW else OLD, nodes, ray, pythons, saf_playbook)
