"""Three containers with the stack `current`, whose Ray asks for a token: refused, run, used, damaged, removed. In this order."""

import hashlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.support import playbooks, settings
from tests.support.waiting import wait_for

PREFIX = f"saf-{hashlib.sha256(str(settings.ROOT).encode()).hexdigest()[:6]}-containers"
NAMES = [f"{PREFIX}-head", f"{PREFIX}-worker1", f"{PREFIX}-worker2"]
# None that a cluster on this machine has.
PORTS = {"ray_port": 26380, "ray_dashboard_port": 28265, "ray_client_port": 20001}
CA = Path("/etc/ssl/certs/ca-certificates.crt")


def project():
    return settings.ephemeral() / "project"


def environment():
    folder = settings.ephemeral()
    return {
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "XDG_DATA_HOME": str(folder / "data"),
    }


def play(*arguments, **variables):
    known = {
        **{"stack": "current", "containers_build": True, "containers_base_image": f"localhost/{PREFIX}-base"},
        **{"containers_project": PREFIX, "containers_dir": str(project()), "containers_shm_mib": 256, **PORTS},
        **({"ca_bundle": str(CA)} if CA.exists() else {}),
        **variables,
    }
    inventory = settings.ROOT / "inventory" / "local"
    return playbooks.run(
        "playbooks/containers.yml", known, [inventory], arguments=arguments, own_inventory=False, env=environment()
    )


def podman(*arguments):
    line = ["podman", *arguments]
    done = subprocess.run(line, env={**os.environ, **environment()}, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout.strip()


def inspected(name):
    return json.loads(podman("inspect", "--type", "container", name))[0]


def traces():
    """Return everything of the project that is on this machine."""
    filters = ["--filter", f"label=org.studio-air-fabric.project={PREFIX}"]
    return {
        "containers": podman("ps", "--all", "--quiet", "--filter", f"name=^{PREFIX}-").split(),
        "pods": podman("pod", "ls", "--quiet", "--filter", f"name={PREFIX}").split(),
        "networks": podman("network", "ls", "--quiet", "--filter", f"name={PREFIX}").split(),
        "images": podman("images", "--quiet", *filters).split(),
        "folder": project().exists(),
    }


def alive():
    """Return the nodes that are alive, as `ray status` in the head's container lists them."""
    said = podman("exec", NAMES[0], "ray", "status")
    return said.partition("Active:")[2].partition("Pending:")[0].count("node_")


def wait_until_whole():
    wait_for(lambda: alive() == len(NAMES), lambda: podman("exec", NAMES[0], "ray", "status") or "no answer", 180)


NOTHING = {"containers": [], "pods": [], "networks": [], "images": [], "folder": False}


@pytest.fixture(scope="module")
def up():
    """The project, run once for the stages below."""
    done = play()
    assert done.rc == 0, done.output[-3000:]
    assert done.changed
    return done


def test_a_taken_port_is_one_sentence_and_nothing_is_made():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", PORTS["ray_dashboard_port"]))
        taken.listen()
        done = play()
    assert done.rc != 0
    assert "listens on 127.0.0.1 at 28265 (ray_dashboard_port)" in done.words
    assert traces() == NOTHING


def test_too_many_containers_are_refused_and_nothing_is_made():
    done = play(containers_workers=5000)
    assert done.rc != 0
    assert "5001 containers need" in done.words
    assert traces() == NOTHING


def test_an_image_that_cannot_be_pulled_is_one_sentence_and_nothing_runs():
    done = play(containers_build=False, containers_image="localhost:1/no/such:image")
    assert done.rc != 0
    assert "The image localhost:1/no/such:image could not be pulled" in done.words
    assert traces()["containers"] == traces()["networks"] == []


def test_check_mode_reports_the_plan_and_makes_nothing():
    play(containers_state="absent")
    done = play("--check", "--diff")
    assert done.rc == 0, done.output[-3000:]
    assert done.changed
    assert f"{PREFIX}-worker2" in done.output
    assert traces() == NOTHING


def test_the_cluster_has_all_containers(up):
    assert alive() == len(NAMES), up.output[-2000:]
    print(podman("exec", NAMES[0], "ray", "status"))


def test_a_second_run_changes_nothing(up):
    started = [inspected(name)["State"]["StartedAt"] for name in NAMES]
    done = play()
    assert (done.rc, done.changed) == (0, {}), done.output[-3000:]
    assert [inspected(name)["State"]["StartedAt"] for name in NAMES] == started
    assert play("--check").changed == {}


def test_a_task_runs_in_every_container(up):
    done = play(containers_action="smoke")
    assert done.rc == 0, done.output[-3000:]
    mlx = settings.stack("current")["pins"]["mlx"]
    for name in NAMES:
        assert f"{name}: MLX {mlx}, user 1000, result 256" in done.words
    assert done.changed == {}
    print(done.output)


def test_the_status_names_containers_and_members(up):
    done = play(containers_action="status")
    assert done.rc == 0, done.output[-3000:]
    for name in NAMES:
        assert f"{name}: running" in done.words
    assert f"Ray {settings.stack('current')['pins']['ray']}" in done.words
    assert done.changed == {}
    print(done.output)


def test_only_the_loopback_address_has_ports(up):
    published = podman("port", NAMES[0]).splitlines()
    assert sorted(published) == sorted(f"{port}/tcp -> 127.0.0.1:{port}" for port in PORTS.values())
    assert [podman("port", name) for name in NAMES[1:]] == ["", ""]
    listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    mine = {line.split()[3] for line in listening.splitlines() if int(line.split()[3].rpartition(":")[2]) in PORTS.values()}
    assert mine <= {f"127.0.0.1:{port}" for port in PORTS.values()}


def test_no_container_has_root_or_more_rights(up):
    for name in NAMES:
        config = inspected(name)
        assert config["Config"]["User"] == "1000"
        assert config["HostConfig"]["Privileged"] is False
        assert config["EffectiveCaps"] in ([], None)
        assert config["HostConfig"]["ShmSize"] == 256 * 2**20
        status = Path(f"/proc/{config['State']['Pid']}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert {line.split()[1] for line in status.splitlines() if line.startswith("Uid:")} == {"1000"}


def test_the_health_check_passes_in_every_container(up):
    for name in NAMES:
        done = subprocess.run(
            ["podman", "healthcheck", "run", name],
            env={**os.environ, **environment()},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (name, done.stdout, done.stderr)


def test_without_the_token_ray_refuses(up):
    url = f"http://127.0.0.1:{PORTS['ray_dashboard_port']}/api/jobs/"
    said = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url], capture_output=True, text=True, check=True
    )
    assert said.stdout == "401"
    assert "RAY_AUTH_TOKEN" not in (project() / "compose.yml").read_text()
    assert (project() / "token.env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [NAMES[1], NAMES[0]], ids=["worker", "head"])
def test_a_killed_container_comes_back(up, name):
    """As by a fault: an engine does not restart what a person has stopped."""
    before = inspected(name)["State"]["Pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: inspected(name)["State"]["Pid"] not in (0, before), lambda: f"{name} to be restarted", 60)
    wait_until_whole()


def test_a_removed_container_is_made_again_and_the_others_stay(up):
    podman("rm", "--force", "--time=0", NAMES[2])
    started = inspected(NAMES[0])["State"]["StartedAt"]
    done = play()
    assert (done.rc, bool(done.changed)) == (0, True), done.output[-3000:]
    assert inspected(NAMES[0])["State"]["StartedAt"] == started
    wait_until_whole()


def test_another_number_of_workers_leaves_no_container_behind(up):
    done = play(containers_workers=1)
    assert done.rc == 0, done.output[-3000:]
    assert len(traces()["containers"]) == 2
    assert set(yaml.safe_load((project() / "compose.yml").read_text())["services"]) == {"head", "worker1"}


def test_absent_leaves_nothing_and_is_done_once(up):
    planned = play("--check", containers_state="absent")
    assert (planned.rc, bool(planned.changed)) == (0, True), planned.output[-3000:]
    assert len(traces()["containers"]) == 2
    done = play(containers_state="absent")
    assert (done.rc, bool(done.changed)) == (0, True), done.output[-3000:]
    assert traces() == NOTHING
    again = play(containers_state="absent")
    assert (again.rc, again.changed) == (0, {}), again.output[-3000:]
