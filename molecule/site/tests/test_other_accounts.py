"""What an account that is neither root nor the service's can do on a node, and that root executes only what is root's."""

import re

import pytest
from tests.support import accounts

# Below the folder of the installation, in etc/: what everybody may read. Everything else of etc, and all of log, ray and run, is
# closed; nothing anywhere is writable.
PROGRAMS = ("ray_ghosts.py", "ray_membership.py", "ray_settings_file.py", "ray_start.py", "ray_task.py", "ray_watchdog.py")
READABLE = {"etc/cluster.json", "etc/watchdog.json", *(f"etc/{name}" for name in PROGRAMS)}
# Ports that answer on the node's own address (to itself: the packet filter closes them to strangers), and on loopback alone.
ON_THE_NETWORK = [
    "ray_node_manager_port",
    "ray_object_manager_port",
    "ray_runtime_env_agent_port",
    "ray_dashboard_agent_port",
    "ray_dashboard_agent_grpc_port",
    "ray_metrics_port",
]
ON_THE_NETWORK_OF_THE_HEAD = ["ray_port", "ray_client_port", "ray_autoscaler_metrics_port", "ray_dashboard_metrics_port"]
ON_LOOPBACK_OF_THE_HEAD = ["ray_dashboard_port"]
# Ray's own choice for the metrics of autoscaler and dashboard, where no variable pins them
METRICS = {44217, 44227}
SSH = 22


@pytest.fixture(scope="module")
def walks(nodes):
    return {name: accounts.walk(node) for name, node in nodes.items()}


def test_nothing_is_writable(node, walks):
    assert walks[node.name]["writable"] == []


def test_only_what_is_listed_is_readable(node, walks):
    below = {path.removeprefix(node.root + "/") for path in walks[node.name]["readable"]}
    assert below == READABLE


def allowed(node, is_head):
    """Return {address: ports} that may answer."""
    names = ON_THE_NETWORK + (ON_THE_NETWORK_OF_THE_HEAD if is_head else [])
    network = {node.vars[name] for name in names if name in node.vars} | {SSH}
    unpinned = METRICS if is_head and "ray_autoscaler_metrics_port" not in node.vars else set()
    network |= unpinned | set(range(node.vars["ray_worker_port_min"], node.vars["ray_worker_port_max"] + 1))
    loopback = {node.vars[name] for name in ON_LOOPBACK_OF_THE_HEAD} if is_head else set()
    return {node.address: network, "127.0.0.1": network | loopback}


def test_only_what_is_listed_answers(node, head, walks):
    may = allowed(node, node.name == head.name)
    surplus = [[address, port] for address, port in walks[node.name]["connected"] if port not in may[address]]
    assert surplus == []


def programs_of_root(node):
    """Return the absolute paths in what our units start as root, and in what the watchdog starts itself."""
    argv = []
    for unit in node.check("cd /etc/systemd/system && ls saf-*.service").split():
        shown = dict(
            line.split("=", 1)
            for line in node.check(f"systemctl show {unit} --property=ExecStart,User").splitlines()
            if "=" in line
        )
        argv += re.findall(
            r"(?m)^Exec\w+=[-@:]*\+[-@:]*(\S+)", node.check(f"systemctl cat {unit}")
        )  # as root whatever User= says
        if shown.get("User", "") in ("", "root"):
            argv += re.search(r"argv\[\]=(.*?) ;", shown["ExecStart"]).group(1).split()
    config = node.json(f"{node.root}/etc/watchdog.json")
    argv += [*config["pid"], *config["restart"], config["question"]]
    first = {config["pid"][0], config["restart"][0]}
    argv += [node.check(f"command -v {name}") for name in first]
    return {word for word in argv if word.startswith("/")}


def test_root_executes_only_what_root_alone_may_change(node):
    programs = programs_of_root(node)
    assert f"{node.root}/etc/ray_watchdog.py" in programs
    assert not [path for path in programs if path.startswith(f"{node.root}/venvs/")], "the venv's interpreter need not be root's"
    assert accounts.not_of_root(node, programs) == {}


def test_what_the_service_account_may_write_is_its_own_folders(node):
    """Nothing that root reads as a command lies there."""
    user = node.vars["cluster_user"]
    writable = set(accounts.walk(node, user)["writable"])
    top = {path.removeprefix(node.root + "/").split("/")[0] for path in writable}
    assert top <= {"ray", "log", "run"}, sorted(writable)[:10]


def test_the_service_account_can_read_its_environment_and_people_use_it(node):
    user = node.vars["cluster_user"]
    told = node.check(f"runuser -u {user} -- sh -c '. {node.root}/etc/saf.env; command -v python; echo $RAY_ADDRESS'")
    assert told.split()[0] == f"{node.root}/current/bin/python"
