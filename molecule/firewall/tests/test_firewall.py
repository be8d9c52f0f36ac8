"""What a member, a stranger and an admin reach, while rules come, change, are lost, and go. In this order."""

import os
import shlex
import signal
import subprocess

import pytest
import yaml
from tests.support import outsiders, playbooks, ports
from tests.support.waiting import wait_for

PLAY = "playbooks/firewall.yml"
TABLE = "nft list table inet saf"
AGENT = 6384
# Of other products: accepts everything that ours drops, before and after it.
FOREIGN = """
table ip saf-test-docker {
  chain DOCKER-USER { tcp dport 1-65535 counter accept; }
  chain forward { type filter hook forward priority filter; policy drop; jump DOCKER-USER; }
}
table inet saf-test-firewalld {
  chain early { type filter hook input priority -200; policy accept; tcp dport 1-65535 accept; }
  chain late { type filter hook input priority filter + 10; policy accept; tcp dport 1-65535 accept; }
}
"""


@pytest.fixture(scope="module")
def prefix(head):
    return head.vars["molecule_prefix"]


@pytest.fixture(scope="module")
def stranger(prefix, head):
    found = outsiders.Outsider(prefix, "stranger", head.name)
    yield found
    found.remove()


@pytest.fixture(scope="module")
def admin(prefix, head):
    found = outsiders.Outsider(prefix, "admin", head.name)
    yield found
    found.remove()


@pytest.fixture(scope="module")
def close(saf_playbook, admin):
    """Run the playbook with the admin's address."""

    def run(*arguments, inventories=(), **more):
        extra = {"admin_addresses": [admin.address], **more}
        done = saf_playbook(PLAY, extra, arguments=list(arguments), inventories=inventories)
        assert done.rc == 0, done.output
        return done

    return run


@pytest.fixture(scope="module", autouse=True)
def foreign(nodes):
    """Tables of other products on one node."""
    worker = nodes["worker1"]
    worker.check(f"printf %s {shlex.quote(FOREIGN)} | nft -f -")
    listed = "nft list table ip saf-test-docker; nft list table inet saf-test-firewalld"
    yield lambda: worker.check(listed)
    worker.check("nft delete table ip saf-test-docker; nft delete table inet saf-test-firewalld")


def reach(outsider, node, port=AGENT):
    return outsider.scan([[node.address, port]])[0]


def jobs(node):
    return f"http://{node.address}:{AGENT}/api/job_agent/jobs/"


def test_without_rules_a_stranger_reaches_the_port_that_runs_jobs(saf_playbook, nodes, stranger, head):
    """The proof that the tests below can fail."""
    done = saf_playbook(PLAY, {"firewall_enabled": False})
    assert done.rc == 0, done.output
    for node in nodes.values():
        assert reach(stranger, node) == "open"
        assert node.run(TABLE).rc != 0
        assert node.run("systemctl is-active saf-firewall.service saf-firewall-check.timer").rc != 0
    assert stranger.post(jobs(head), 60) in ("200", "401")  # 401: the cluster asks for a token
    assert not saf_playbook(PLAY, {"firewall_enabled": False}).changed


def test_every_row_is_closed_to_strangers_and_open_to_whom_it_names(close, nodes, stranger, admin, head, root):
    done = close()
    assert set(done.changed) == set(nodes)
    for node in (head, nodes["worker1"]):
        mine = [row for row in ports.rows(root) if row["nodes"] == "all" or node is head]
        targets = [[node.address, row["number"]] for row in mine] + [[node.address, 22], [node.address, 9]]
        member = nodes["worker2"]
        found = {"member": outsiders.scan_from(member, targets), "admin": admin.scan(targets), "stranger": stranger.scan(targets)}
        print(f"\n{node.name:22} {'port':>6}  " + "  ".join(f"{who:9}" for who in found))
        for number, row in enumerate([*mine, {"name": "ssh"}, {"name": "another port"}]):
            state = {who: states[number] for who, states in found.items()}
            print(f"{row['name']:22} {targets[number][1]:6}  " + "  ".join(f"{one:9}" for one in state.values()))
            peers = row.get("peers", ["members", "admins", "strangers"])
            assert (state["member"] != "dropped") == ("members" in peers), row
            assert (state["admin"] != "dropped") == ("admins" in peers), row
            assert (state["stranger"] != "dropped") == ("strangers" in peers), row
        assert found["stranger"][-2] == "open", "SSH"


def test_a_job_that_nobody_allowed_does_not_arrive(stranger, head):
    assert stranger.post(jobs(head), 5) == "no connection"


def test_ipv6_is_closed_too(nodes, stranger, head):
    """The network of the containers has IPv4 alone, so both get an address by hand."""
    head.check("ip -6 address add fd00:5af::1/64 dev eth0 nodad")
    stranger.run("ip", "-6", "address", "add", "fd00:5af::9/64", "dev", "eth0", "nodad")
    assert stranger.scan([["fd00:5af::1", AGENT], ["fd00:5af::1", 8265], ["fd00:5af::1", 9]]) == ["dropped", "dropped", "refused"]
    head.check("ip -6 address delete fd00:5af::1/64 dev eth0")


def test_a_second_run_changes_nothing_and_rules_of_others_stay(close, foreign, nodes, stranger):
    before = foreign()
    assert not close().changed
    assert foreign() == before
    assert reach(stranger, nodes["worker1"]) == "dropped", "whatever other tables accept"


def with_link(tmp_path, address, **unreachable):
    """Return an inventory in which worker1 has one more address."""
    hosts = {"worker1": {"links": {"lan": address}}, **unreachable}
    path = tmp_path / "more.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return path


def test_with_limit_the_other_members_learn_of_a_newcomer(close, tmp_path, nodes, stranger, head):
    inventory = with_link(tmp_path, stranger.address)
    close("--limit", "worker1", inventories=[inventory])
    assert reach(stranger, head) == reach(stranger, nodes["worker2"]) == "open"
    assert not close("--limit", "worker1", inventories=[inventory]).changed
    # A member that leaves: the others forget it, and one that cannot be reached is named.
    gone = with_link(tmp_path, "10.255.255.1", worker2={"ansible_port": 1})
    done = close("--limit", "worker1", inventories=[gone])
    assert "packet filter of worker2 could not be updated" in done.words
    assert "--limit worker2" in done.words
    assert reach(stranger, head) == "dropped"
    assert reach(stranger, nodes["worker2"]) == "open"
    assert set(close().changed) == set(nodes)
    assert reach(stranger, nodes["worker2"]) == "dropped"


def test_preflight_excuses_rules_that_do_not_know_a_newcomer_yet(saf_playbook, admin, nodes, head):
    """The head does not admit worker2 yet; nothing but these rules keeps it away."""
    worker = nodes["worker2"]
    head.check(f"sed -i 's/{worker.address}\\b/10.255.255.254/' /etc/saf-firewall.nft && nft -f /etc/saf-firewall.nft")
    assert outsiders.scan_from(worker, [[head.address, 6380]]) == ["dropped"]
    done = saf_playbook(
        "site.yml", {"admin_addresses": [admin.address]}, arguments=["--limit", "worker2", "--tags", "preflight,firewall"]
    )
    assert done.rc == 0, done.output
    assert outsiders.scan_from(worker, [[head.address, 6380]]) == ["open"]


def test_a_controller_that_dies_leaves_the_rules_of_before(close, nodes, stranger, head, prefix):
    before, boot = head.check(TABLE), head.read("/etc/saf-firewall.nft")
    controller = playbooks.start(PLAY, {"admin_addresses": [stranger.address], "firewall_patience": 6})
    waiting = (
        "until test -e /run/saf-firewall/pending && nft list table inet saf | grep -q "
        + stranger.address
        + "; do sleep 0.05; done"
    )
    try:
        subprocess.run(["podman", "exec", f"{prefix}-{head.name}", "timeout", "120", "sh", "-c", waiting], check=True)
    finally:
        os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
    assert head.read("/etc/saf-firewall.nft") == boot, "killed before it has confirmed"
    wait_for(lambda: head.check(TABLE) == before, "the rules of before")
    assert stranger.scan([[head.address, 22], [head.address, 8265]]) == ["open", "dropped"]
    wait_for(lambda: not head.exists("/run/saf-firewall/pending"), "the end of the rollback")
    assert not [name for name in close().changed if name == head.name]


def test_rules_that_something_removes_come_back(nodes):
    worker = nodes["worker2"]
    before = worker.check(TABLE)
    assert worker.check("systemctl is-active saf-firewall-check.timer") == "active"
    # The second is what Debian's own service does when it is restarted or stopped: `flush ruleset`.
    for command in ("nft delete table inet saf", "systemctl restart nftables.service", "systemctl stop nftables.service"):
        worker.check(f"{command} && ! {TABLE} && systemctl start saf-firewall-check.service")
        assert worker.check(TABLE) == before, command
    # Whoever stops the service opens the ports, until it is started again.
    worker.check("systemctl stop saf-firewall.service && systemctl start saf-firewall-check.service")
    assert worker.run(TABLE).rc != 0
    worker.check("systemctl start saf-firewall.service")
    assert worker.check(TABLE) == before


def test_after_a_reboot_the_rules_are_there_before_ray(nodes, prefix, stranger, ray):
    worker = nodes["worker2"]
    before = worker.check(TABLE)
    subprocess.run(["podman", "restart", "--time", "20", f"{prefix}-{worker.name}"], check=True, capture_output=True)
    inside = ["podman", "exec", f"{prefix}-{worker.name}", "systemctl", "is-active", "saf-firewall.service"]
    wait_for(lambda: subprocess.run(inside, capture_output=True, text=True, check=False).stdout.strip() == "active", "its boot")
    wait_for(lambda: worker.run("true").rc == 0, "SSH")
    assert worker.check(TABLE) == before
    assert reach(stranger, worker) == "dropped"
    order = "systemctl show saf-ray.service --property=After --value"
    assert "saf-firewall.service" in worker.check(order).split()
    ray.wait_until_alive([worker.address])


def test_without_admins_the_cluster_is_as_it_was(saf_playbook, nodes, admin, head):
    done = saf_playbook(PLAY)
    assert done.rc == 0, done.output
    assert reach(admin, head, 6386) == "dropped"
    assert not saf_playbook(PLAY).changed
