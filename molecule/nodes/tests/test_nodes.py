"""In this order, each step on what the one before has left: remove, grow, rename, address, head, a dead node, take over."""

import json

import pytest
import yaml

CONFIRMED = {"reset_confirm": "yes"}
TABLE = []


class Cluster:
    """The present inventory: {name: container} with the addresses that changed."""

    def __init__(self, folder, inventory, nodes):
        self.folder, self.nodes = folder, nodes
        self.known = inventory["_meta"]["hostvars"]
        self.names = {name: name for name in nodes}  # {name in the inventory: container}
        self.head = inventory["head"]["hosts"][0]
        self.addresses = {}

    def write(self, head=None, names=None):
        names, head = names or self.names, head or self.head
        hosts = {name: {**self.known[box], **self.addresses.get(box, {})} for name, box in names.items()}
        groups = {"head": {head: hosts[head]}, "workers": {name: one for name, one in hosts.items() if name != head}}
        children = {name: {"hosts": members} for name, members in groups.items()}
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"children": {"cluster": {"children": children}}}}))
        return path

    def raylets(self):
        """Return {container: pids of its raylet, "" for none}."""
        return {name: " ".join(node.run("pgrep -x raylet").stdout.split()) for name, node in self.nodes.items()}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, inventory, nodes):
    yield Cluster(tmp_path_factory.mktemp("inventory"), inventory, nodes)
    print("\n| case | node | changed | Ray |\n| --- | --- | --- | --- |")
    for row in TABLE:
        print("| " + " | ".join(row) + " |")


@pytest.fixture
def change(cluster, saf_playbook):
    """Run a playbook with the present inventory; note what it changed on each node and whose Ray it restarted."""

    def run(case, playbook, extra=None, arguments=(), **written):
        before = cluster.raylets()
        names = written.get("names") or cluster.names
        done = saf_playbook(playbook, extra, inventories=[cluster.write(**written)], arguments=arguments, own_inventory=False)
        after = cluster.raylets()
        done.restarted = {box for box in after if before[box] != after[box]}
        for name, box in names.items():
            state = (
                "as before"
                if before[box] == after[box]
                else "started"
                if not before[box]
                else "restarted"
                if after[box]
                else "ended"
            )
            changed = done.counts.get(name, {}).get("changed")
            TABLE.append(
                (
                    case,
                    name,
                    "not in the run" if changed is None else str(changed),
                    state if before[box] or after[box] else "none",
                )
            )
        return done

    return run


def status(cluster, saf_playbook, **written):
    return saf_playbook("playbooks/status.yml", inventories=[cluster.write(**written)], own_inventory=False)


def admits(node, address):
    return address in node.check("nft list table inet saf")


def test_the_head_is_not_removed(change, cluster):
    done = change("remove the head", "playbooks/remove_node.yml", {"node": "head1", **CONFIRMED})
    assert done.rc != 0
    assert "head1 is the head. Make another node the head first" in done.words
    assert not done.restarted


def test_a_worker_leaves(change, cluster, nodes):
    done = change("remove worker2", "playbooks/remove_node.yml", {"node": "worker2", **CONFIRMED})
    assert done.rc == 0, done.output
    assert done.restarted == {"worker2"}
    assert "hosts.yml:" in done.words
    assert not nodes["worker2"].exists(nodes["worker2"].root)
    assert nodes["worker2"].run("nft list table inet saf").rc != 0
    for name in ("head1", "worker1"):
        assert not admits(nodes[name], nodes["worker2"].address)


def test_the_cluster_without_it_is_healthy(cluster, saf_playbook):
    cluster.names.pop("worker2")
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output


def test_a_worker_joins(change, cluster, nodes, saf_playbook):
    cluster.names["worker2"] = "worker2"
    done = change("add worker2", "site.yml", arguments=["--limit", "worker2"])
    assert done.rc == 0, done.output
    assert set(done.changed) == {"worker2"}
    assert done.restarted == {"worker2"}
    for name in ("head1", "worker1"):
        assert admits(nodes[name], nodes["worker2"].address)
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output


def test_a_second_run_on_all_changes_nothing(change):
    done = change("again, all nodes", "site.yml")
    assert (done.rc, done.changed, done.restarted) == (0, {}, set()), done.output


def test_a_worker_gets_another_name(change, cluster, nodes, saf_playbook):
    cluster.names = {"head1": "head1", "worker1": "worker1", "delta": "worker2"}
    done = change("rename worker2 to delta", "site.yml", arguments=["--limit", "delta"])
    assert done.rc == 0, done.output
    assert done.restarted == {"worker2"}
    assert nodes["worker2"].json(f"{nodes['worker2'].root}/etc/cluster.json")["node"] == "delta"
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output


def test_a_name_is_no_address(cluster, change):
    cluster.addresses["worker1"] = {"cluster_address": "worker1.local"}
    done = change("worker1 by a name", "playbooks/preflight.yml")
    cluster.addresses.clear()
    assert done.rc != 0
    assert "Set cluster_address to the IP address" in done.words
    assert "Nothing was changed" in done.words


def test_a_worker_gets_another_address(change, cluster, nodes, saf_playbook):
    worker = nodes["worker1"]
    address, link = worker.check("ip -o -4 addr show eth0 | awk 'NR == 1 {print $4}'").split("/")
    first, second = (".".join([*address.split(".")[:3], last]) for last in ("98", "99"))
    # The login of the scenario goes to the first address, so it stays; everything else leaves from the new one.
    subnet = worker.check("ip -4 route show dev eth0 scope link | awk 'NR == 1 {print $1}'")
    worker.check(f"ip addr add {first}/{link} dev eth0; ip route replace {subnet} dev eth0 src {first}")
    cluster.addresses["worker1"] = {"cluster_address": first}
    done = change("worker1 has another address", "site.yml", arguments=["--limit", "worker1"])
    assert done.rc == 0, done.output
    assert done.restarted == {"worker1"}
    # As by DHCP: nobody told the cluster.
    worker.check(f"ip addr add {second}/{link} dev eth0; ip route replace {subnet} dev eth0 src {second}")
    worker.check(f"ip addr del {first}/{link} dev eth0")
    done = status(cluster, saf_playbook)
    assert done.rc != 0
    assert f"its service was configured for {first}: set its cluster_address" in done.words
    cluster.addresses["worker1"] = {"cluster_address": second}
    done = change("worker1 has a third one", "site.yml", arguments=["--limit", "worker1"])
    assert done.rc == 0, done.output
    assert done.restarted == {"worker1"}
    assert not admits(nodes["head1"], first)
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output


def test_another_node_becomes_the_head(change, cluster, nodes, saf_playbook):
    done = change("worker1 becomes the head, one node", "site.yml", arguments=["--limit", "worker1"], head="worker1")
    assert done.rc != 0
    assert "without --limit" in done.words
    assert not done.restarted
    done = change("worker1 becomes the head", "site.yml", head="worker1")
    assert done.rc == 0, done.output
    assert done.restarted == {"head1", "worker1", "worker2"}
    cluster.head = "worker1"
    assert nodes["head1"].run("pgrep -x gcs_server").rc != 0
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output


def test_a_node_that_is_gone_is_forgotten(change, cluster, nodes, saf_playbook):
    done = change(
        "remove delta, which is gone", "playbooks/remove_node.yml", {"node": "delta", "node_is_gone": True, **CONFIRMED}
    )
    assert done.rc == 0, done.output
    assert "delta" not in done.changed
    assert "On delta everything is still there" in done.words
    assert nodes["worker2"].exists(nodes["worker2"].root)
    assert not admits(nodes["worker1"], nodes["worker2"].address)
    cluster.names.pop("delta")


def test_a_node_of_another_cluster_is_taken_over_when_that_is_said(change, cluster, nodes, saf_playbook):
    former = nodes["worker2"].json(f"{nodes['worker2'].root}/etc/cluster.json")["gcs"]
    nodes["worker2"].check(f"touch {nodes['worker2'].root}/ray/of_the_other_cluster")
    alone = {"head": "omega", "names": {"omega": "worker2"}}
    done = change("omega, of another cluster", "site.yml", **alone)
    assert done.rc != 0
    assert f"-e preflight_take_over={former}" in done.words
    assert not done.restarted
    done = change("omega, taken over", "site.yml", {"preflight_take_over": former}, **alone)
    assert done.rc == 0, done.output
    assert done.restarted == {"worker2"}
    assert not nodes["worker2"].exists(f"{nodes['worker2'].root}/ray/of_the_other_cluster")
    assert json.loads(nodes["worker2"].read(f"{nodes['worker2'].root}/etc/cluster.json"))["head"] == "omega"
    assert nodes["worker2"].run(f"grep -rl {former} {nodes['worker2'].root}/etc /etc/systemd/system").stdout == ""
    done = status(cluster, saf_playbook, **alone)
    assert done.rc == 0, done.output
    done = status(cluster, saf_playbook)
    assert done.rc == 0, done.output
