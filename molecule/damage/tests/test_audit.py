"""What a stranger leaves on a node is found by audit.yml, until it is removed."""

import json

import pytest
from tests.support import playbooks

# The traces of attacks on open Ray clusters: cron, a unit, keys, sudo, a listener, a process that takes the CPU.
PLANT = """
echo '*/15 * * * * saf /var/tmp/dns-filter' >/etc/cron.d/dns-filter
printf '[Service]\\nUser=saf\\nExecStart=/var/tmp/dns-filter\\n' >/etc/systemd/system/dns-filter.service
mkdir -p {root}/.ssh
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhZQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC stranger' >{root}/.ssh/authorized_keys
echo 'saf ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-stranger
cp /bin/true {root}/etc/stranger && chmod 4755 {root}/etc/stranger
cd / && setsid setpriv --reuid saf --regid saf --clear-groups python3 -m http.server 4444 >/dev/null 2>&1 </dev/null &
cd / && setsid setpriv --reuid saf --regid saf --clear-groups python3 -c 'while True: pass' >/dev/null 2>&1 </dev/null &
"""
REMOVE = """
rm -rf /etc/cron.d/dns-filter /etc/systemd/system/dns-filter.service {root}/.ssh /etc/sudoers.d/zz-stranger {root}/etc/stranger
for folder in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' <$folder/cmdline 2>/dev/null)" in
    'python3 -m http.server 4444 '*|'python3 -c while True: pass '*) kill ${{folder#/proc/}} ;;
  esac
done
"""
FOUND = {
    "file",
    "key",
    "listener-undocumented",
    "process",
    "starts-by-itself",
    "sudo",
}


@pytest.fixture
def audit(tmp_path):
    """Return the document of an audit of the cluster."""

    def run():
        file = tmp_path / "audit.json"
        done = playbooks.run("playbooks/audit.yml", {"audit_file": str(file)})
        document = json.loads(file.read_text())
        assert done.rc == document["exit_code"], done.output
        # Rules that differ are what the packet filter would change.
        differs = any(one["id"].startswith("packet-filter/") for one in document["findings"])
        assert differs or not done.changed, done.output
        return document, done.output

    return run


def ids(document, node=""):
    return {one["id"] for one in document["findings"] if node in one["id"].split("/")[1:2] or not node}


def test_what_a_stranger_leaves_is_found_and_gone_when_it_is_removed(nodes, audit):
    worker = nodes["worker1"]
    before, output = audit()
    # Known faults of the stack aside, a healthy cluster has nothing; the controller of a scenario is a stranger to it.
    assert {one for one in ids(before) if not one.startswith("advisory/")} == set(), output
    assert before["gaps"] == [], output
    assert before["places"]["controller"] == ["stranger"]
    assert before["shields"][0] == "firewall"
    try:
        worker.check(PLANT.format(root=worker.root))
        after, output = audit()
    finally:
        worker.check(REMOVE.format(root=worker.root))
    assert after["verdict"] == "findings"
    assert {one.split("/")[0] for one in ids(after, "worker1")} >= FOUND, output
    planted = [one for one in after["findings"] if one["id"].startswith(("process/", "starts-by-itself/"))]
    assert len(planted) == 4, output
    assert any("% of a core" in one["what"] for one in planted), output
    assert ids(after, "head1") == ids(before, "head1")
    assert "/etc/cron.d/dns-filter" in output
    clean, output = audit()
    assert ids(clean) == ids(before), output


def test_ports_that_answer_strangers_are_never_called_safe(nodes, audit):
    """Without the rules of the packet filter the controller, a stranger, reaches what runs jobs."""
    worker = nodes["worker1"]
    # Its timer would load the rules again in the middle of the audit.
    worker.check(
        "systemctl stop saf-firewall-check.timer && nft list table inet saf >/tmp/saf-rules && nft delete table inet saf"
    )
    try:
        document, output = audit()
    finally:
        worker.check("nft -f /tmp/saf-rules && rm /tmp/saf-rules && systemctl start saf-firewall-check.timer")
    found = ids(document, "worker1")
    assert {"packet-filter/worker1", "port-answers/worker1/stranger-runs-code"} <= found, output
    assert "job-without-token/worker1/6384-stranger" in found, output
    assert document["shields"] == []
    assert "advisory/CVE-2023-48022" in ids(document)
