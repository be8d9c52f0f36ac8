"""A damaged Mac is repaired: automatically if a service died, by site.yml if something was changed."""

import subprocess

import pytest
from tests.support.waiting import wait_for

RAY = "org.studio-air-fabric.ray"
CELLAR = "/opt/homebrew/Cellar"
TAP = "/opt/homebrew/Library/Taps/studio-air-fabric/homebrew-pins/Formula/python@3.9.rb"


@pytest.fixture
def site(saf_playbook, wheels):
    def run(*arguments, **extra):
        return saf_playbook("site.yml", {**wheels, **extra}, arguments=list(arguments))

    return run


def test_a_node_whose_children_ended_comes_back_without_a_human(nodes, ray):
    """`ray start --block` outlives a graceful end of its children; ray_start.py ends it, and launchd starts it again."""
    beta = nodes["beta"]
    supervisor = beta.service.pid
    beta.check("pkill -TERM -f '[r]aylet/raylet --raylet'")
    wait_for(lambda: beta.service.pid not in (0, None, supervisor), "launchd to start Ray again", 60)
    ray.wait_until_alive([beta.address])
    assert "Ended: raylet with " in beta.read(f"{beta.root}/log/ray.log")
    log = beta.check("cat /var/log/saf-ray-watchdog.log 2>/dev/null || true")
    assert "has left the cluster" not in log, "the watchdog was not needed"


def test_what_was_changed_by_hand_is_mended_in_one_run(nodes, site):
    """An edited tap file, a library of Python's gone, a plist of another program, a service switched off in Login Items."""
    alpha, beta = nodes["alpha"], nodes["beta"]
    alpha.check(f"echo '# mine' >>{TAP}")
    alpha.check(f"rm -rf {CELLAR}/xz {CELLAR}/../opt/xz")
    beta.check(f"chown admin /Library/LaunchDaemons/{RAY}.plist")
    beta.check(f"launchctl bootout system/{RAY}; launchctl disable system/{RAY}")
    wait_for(lambda: not beta.service.is_known, "beta's Ray to be unloaded", 60)
    mended = site("--diff")
    assert mended.rc == 0, mended.output
    assert "-# mine" in mended.output
    assert "was disabled" in mended.words
    assert "# mine" not in alpha.read(TAP)
    assert alpha.exists(f"{CELLAR}/../opt/xz/lib")
    assert beta.check(f"stat -c '%U:%G' /Library/LaunchDaemons/{RAY}.plist") == "root:wheel"
    assert beta.service.is_running
    assert beta.service.is_enabled


def test_a_changed_definition_is_loaded_not_only_written(nodes, saf_playbook, wheels, set_up):
    """kickstart would start the old snapshot. The firewall is on meanwhile, for the test behind this one."""
    set_up("beta", firewall=1)
    before = {name: node.service.pid for name, node in nodes.items()}
    changed = saf_playbook("playbooks/ray.yml", {**wheels, "ray_resources": {"fast_disk": 1}})
    assert changed.rc == 0, changed.output
    for name, node in nodes.items():
        assert node.service.pid != before[name]
        assert "fast_disk" in node.check(f"launchctl print system/{RAY}")


def test_a_limit_of_the_gpu_memory_is_taken_back(nodes, saf_playbook, wheels):
    beta, path = nodes["beta"], "/Library/LaunchDaemons/org.studio-air-fabric.gpu-wired-limit.plist"
    for limit in (98304, 0):
        done = saf_playbook(
            "playbooks/provision.yml", {**wheels, "node_gpu_wired_limit_mb": limit}, arguments=["--limit", "beta"]
        )
        assert done.rc == 0, done.output
        assert beta.check("sysctl -n iogpu.wired_limit_mb") == str(limit)
        assert beta.exists(path) is bool(limit)
    again = saf_playbook("playbooks/provision.yml", wheels, arguments=["--limit", "beta"])
    assert not again.changed


def test_the_firewall_lets_the_real_listeners_through(nodes):
    """It filters by program: never bin/python3.9, which only starts another one. alpha's firewall is off."""
    list_apps = "/usr/libexec/ApplicationFirewall/socketfilterfw --listapps"
    apps = nodes["beta"].check(list_apps)
    for program in ("raylet/raylet ", "gcs/gcs_server ", "Resources/Python.app "):
        assert program in apps
    assert "total number of apps = 0" in nodes["alpha"].check(list_apps).lower()


def answers(node):
    """Return whether a login to a node works; testinfra raises where SSH itself fails."""
    try:
        return node.run("true").rc == 0
    except RuntimeError:
        return False


def test_a_reboot_brings_the_cluster_back(nodes, ray):
    beta = nodes["beta"]
    prefix = beta.vars["molecule_prefix"]
    # Process 1 ends, and with it the container: podman starts it again as power would.
    subprocess.run(["podman", "restart", "--time", "20", f"{prefix}-beta"], check=True, capture_output=True)
    port = subprocess.run(["podman", "port", f"{prefix}-beta", "22"], check=True, capture_output=True, text=True).stdout
    assert port.strip().endswith(str(beta.vars["ansible_port"])), "podman gave the container another port"
    wait_for(lambda: answers(beta), "SSH after the restart", 60)
    # The GCS may not have missed it yet: what runs there counts first.
    wait_for(lambda: beta.run("pgrep -f '[r]aylet/raylet --raylet'").rc == 0, "Ray to run again", 120)
    ray.wait_until_alive([node.address for node in nodes.values()])
