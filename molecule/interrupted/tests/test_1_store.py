"""The store of the GCS, in this order: enabled, used over a killed GCS, down, disabled."""

import json

import pytest
from tests.support.waiting import wait_for

REDIS = {"ray_gcs_store": "redis"}
# A detached actor on the worker; each call prints its process, how often it was called, and the nodes that the GCS lists.
ACTOR = """
import json, os, sys, ray
ray.init(address="{address}", namespace="kept", logging_level="ERROR", log_to_driver=False)
@ray.remote(num_cpus=0, resources={{"node:{worker}": 0.01}})
class Keeper:
    def __init__(self):
        self.calls = 0
    def call(self):
        self.calls += 1
        return [os.getpid(), self.calls]
make = Keeper.options(name="keeper", lifetime="detached", get_if_exists=True)
keeper = make.remote() if {make} else ray.get_actor("keeper")
nodes = [[node["NodeName"], node["NodeID"], node["Alive"]] for node in ray.nodes()]
print("answer: " + json.dumps({{"actor": ray.get(keeper.call.remote(), timeout=60), "nodes": nodes}}), flush=True)
"""


@pytest.fixture(scope="module")
def worker(nodes):
    return nodes["worker1"]


@pytest.fixture(scope="module")
def ask(head, worker):
    """Call the actor, which is made first with make=True."""

    def call(make=False):
        address = f"{head.address}:{head.vars['ray_port']}"
        source = ACTOR.format(address=address, worker=worker.address, make=make)
        printed = head.script(head.python, source, user=head.vars["cluster_user"])
        return json.loads(printed.rpartition("answer: ")[2].splitlines()[0])

    return call


@pytest.fixture(scope="module")
def enabled(saf_playbook, head):
    """The cluster with its store."""
    done = saf_playbook("site.yml", REDIS)
    assert done.rc == 0, done.output
    return done


def node_ids(answer, name, alive=True):
    return [identity for node, identity, is_alive in answer["nodes"] if node == name and is_alive is alive]


def test_store_is_ours_alone(head, worker, enabled):
    unit = "saf-gcs-store.service"
    assert head.check(f"systemctl is-active {unit}") == "active"
    assert head.check(f"systemctl is-enabled {unit}") == "enabled"
    assert head.listening()[6389] == {"127.0.0.1"}
    assert 6389 not in worker.listening()
    pid = head.check(f"systemctl show {unit} --property=MainPID --value")
    assert head.owner_of(pid).startswith("saf-")
    # No instance of the distribution was installed or started.
    assert head.run("systemctl list-unit-files 'redis*' --no-legend").stdout == ""
    assert head.run("pgrep -c redis").stdout.strip() == "1"
    assert head.check(f"stat -c '%U %a' {head.root}/gcs_store") == "saf-store 700"


def test_password_is_in_one_file_and_redis_refuses_everybody_else(head, worker, enabled):
    file = f"{head.root}/etc/gcs_store.password"
    assert head.check(f"stat -c '%U %a' {file}") == f"{head.vars['cluster_user']} 400"
    password = head.read(file)
    assert len(password) >= 40
    readable = "/etc/systemd/system /opt/saf/etc /opt/saf/manifest.json /opt/saf/log"
    assert head.run(f"grep -rlF {password} {readable}").stdout.split() == [file]
    assert "NOAUTH" in head.run("redis-cli -p 6389 dbsize").stdout
    assert "NOPERM" in head.run(f"REDISCLI_AUTH=$(cat {file}) redis-cli -p 6389 config get dir").stdout
    assert "NOPERM" in head.run(f"REDISCLI_AUTH=$(cat {file}) redis-cli -p 6389 flushall").stdout
    # Ray hands it on in command lines, on the head alone.
    assert head.run(f"pgrep -f -- --redis_password={password}").stdout
    # The brackets: the command that looks for it must not find itself.
    assert not worker.run(f"grep -al '[{password[0]}]{password[1:]}' /proc/[0-9]*/cmdline").stdout


def test_detached_actor_and_identities_survive_a_killed_gcs(head, worker, ray, ask, enabled):
    before = ask(make=True)
    service, started = worker.service.pid, head.service.pid
    head.check("kill -KILL $(pgrep -x gcs_server)")
    wait_for(lambda: head.service.pid not in (0, started), "a new main process of the head's service")
    ray.wait_until_alive([head.address, worker.address])
    after = ask()
    assert after["actor"] == [before["actor"][0], before["actor"][1] + 1]
    assert node_ids(after, "worker1") == node_ids(before, "worker1")
    assert worker.service.pid == service
    # The head has a new identity, and the old one stays in the table.
    assert node_ids(after, "head1", alive=False) == node_ids(before, "head1")


def test_head_that_is_dead_in_the_table_is_no_problem(saf_playbook, enabled):
    again = saf_playbook("site.yml", REDIS)
    assert (again.rc, again.changed) == (0, {}), again.output
    status = saf_playbook("playbooks/status.yml", REDIS)
    assert status.rc == 0, status.output


def test_store_that_was_killed_comes_back_with_what_it_knew(head, worker, ray, ask, enabled):
    before, started = ask(), head.service.pid
    head.check("kill -KILL $(systemctl show saf-gcs-store --property=MainPID --value)")
    wait_for(lambda: head.service.pid not in (0, started), "the head's Ray, which ends with its store, to be restarted")
    assert head.check("systemctl is-active saf-gcs-store") == "active"
    ray.wait_until_alive([head.address, worker.address])
    after = ask()
    assert after["actor"] == [before["actor"][0], before["actor"][1] + 1]
    assert node_ids(after, "worker1") == node_ids(before, "worker1")


def test_store_that_is_down_is_named_and_the_command_repairs_it(saf_playbook, head, nodes, ray, enabled):
    head.check("systemctl stop saf-gcs-store && rm /opt/saf/etc/gcs_store.acl")
    status = saf_playbook("playbooks/status.yml", REDIS)
    assert status.rc in (1, 2), status.output
    assert "the store of its GCS (Redis) is" in status.words
    assert "journalctl -u saf-gcs-store on head1" in status.words
    repaired = saf_playbook("site.yml", REDIS)
    assert repaired.rc == 0, repaired.output
    ray.wait_until_alive([node.address for node in nodes.values()])


def test_cluster_without_the_store_works_and_nothing_of_it_is_left(saf_playbook, head, nodes, ray):
    done = saf_playbook("site.yml")
    assert done.rc == 0, done.output
    assert len(ray.alive()) == len(nodes)
    assert head.run("systemctl cat saf-gcs-store").rc != 0
    assert 6389 not in head.listening()
    assert head.run(f"ls -d {head.root}/gcs_store {head.root}/etc/gcs_store.*").stdout == ""
    assert head.run("find /etc/systemd/system -name 'saf-gcs-store*'").stdout == ""
    again = saf_playbook("site.yml")
    assert (again.rc, again.changed) == (0, {}), again.output
