"""Prometheus on the head: it scrapes all nodes, each alert fires and clears for real, and nothing of it stays. In this order."""

import json
import re
import shlex
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest
import yaml
from tests.support import outsiders
from tests.support.waiting import wait_for

PLAY = "playbooks/monitoring.yml"
GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
LINK = "10.99.0.1"
# The patience of the rules is for people; here each of them waits for seconds.
SOON = {"for": "4s"}
LOOP = 'increase(node_systemd_service_restart_total{name=~"saf-(ray|gcs-store)[.]service"}[1m]) > 3'
ALERTS = {
    **dict.fromkeys(("SafNodeLost", "RayNodeSilent", "SafDiskNearlyFull", "SafLinkDown"), SOON),
    "SafRestartLoop": {"expr": LOOP},
}
SETTINGS = {"monitoring": True, "monitoring_scrape_seconds": 2, "monitoring_alerts": ALERTS}
# Status 1 is no failure of that unit: it is what `ray start` ends with when it is stopped.
DROP_IN = "/run/systemd/system/saf-ray.service.d/loop.conf"
# (alert, what happens to worker1, commands there; podman's own begin with "podman", commands that end it)
CASES = [
    ("RayNodeSilent", "Ray stopped", ["systemctl stop saf-ray"], ["systemctl start saf-ray"]),
    (
        "SafRestartLoop",
        "each start of Ray fails",
        [
            f"mkdir -p $(dirname {DROP_IN}) && printf '[Service]\\nExecStartPre=/bin/ls /nowhere\\n' >{DROP_IN}",
            "systemctl daemon-reload && systemctl --no-block restart saf-ray",
        ],
        [f"rm {DROP_IN} && systemctl daemon-reload && systemctl --no-block restart saf-ray"],
    ),
    (
        "SafDiskNearlyFull",
        "a tmpfs of 16 MiB filled to 97 %",
        ["mkdir -p /srv/small && mount -t tmpfs -o size=16m tmpfs /srv/small", "head -c 15900K /dev/zero >/srv/small/filler"],
        ["rm /srv/small/filler"],
    ),
    ("SafLinkDown", "the other end of the second link set down", ["ip link set spare1 down"], ["ip link set spare1 up"]),
    ("SafNodeLost", "the whole node frozen", ["podman pause"], ["podman unpause"]),
]
TIMES = []


@pytest.fixture(scope="module")
def worker(nodes):
    """The node that things happen to, with a second link."""
    node = nodes["worker1"]
    node.check("ip link show spare0 || ip link add spare0 type veth peer name spare1")
    node.check(f"ip address replace {LINK}/24 dev spare0 && ip link set spare0 up && ip link set spare1 up")
    yield node
    node.run("umount /srv/small; rmdir /srv/small; ip link delete spare0")


@pytest.fixture(scope="module")
def monitor(saf_playbook, worker, tmp_path_factory):
    """Run the playbook; settings beside those of all tests."""
    inventory = tmp_path_factory.mktemp("inventory") / "link.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {worker.name: {"links": {"spare": LINK}}}}}))

    done = saf_playbook("playbooks/firewall.yml", inventories=[inventory])  # the rules know the link's address from here on
    assert done.rc == 0, done.output

    def run(*arguments, **more):
        return saf_playbook(PLAY, {**SETTINGS, **more}, arguments=list(arguments), inventories=[inventory])

    return run


@pytest.fixture(scope="module")
def grafana(head):
    """A double of Grafana's package, in a source of apt."""
    head.check((Path(__file__).parent / "grafana_double.sh").read_text())
    yield
    head.run("rm -rf /srv/grafana /etc/apt/sources.list.d/grafana.list; groupdel grafana")


@pytest.fixture(scope="module")
def ask(head):
    """Ask the running Prometheus by HTTP, on its node."""

    def get(path, **parameters):
        url = f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        return json.loads(head.check(f"python3 -c {shlex.quote(GET)} {shlex.quote(url)}"))["data"]

    return get


def firing(ask, alert, host="worker1"):
    return ask("query", query=f'ALERTS{{alertname="{alert}",alertstate="firing",host="{host}"}}')["result"]


def state(node):
    """Return what a run could change on a node."""
    listed = "ls -l /etc/systemd/system /etc/grafana; cat /etc/passwd; dpkg-query -W -f '${Package} ${db:Status-Status}\\n'"
    return node.run(f"{listed}; ls -R {node.root}/monitoring; cat {node.manifest_path}; nft list table inet saf").stdout


def test_bad_requests_change_nothing(monitor, nodes, worker):
    before = {name: state(node) for name, node in nodes.items()}
    worker.check("systemd-run --unit=saf-test-taken python3 -m http.server 9100 --bind 127.0.0.1")
    wait_for(lambda: 9100 in worker.listening(), "the program on the port")
    taken = monitor()
    worker.check("systemctl stop saf-test-taken")
    unknown = monitor(monitoring_alerts={"SafNodeLots": {"for": "1m"}})
    limited = monitor("--limit", "head1")
    without = monitor(monitoring_grafana=True)
    for done, sentence in (
        (taken, "Port 9100 of worker1 is in use"),
        (unknown, "There is no alert SafNodeLots to change"),
        (without, "The package manager of head1 has no package grafana"),
        (limited, "Prometheus scrapes all nodes, and this run leaves out worker1: repeat it without --limit"),
    ):
        assert done.rc != 0, done.output
        assert f"Nothing was changed. {sentence}" in done.words, done.output
        assert not done.changed
    assert {name: state(node) for name, node in nodes.items()} == before


def test_without_opting_in_nothing_is_installed(monitor, nodes):
    before = {name: state(node) for name, node in nodes.items()}
    done = monitor(monitoring=False)
    assert done.rc == 0, done.output
    assert not done.changed
    assert {name: state(node) for name, node in nodes.items()} == before


def test_a_dry_run_changes_nothing_and_says_what_would_change(monitor, nodes):
    before = {name: state(node) for name, node in nodes.items()}
    done = monitor("--check")
    assert done.rc == 0, done.output
    assert set(done.changed) == set(nodes)
    assert {name: state(node) for name, node in nodes.items()} == before


def test_all_targets_are_up_and_nothing_listens_that_was_not_asked_for(monitor, ask, nodes, head):
    done = monitor()
    assert done.rc == 0, done.output
    assert "Prometheus on head1 scrapes head1, worker1" in done.words

    def targets():
        return {one["labels"]["job"] + " " + one["labels"]["instance"]: one["health"] for one in ask("targets")["activeTargets"]}

    wait_for(lambda: set(targets().values()) == {"up"}, lambda: f"all targets: {targets()}", seconds=60)
    print("\n" + "\n".join(sorted(targets())))
    # node_exporter of both, Ray of both, autoscaler and dashboard of the head, Prometheus itself
    assert len(targets()) == 2 + 2 + 2 + 1
    for node in nodes.values():
        listening = node.listening()
        assert listening[9100] == {node.address}
        assert listening.get(9090, set()) == ({"127.0.0.1"} if node is head else set())
        for unit in ("prometheus-node-exporter", *(["prometheus"] if node is head else [])):
            assert node.run(f"systemctl is-enabled {unit}.service").stdout.strip() == "masked"
        assert node.owner_of(node.check("systemctl show saf-node-exporter -p MainPID --value")) == "saf-monitor"
    links = {
        one["metric"]["link"]: one["metric"]["device"] for one in ask("query", query='saf_link_info{host="worker1"}')["result"]
    }
    assert links == {"default": "eth0", "spare": "spare0"}


def test_a_second_run_changes_nothing(monitor):
    for arguments in ([], ["--check"]):
        done = monitor(*arguments)
        assert done.rc == 0, done.output
        assert not done.changed, done.output


def test_strangers_do_not_reach_the_ports(nodes, head):
    outsider = outsiders.Outsider(head.vars["molecule_prefix"], "stranger", head.name)
    try:
        assert outsider.scan([[node.address, 9100] for node in nodes.values()]) == ["dropped", "dropped"]
    finally:
        outsider.remove()


def test_the_audit_knows_the_ports(saf_playbook):
    done = saf_playbook("playbooks/audit.yml", SETTINGS)
    assert done.rc in (0, 1, 2), done.output
    assert not re.search(r"\b(9100|9090)\b", done.output), done.output


def test_every_query_about_nodes_returns_data(ask, root, saf_playbook):
    dashboard = json.loads((root / "monitoring" / "grafana-nodes.json").read_text())
    expressions = [one["expr"] for panel in dashboard["panels"] for one in panel.get("targets", [])]
    assert len(expressions) >= 15
    smoke = saf_playbook("playbooks/smoke.yml")  # Ray counts tasks from the first one on
    assert smoke.rc == 0, smoke.output

    def empty():
        made = [one.replace("$__rate_interval", "1m").replace("$host", ".*") for one in expressions]
        return [one for one in made if not ask("query", query=one)["result"]]

    wait_for(lambda: not empty(), lambda: f"series of {empty()}", seconds=120)


def test_a_rule_that_prometheus_refuses_leaves_it_at_work(monitor, ask):
    done = monitor(monitoring_alerts={"SafNodeLost": {"expr": "up ==== 0"}})
    assert done.rc != 0
    assert "it refuses the rules with the changes of monitoring_alerts" in done.words
    assert ask("rules")["groups"]


def test_grafana_gets_its_data_source_and_dashboards(monitor, grafana, head, root):
    """By a double of the package: which files it would read and where it would listen, not what it makes of them."""
    done = monitor(monitoring_grafana=True)
    assert done.rc == 0, done.output
    assert head.listening()[3000] == {"127.0.0.1"}
    source = yaml.safe_load(head.read("/etc/grafana/provisioning/datasources/saf.yml"))["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://127.0.0.1:9090")
    folder = yaml.safe_load(head.read("/etc/grafana/provisioning/dashboards/saf.yml"))["providers"][0]["options"]["path"]
    for name in ("grafana-dashboard.json", "grafana-nodes.json"):
        assert head.json(f"{folder}/{name}") == json.loads((root / "monitoring" / name).read_text())
    again = monitor(monitoring_grafana=True)
    assert not again.changed, again.output
    off = monitor()
    assert off.rc == 0, off.output
    assert 3000 not in head.listening()
    assert not head.exists("/etc/grafana/provisioning/datasources/saf.yml")


@pytest.mark.parametrize(("alert", "what", "breaking", "mending"), CASES, ids=[case[0] for case in CASES])
def test_an_alert_fires_and_clears(ask, worker, head, alert, what, breaking, mending):
    def do(commands):
        for command in commands:
            if command.startswith("podman"):
                container = f"{worker.vars['molecule_prefix']}-{worker.name}"
                subprocess.run([*command.split(), container], check=True, capture_output=True, timeout=60)
            else:
                worker.check(command)

    assert not firing(ask, alert)
    begun = time.monotonic()
    try:
        do(breaking)
        wait_for(lambda: firing(ask, alert), f"{alert} to fire", seconds=120)
        fired = time.monotonic() - begun
        # It is about this node alone.
        assert not firing(ask, alert, head.name)
    finally:
        do(mending)
    mended = time.monotonic()
    wait_for(lambda: not firing(ask, alert), f"{alert} to clear", seconds=240)
    TIMES.append((alert, what, fired, time.monotonic() - mended))


def test_the_table_of_alerts(head):
    assert [row[0] for row in TIMES] == [case[0] for case in CASES]
    print(f"\n{'alert':18} {'what happened to worker1':42} {'fired':>8} {'cleared':>8}")
    for alert, what, fired, cleared in TIMES:
        print(f"{alert:18} {what:42} {fired:6.0f} s {cleared:6.0f} s")


def test_monitoring_off_removes_it(monitor, nodes):
    done = monitor(monitoring=False)
    assert done.rc == 0, done.output
    for node in nodes.values():
        assert not {9090, 9100} & set(node.listening())
        assert not node.exists(f"{node.root}/monitoring")
        assert "9100" not in node.check("nft list table inet saf")
    assert not monitor(monitoring=False).changed


def test_a_reset_undoes_all_of_it(monitor, saf_playbook, nodes):
    done = monitor()
    assert done.rc == 0, done.output
    done = saf_playbook("playbooks/reset.yml", {"reset_confirm": "yes"})
    assert done.rc == 0, done.output
    for node in nodes.values():
        left = node.check("ls /etc/systemd/system /run; cat /etc/passwd; dpkg-query -W -f '${Package} ${db:Status-Status}\\n'")
        assert not re.search(r"prometheus.* installed|saf-monitor|saf-prometheus|saf-node-exporter|prometheus.*[.]service", left)
        assert not re.search("(?m)^prometheus:", left), "the package's account"
        assert not node.exists(node.root)
        assert not node.exists("/var/lib/prometheus")
