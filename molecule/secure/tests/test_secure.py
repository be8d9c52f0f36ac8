"""A cluster with token and TLS: who gets in, what is renewed, and one command for new secrets."""

import datetime
import itertools
from pathlib import Path

import pytest
from tests.support import outsiders, ports, settings

from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import Store

PLAY = "playbooks/firewall.yml"
# Doors that speak HTTP; the others speak gRPC.
HTTP = {
    "agent": "/api/job_agent/jobs/",
    "dashboard": "/api/jobs/",
    "runtime_env": "/get_or_create_runtime_env",
    "metrics": "/metrics",
    "autoscaler_metrics": "/metrics",
    "dashboard_metrics": "/metrics",
}
_JOB = """
import json, sys, urllib.error, urllib.request
headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + sys.argv[2]} if len(sys.argv) > 2 else {})}
body = json.dumps({"entrypoint": "id"}).encode()
try:
    print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=body, headers=headers), timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.fixture(scope="module")
def secrets():
    """Return the folder of the cluster's secrets on the controller."""
    (folder,) = (settings.ephemeral() / "secrets").iterdir()
    return folder


def status_of_a_job(node, target, token=""):
    """Return the status of HTTP for a job that ``node`` sends to the agent of ``target``."""
    return int(node.check(f"python3 -c '{_JOB}' http://{target.address}:6384/api/job_agent/jobs/ {token}"))


def test_the_cluster_is_whole_and_healthy(ray, nodes, saf_playbook):
    assert set(ray.alive()) == {node.address for node in nodes.values()}
    done = saf_playbook("playbooks/status.yml")
    assert done.rc == 0, done.output


def test_secrets_are_files_of_the_account_alone(nodes):
    for node in nodes.values():
        for name in ("ray-token", "ray-ca.crt", "ray-node.crt", "ray-node.key"):
            assert node.check(f"stat -c '%U %a' {node.root}/etc/{name}") == "saf 400"
        token = node.read(f"{node.root}/etc/ray-token")
        assert node.run(f"grep -alF {token} /proc/[0-9]*/cmdline /proc/[0-9]*/environ").stdout.strip() == ""
        assert node.run(f"grep -rlF {token} /var/log {node.root}/log {node.root}/ray/tmp").stdout.strip() == ""


def test_a_job_from_another_machine_needs_the_token(nodes):
    head, worker = nodes["head1"], nodes["worker1"]
    assert status_of_a_job(worker, head) == 401
    assert status_of_a_job(head, worker) == 401
    assert status_of_a_job(worker, head, worker.read(f"{worker.root}/etc/ray-token")) == 200


@pytest.mark.parametrize("rules", [True, False], ids=["with rules", "without rules"])
def test_whoever_has_no_secret_gets_nothing_that_runs_code(saf_playbook, nodes, head, root, rules):
    """A member without secrets, a machine of admin_addresses and a stranger at every door of every node."""
    prefix = head.vars["molecule_prefix"]
    machines = {who: outsiders.Outsider(prefix, who, "head1") for who in ("admin", "stranger")}
    try:
        closed = saf_playbook(PLAY, {"firewall_enabled": rules, "admin_addresses": [machines["admin"].address]})
        assert closed.rc == 0, closed.output
        for node, other in itertools.permutations(nodes.values()):
            rows = [row for row in ports.rows(root) if row["nodes"] == "all" or node is head]
            targets = [[node.address, row["number"], HTTP.get(row["name"], "")] for row in rows]
            found = {"member": outsiders.ask_from(other, targets), **{who: one.ask(targets) for who, one in machines.items()}}
            print(f"\n{node.name:22} {'port':>6}  " + "  ".join(f"{who:11}" for who in found) + f"  rules: {rules}")
            for number, row in enumerate(rows):
                state = {who: states[number] for who, states in found.items()}
                print(f"{row['name']:22} {row['number']:6}  " + "  ".join(f"{one:11}" for one in state.values()))
                allowed = {"refused", "dropped", "certificate"} if row["tls"] else {"refused", "dropped", "token"}
                assert set(state.values()) <= allowed | ({"open"} if not row["token"] else set()), (row, state)
                assert state["stranger"] == "dropped" or not rules, row
            # The proof that the doors were there.
            assert {"certificate", "token", "open"} <= set(found["member"])
    finally:
        for machine in machines.values():
            machine.remove()
        assert saf_playbook(PLAY).rc == 0


def test_tasks_run_on_both_nodes(saf_playbook):
    done = saf_playbook("playbooks/smoke.yml")
    assert done.rc == 0, done.output


def test_a_second_run_changes_nothing(saf_playbook):
    done = saf_playbook("site.yml", arguments=["--tags", "ray"])
    assert (done.rc, done.changed) == (0, {}), done.output


def test_a_certificate_near_its_end_is_renewed_on_its_node_alone(saf_playbook, secrets, nodes, ray):
    early = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=340)
    store = Store(secrets, secrets.name, early, "rotate")
    (secrets / "nodes" / "worker1.key").unlink()
    with store.locked():
        store.certificates({"worker1": [nodes["worker1"].address]})
    done = saf_playbook("site.yml", arguments=["--tags", "ray"])
    assert done.rc == 0, done.output
    assert list(done.changed) == ["worker1"]
    assert "The certificate of worker1 is made again: it ends in 24 days." in done.words
    ray.wait_until_alive([node.address for node in nodes.values()])


def test_new_secrets_shut_out_the_old_ones(saf_playbook, secrets, nodes, ray):
    head, worker = nodes["head1"], nodes["worker1"]
    old = worker.read(f"{worker.root}/etc/ray-token")
    authority = Path(secrets / "ca.crt").read_text()
    done = saf_playbook("playbooks/rotate_secrets.yml")
    assert done.rc == 0, done.output
    assert old not in done.output
    new = worker.read(f"{worker.root}/etc/ray-token")
    assert new != old
    assert head.read(f"{head.root}/etc/ray-ca.crt") + "\n" == Path(secrets / "ca.crt").read_text() != authority
    assert status_of_a_job(worker, head, old) == 403
    assert status_of_a_job(worker, head, new) == 200
    ray.wait_until_alive([node.address for node in nodes.values()])
