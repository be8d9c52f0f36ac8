"""Faults that a supervisor does not see, and a node that is taken out on purpose; each test leaves the cluster healthy again."""

import json

import pytest
from tests.support.waiting import wait_for

ANSWER = "/tmp/saf-maintenance-test"  # noqa: S108 on a test node


def raylet_socket(node):
    """Return the path of the raylet's socket."""
    commands = node.check("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep ^--raylet_socket_name= || true")
    paths = {line.partition("=")[2] for line in commands.splitlines()}
    assert len(paths) == 1, f"{node}: no raylet, or several: {commands}"
    return paths.pop()


def ask(node, program, *arguments):
    """Run one of the watchdog's questions as the account, return what it printed."""
    watchdog = node.json(f"{node.root}/etc/watchdog.json")
    words = [watchdog["python"], "-I", watchdog[program], watchdog["gcs"], node.name, watchdog["settings"], *arguments]
    output = node.check(f"cd / && runuser -u {watchdog['user']} -- timeout 120 {' '.join(words)}")
    said = {}
    for line in output.splitlines():
        if line.startswith("{"):
            said.update(json.loads(line))
    return said


def test_the_questions_of_the_watchdog_are_answered_by_a_real_ray(nodes, head):
    for node in nodes.values():
        said = ask(node, "question", *(["head"] if node is head else []))
        assert said["alive"] is True
        assert "failed" not in said
        assert said.get("used", 0) == 0
        assert ask(node, "task", node.address) == {"submitted": True, "done": True}


def test_a_raylet_that_was_killed_is_no_ghost_for_long(ray, nodes, head):
    """Without the report of the next start the GCS counts it as alive for ray_network_patience."""
    worker = nodes["worker1"]
    source = (
        "from ray._raylet import GcsClient\n"
        f"nodes = GcsClient(address='{head.address}:{head.vars['ray_port']}').get_all_node_info(timeout=20).values()\n"
        "print(sum(node.node_name == 'worker1' and node.state == 0 for node in nodes))\n"
    )
    before = worker.service.pid
    worker.check("kill -KILL $(pidof raylet)")
    wait_for(lambda: worker.service.pid not in (0, before), "a new main process of the service")
    ray.wait_until_alive([worker.address])
    assert head.script(head.python, source, user=head.vars["cluster_user"]).splitlines()[-1] == "1"


def test_a_worker_whose_sockets_are_gone_is_named_and_healed(saf_playbook, ray, nodes):
    worker = nodes["worker1"]
    before, path = worker.service.pid, raylet_socket(worker)
    worker.check("systemctl stop saf-ray-watchdog.timer")  # its turn comes below
    try:
        worker.check(f"rm {path}")
        status = saf_playbook("playbooks/status.yml")
        assert status.rc == 2, status.output
        assert "the sockets of its raylet are not on the disk any more" in status.words
    finally:
        worker.check("systemctl start saf-ray-watchdog.timer")
    wait_for(lambda: worker.service.pid not in (0, before), "the watchdog to restart the service", 400)
    ray.wait_until_alive([worker.address])
    assert worker.exists(raylet_socket(worker))


def test_a_head_without_dashboard_gets_one_when_nobody_uses_it(ray, nodes, head):
    before = head.service.pid
    head.check("kill -TERM $(pgrep -f 'ray/dashboard/dashboard.py')")
    wait_for(lambda: head.service.pid not in (0, before), "a new head", 900)
    wait_for(lambda: 8265 in head.listening(), "the dashboard", 240)
    ray.wait_until_alive([node.address for node in nodes.values()])


@pytest.mark.parametrize("how", ["idle", "with a task"])
def test_a_node_goes_into_maintenance_and_back(saf_playbook, ray, nodes, how):
    worker = nodes["worker1"]
    if how == "with a task":
        driver = (
            "import ray, time\nray.init(address='auto', log_to_driver=False, logging_level='ERROR')\n"
            f"@ray.remote(num_cpus=0, resources={{'node:{worker.address}': 0.01}})\n"
            "def slow():\n    time.sleep(40)\n    return 'finished'\n"
            f"print(ray.get(slow.remote()), file=open({ANSWER!r}, 'w'), flush=True)\n"
        )
        nodes["head1"].check(
            f"printf %s {json.dumps(driver)} >/tmp/saf-driver.py; rm -f {ANSWER};"
            f" cd / && (runuser -u saf -- sh -c '. {worker.root}/etc/saf.env; exec python /tmp/saf-driver.py' >/dev/null 2>&1 &)"
        )
        wait_for(lambda: "ray::slow" in worker.check("ps -e -o args="), "the task to begin", 120)
    on = saf_playbook("playbooks/maintenance.yml", {"maintenance": "on"}, arguments=["--limit", "worker1"])
    assert on.rc == 0, on.output
    assert "was not drained" not in on.words
    if how == "with a task":
        assert nodes["head1"].read(ANSWER).strip() == "finished"
    assert not worker.service.is_running
    assert not worker.service.is_enabled
    again = saf_playbook("playbooks/maintenance.yml", {"maintenance": "on"}, arguments=["--limit", "worker1"])
    assert again.rc == 0, again.output
    assert again.changed == {}
    status = saf_playbook("playbooks/status.yml")
    assert status.rc == 0, status.output
    assert "in maintenance since" in status.words
    start = saf_playbook("playbooks/start.yml", arguments=["--limit", "worker1"])
    assert start.rc == 0, start.output
    assert not worker.service.is_running
    site = saf_playbook("site.yml")
    assert site.rc != 0
    assert "maintenance" in site.words
    off = saf_playbook("playbooks/maintenance.yml", {"maintenance": "off"}, arguments=["--limit", "worker1"])
    assert off.rc == 0, off.output
    assert worker.service.is_enabled
    ray.wait_until_alive([worker.address])


def test_an_address_that_is_not_the_nodes_own_is_refused_before_anything_starts(saf_playbook, nodes):
    before = nodes["worker1"].service.pid
    wrong = saf_playbook("playbooks/ray.yml", {"cluster_address": "10.255.255.7"}, arguments=["--limit", "worker1"])
    assert wrong.rc != 0
    assert "is on none of its interfaces" in wrong.words
    assert nodes["worker1"].service.pid == before
