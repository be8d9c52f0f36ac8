"""One cluster of two systems: each in its own way, and the same to Ray."""

import json

from tests.support import settings
from tests.support.waiting import wait_for


def test_each_system_has_its_own_supervisor_and_the_cluster_is_healthy(saf_playbook):
    status = saf_playbook("playbooks/status.yml")
    assert status.rc == 0, status.output
    document = json.loads((settings.results() / "status.json").read_text())
    assert {node["name"]: node["service"]["manager"] for node in document["nodes"]} == {"alpha": "launchd", "gamma": "systemd"}
    assert {node["venv"]["python_version"] for node in document["nodes"]} == {"3.9.23"}


def test_each_python_comes_from_where_its_system_has_it(nodes):
    homes = {name: node.check(f"sed -n 's/^home = //p' {node.root}/current/pyvenv.cfg") for name, node in nodes.items()}
    assert homes["alpha"].startswith("/opt/homebrew/Cellar/python@3.9/3.9.23_1/")
    assert homes["gamma"].startswith("/opt/python/3.9.23/")


def test_tasks_run_on_both(saf_playbook):
    smoke = saf_playbook("playbooks/smoke.yml")
    assert smoke.rc == 0, smoke.output
    assert "alpha:" in smoke.output
    assert "gamma:" in smoke.output


def test_the_watchdog_looks_at_either_service(nodes):
    for node in nodes.values():
        state, pid = "/var/run/saf-ray-watchdog.json", node.service.pid
        wait_for(lambda: node.exists(state) and node.json(state)["pid"] == pid, f"a look at {node}", 60)  # noqa: B023 within the loop
    assert nodes["gamma"].check("systemctl is-active saf-ray-watchdog.timer") == "active"
    journal = nodes["gamma"].check("journalctl --unit saf-ray-watchdog.service --output cat")
    assert "Finished" not in journal, "a line a look would fill the journal"


def test_object_stores_are_of_one_size(ray):
    """A Mac may not have more than 2 GiB, so nobody has."""
    sizes = {resources["object_store_memory"] for resources in ray.alive().values()}
    assert sizes == {2147483648.0}


def mtu(node):
    return int(node.check("cat /sys/class/net/eth0/mtu"))


def test_frames_that_the_path_does_not_carry_are_taken_back(saf_playbook, nodes):
    """The interfaces take 9000 bytes, the bridge between them drops what is longer than 1500."""
    refused = saf_playbook("playbooks/tune_network.yml", {"network_mtu": 9000})
    assert refused.rc != 0
    assert "Packets of 9000 bytes from" in refused.words
    assert {name: mtu(node) for name, node in nodes.items()} == {"alpha": 1500, "gamma": 1500}


def test_frames_that_it_carries_stay(saf_playbook, nodes):
    tuned = saf_playbook("playbooks/tune_network.yml", {"network_mtu": 1400})
    assert tuned.rc == 0, tuned.output
    assert {mtu(node) for node in nodes.values()} == {1400}
    assert not saf_playbook("playbooks/tune_network.yml", {"network_mtu": 1400}).changed


def test_conda_makes_the_interpreter_where_it_is_asked_to(saf_playbook, nodes):
    """The conda of this node is a double: it checks the pinned build and the channel, and makes a real interpreter."""
    gamma = nodes["gamma"]
    double = (settings.ROOT / "tests" / "fakemac" / "conda.sh").read_text()
    maker = (settings.ROOT / "tests" / "fakemac" / "make_python.sh").read_text()
    for path, text in (("/usr/local/bin/micromamba", double), ("/usr/local/lib/make_python.sh", maker)):
        gamma.check(f"cat >{path} <<'END'\n{text}END\nchmod 755 {path}")
    made = saf_playbook("molecule/mixed/python.yml", {"python_provider": "conda"})
    assert made.rc == 0, made.output
    assert gamma.check("/opt/saf/python/3.9.23-conda/bin/python3 -V -c 0; echo done").endswith("done")
    assert "/opt/saf/python/3.9.23-conda/bin/python3" in made.output
    assert not saf_playbook("molecule/mixed/python.yml", {"python_provider": "conda"}).changed
    gamma.check("rm /usr/local/bin/micromamba")
    refused = saf_playbook("molecule/mixed/python.yml", {"python_provider": "conda"})
    assert refused.rc != 0
    assert "neither micromamba nor mamba nor conda" in refused.words


def test_reset_gives_the_network_back(saf_playbook, nodes):
    reset = saf_playbook("playbooks/reset.yml", {"reset_confirm": "yes"})
    assert reset.rc == 0, reset.output
    assert {mtu(node) for node in nodes.values()} == {1500}
    assert not any(node.exists("/opt/saf") for node in nodes.values())
    assert nodes["gamma"].run("systemctl cat saf-ray-watchdog.timer").rc != 0
