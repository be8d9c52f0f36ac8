"""In this order: a refused reset, a dry one, a real one, the proof, a second one, the cluster again in a root that was there."""

import pytest

CONFIRMED = {"reset_confirm": "yes"}


def traces(node):
    """Return what could be left of a cluster on a node, found without the manifest."""
    user = node.vars["cluster_user"]
    look = {
        "root": f"ls -d {node.root}",
        "unit": "systemctl cat saf-ray.service",
        "unit file": "ls /etc/systemd/system/saf-ray.service /etc/systemd/system/*.wants/saf-ray.service",
        "packet filter": "nft list table inet saf; ls /etc/saf-firewall.nft /etc/systemd/system/saf-firewall* /run/saf-firewall",
        "account": f"getent passwd {user}",
        "group": f"getent group {user}",
        "processes": f"pgrep -f '^{node.root}/'",
        "files of the account": f"find / -xdev -user {user} -not -path '/proc/*'",
        "temporary files": "find /tmp /dev/shm -iname '*ray*' -o -iname 'saf*' -o -iname 'plasma*'",
    }
    answers = {name: node.run(command).stdout.strip() for name, command in look.items()}
    return {name: text for name, text in answers.items() if text}


def foreign(nodes):
    """Return what a reset has no business with, of each node."""
    look = "cat /etc/systemd/system/foreign.service; getent passwd admin"
    return {name: node.check(look) for name, node in nodes.items()}


@pytest.fixture(scope="module")
def before(nodes):
    return foreign(nodes)


def test_reset_without_the_word_is_refused(saf_playbook, nodes, before):
    refused = saf_playbook("playbooks/reset.yml")
    assert refused.rc != 0
    assert "reset_confirm" in refused.words
    assert all(node.service.is_running for node in nodes.values())


def test_dry_reset_lists_and_leaves_everything(saf_playbook, nodes):
    dry = saf_playbook("playbooks/reset.yml", CONFIRMED, arguments=["--check", "--diff"])
    assert dry.rc == 0, dry.output
    assert next(iter(nodes.values())).root in dry.words
    assert all(node.service.is_running for node in nodes.values())


def test_reset_succeeds(saf_playbook, nodes):
    reset = saf_playbook("playbooks/reset.yml", CONFIRMED)
    assert reset.rc == 0, reset.output
    assert set(reset.changed) >= set(nodes)


def test_nothing_is_left(node):
    assert traces(node) == {}


def test_package_that_was_installed_is_gone_and_others_stay(nodes):
    assert nodes["worker2"].run("command -v iperf3").rc != 0
    assert nodes["worker1"].run("command -v iperf3").rc == 0


def test_what_is_not_ours_is_untouched(nodes, before):
    assert foreign(nodes) == before


def test_second_reset_changes_nothing(saf_playbook):
    again = saf_playbook("playbooks/reset.yml", CONFIRMED)
    assert again.rc == 0, again.output
    assert not again.changed


def test_cluster_can_be_made_again(saf_playbook, ray, nodes):
    # This time the root of one node is not created by the role: an external disk, a separate file system.
    nodes["worker1"].check(f"install -d {nodes['worker1'].root} && touch {nodes['worker1'].root}/theirs")
    made = saf_playbook("site.yml")
    assert made.rc == 0, made.output
    assert len(ray.alive()) == len(nodes)
    assert saf_playbook("playbooks/status.yml").rc == 0


def test_a_root_that_was_there_before_stays_without_anything_of_ours(saf_playbook, nodes):
    reset = saf_playbook("playbooks/reset.yml", CONFIRMED)
    assert reset.rc == 0, reset.output
    assert nodes["worker1"].check(f"ls -A {nodes['worker1'].root}") == "theirs"
    assert not nodes["worker2"].exists(nodes["worker2"].root)
