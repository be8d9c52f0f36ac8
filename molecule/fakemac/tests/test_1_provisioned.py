"""What site.yml made of two Macs: the pinned Python, the daemons, the settings; what it must not have touched."""

import json
import plistlib
import shlex

from tests.support import accounts, settings

RAY = "org.studio-air-fabric.ray"
WATCHDOG = "org.studio-air-fabric.ray-watchdog"


def plist(node, label):
    return plistlib.loads(node.read(f"/Library/LaunchDaemons/{label}.plist").encode())


def test_the_python_is_the_pinned_bottle_and_stays(node):
    assert node.check("ls /opt/homebrew/Cellar/python@3.9") == "3.9.23_1"
    receipt = node.json("/opt/homebrew/Cellar/python@3.9/3.9.23_1/INSTALL_RECEIPT.json")
    assert receipt["source"]["tap"] == "studio-air-fabric/pins"
    assert node.exists("/opt/homebrew/var/homebrew/pinned/python@3.9")
    trust = json.loads(node.check("cat ~admin/.homebrew/trust.json"))
    assert trust["trustedformulae"] == ["studio-air-fabric/pins/python@3.9"]
    assert node.check("stat -c %U /opt/homebrew/Library/Taps/studio-air-fabric/homebrew-pins/Formula/python@3.9.rb") == "admin"


def test_brew_never_removes_what_python_needs(node):
    """A month later, in a shell for which the formula is not trusted: a cleanup takes whatever nobody asked for."""
    done = node.check("runuser -u admin -- env HOME=/home/admin XDG_CONFIG_HOME=/nowhere /opt/homebrew/bin/brew autoremove 2>&1")
    assert "Skipping python@3.9: tap formula is not trusted" in done
    source = "import ssl, sqlite3, lzma, _decimal, ctypes; print('whole')"
    assert node.script("/opt/homebrew/opt/python@3.9/bin/python3.9", source).strip() == "whole"


def test_homebrew_stays_on_its_stable_branch(node):
    assert "disabled" in node.check("runuser -u admin -- env HOME=/home/admin /opt/homebrew/bin/brew developer")


def test_the_venv_does_not_follow_a_brew_upgrade(node):
    """Homebrew's opt link moves with an upgrade, the keg does not."""
    assert "home = /opt/homebrew/Cellar/python@3.9/3.9.23_1/" in node.read(f"{node.root}/current/pyvenv.cfg")
    assert node.script(node.python, "import platform; print(platform.python_version())").strip() == "3.9.23"


def test_the_daemon_is_one_that_macos_accepts_and_does_not_throttle(node):
    path = f"/Library/LaunchDaemons/{RAY}.plist"
    assert node.check(f"stat -c '%U:%G %a' {path}") == "root:wheel 644"
    job = plist(node, RAY)
    assert job["UserName"] == "saf"
    assert job["ProcessType"] == "Interactive"
    assert job["ExitTimeOut"] == 45
    assert "--block" in job["ProgramArguments"]
    assert "AbandonProcessGroup" not in job
    assert all(isinstance(value, str) for value in job["EnvironmentVariables"].values())
    assert job["EnvironmentVariables"]["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "1"
    raylet = node.check("ps axo ni,user,args | grep '[r]aylet/raylet --raylet'").split()
    assert raylet[:2] == ["0", "saf"], "the double runs a throttled job with a niceness of 10"


def test_limits_are_raised_for_ray_alone(node):
    assert node.check("sysctl -n kern.maxfiles") == "122880"
    pid = node.service.pid
    assert "16384" in node.check(f"grep 'Max open files' /proc/{pid}/limits").split()


def test_logs_belong_to_the_service_and_are_rotated(node):
    assert node.check(f"stat -c %U {node.root}/log/ray.log") == "saf"
    assert f"{node.root}/log/ray.log" in node.read("/etc/newsyslog.d/saf.conf")


def test_both_daemons_are_loaded_and_enabled(node):
    assert node.service.is_running
    assert node.service.is_enabled
    assert node.run(f"launchctl print system/{WATCHDOG}").rc == 0


def test_root_runs_the_watchdog_on_what_is_roots(node):
    """The keg belongs to whoever installed Homebrew, and the venv's interpreter is a link to it."""
    argv = plist(node, WATCHDOG)["ProgramArguments"]
    assert argv[0] == "/usr/bin/python3"
    assert accounts.not_of_root(node, [word for word in argv if word.startswith("/")]) == {}


def test_a_third_account_gets_at_nothing_of_the_service(node):
    seen = accounts.walk(node)
    assert seen["writable"] == []
    assert {path.rpartition("/")[2] for path in seen["readable"]} == {
        *("firewall.sh", "ray_ghosts.py", "ray_membership.py", "ray_settings_file.py", "ray_start.py", "ray_task.py"),
        *("cluster.json", "ray_watchdog.py", "watchdog.json"),
    }


def test_a_mac_stays_awake(node):
    power = dict(line.rsplit(None, 1) for line in node.check("pmset -g custom").splitlines()[1:])
    assert {name.strip(): value for name, value in power.items()}.items() >= {"sleep": "0", "autorestart": "1"}.items()


def test_sessions_are_outside_the_folder_that_macos_empties(node):
    assert node.run(f"ls -d {node.root}/ray/tmp/session_2*").rc == 0
    assert node.run("ls -d /tmp/ray").rc != 0


def test_a_driver_with_the_environment_file_joins_from_any_node(node):
    """The switch for clusters of Macs is needed by drivers too; typed by a person as the README says."""
    source = (
        "import ray; ray.init(log_to_driver=False, logging_level=40)\n"
        "@ray.remote\ndef task(): return ray.get(ray.put(b'x' * 2**20))\n"
        "print('alive', sum(n['Alive'] for n in ray.nodes()), len(ray.get(task.remote())))"
    )
    line = f"cd /; . {node.root}/etc/saf.env; exec python -c {shlex.quote(source)}"
    typed = f"sudo -u saf sh -c {shlex.quote(line)}"
    assert "alive 2 1048576" in node.check(f"runuser -u admin -- sh -c {shlex.quote(typed)}")


def test_the_gcs_knows_gpu_cores(ray):
    assert {resources.get("gpu_cores") for resources in ray.alive().values()} == {76.0}


def test_status_is_healthy(saf_playbook):
    status = saf_playbook("playbooks/status.yml")
    assert status.rc == 0, status.output
    document = json.loads((settings.results() / "status.json").read_text())
    assert {node["service"]["manager"] for node in document["nodes"]} == {"launchd"}


def test_a_benchmark_knows_that_these_are_macs(saf_playbook, newest_run):
    less = {"network": {"seconds": 2}, "mlx": {"memory": {"array_bytes": 2**26}}, "collective": {"sizes": [2**16, 2**23]}}
    small = {"bench_profile": "quick", "bench_task_size": 256, "bench_overrides": less}
    bench = saf_playbook("bench.yml", small)
    assert bench.rc == 0, bench.output
    run, _folder = newest_run()
    facts = {name: node["facts"] for name, node in run["nodes"].items()}
    assert {node["system"] for node in facts.values()} == {"Darwin"}
    assert {node["chip"] for node in facts.values()} == {"Apple M2 Ultra"}
    assert {node["gpu"]["cores"] for node in facts.values()} == {76}
    assert {node["gpu"]["metal"] for node in facts.values()} == {"metal4"}
    link = facts["alpha"]["links"]["default"]
    assert (link["interface"], link["kind"], link["capable_bps"], link["mtu_range"]) == ("en0", "ethernet", 10**10, [1280, 9000])
    names = {metric["name"] for metric in run["metrics"]}
    assert {"gemm.float32", "net.goodput", "ray.transfer", "collective.all_reduce", "gpu.utilisation", "gpu.clock"} <= names


def test_pf_evaluates_the_rules_of_the_cluster_and_stays_on(node):
    anchor = "org.studio-air-fabric"
    assert f'anchor "{anchor}" all' in node.check("pfctl -s rules")
    rules = node.check(f"pfctl -a {anchor} -s rules")
    assert "from ! <saf_members> to any port 6381:6385" in rules or "to any port 6380:6385" in rules
    assert "port 22" not in rules
    assert node.check("cat /var/run/saf-firewall.token") in node.check("pfctl -s References")
    assert node.run(f"launchctl print system/{anchor}.firewall").rc == 0
    # An update of macOS replaces the file; the daemon runs each minute.
    node.check(f"cp /opt/fakemac/samples/pf.conf /etc/pf.conf && pfctl -f /etc/pf.conf && sh {node.root}/etc/firewall.sh")
    assert f'anchor "{anchor}" all' in node.check("pfctl -s rules")
    assert node.check("grep -c 'Studio Air Fabric' /etc/pf.conf") == "2"
