"""What a node must bring, over recorded observations."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import interpreter, options, preflight, ray_on_node
from ansible_collections.saf.fabric.plugins.plugin_utils.text import table

PLATFORMS = [
    {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
    {"system": "Darwin", "machine": "arm64", "macos": "13.0"},
]
ACCELERATORS = {"cuda13": {"system": "Linux", "machines": ["x86_64"], "cuda": "13.0", "disk_gb": 3.5, "driver": "580"}}
GPU = {"system": "Linux", "machine": "x86_64", "cuda": "13.0"}
WITHOUT_MLX = [{"system": "Linux", "machine": "aarch64", "glibc": "2.17"}]
PORTS = {"ray_port": 6380, "ray_node_manager_port": 6381, "ray_dashboard_agent_port": 6384, "ray_client_port": 10001}
OURS = {"venv_root": "/opt/saf", "ports": PORTS}
RAYLET = "/opt/saf/venvs/1/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet --node_manager_port=6381"


@pytest.mark.parametrize(
    ("observed", "found"),
    [
        ({"system": "Linux", "machine": "x86_64", "glibc": "2.36"}, []),
        ({"system": "Linux", "machine": "x86_64", "glibc": "2.31"}, ["glibc 2.31"]),
        ({"system": "Linux", "machine": "x86_64", "glibc": "2.4"}, ["glibc 2.4"]),  # not a decimal fraction
        ({"system": "Linux", "machine": "aarch64", "glibc": "2.36"}, []),
        ({"system": "Darwin", "machine": "arm64", "macos": "26.1"}, []),
        ({"system": "Darwin", "machine": "arm64", "macos": "12.6"}, ["macOS 12.6"]),
        ({"system": "Darwin", "machine": "x86_64", "macos": "15.1"}, ["Darwin x86_64"]),
    ],
)
def test_platform(observed, found):
    rows = preflight.platform_problems({"bits": 64, **observed}, {"platforms": PLATFORMS, "without_mlx": WITHOUT_MLX})
    assert [row["found"] for row in rows] == found


@pytest.mark.parametrize(
    ("changed", "checks"),
    [
        ({}, []),
        ({"memory_bytes": 2 * preflight.GIB}, ["memory"]),
        ({"memory_bytes": int(3.7 * preflight.GIB)}, []),  # a Raspberry Pi or a VM of 4 GB
        ({"memory_bytes": int(3.5 * preflight.GIB)}, ["memory"]),
        ({"disk": {"path": "/opt", "free_bytes": preflight.GIB}}, ["disk"]),
        ({"disk": {"path": "/opt", "free_bytes": 5 * preflight.GIB}, "has_venvs": True}, []),  # a venv is a GiB
        ({"disk": {}}, ["disk"]),
        (
            {**GPU, "disk": {"path": "/opt", "free_bytes": int(9.4 * preflight.GIB)}},
            ["disk"],
        ),  # MLX for the GPU and its libraries
        ({**GPU, "disk": {"path": "/opt", "free_bytes": 10 * preflight.GIB}}, []),
        ({**GPU, "cuda": "12.4", "disk": {"path": "/opt", "free_bytes": 7 * preflight.GIB}}, []),
        ({"open_files_limit": 4096}, ["open files"]),
        ({"open_files_limit": None}, []),
    ],
)
def test_capacity(changed, checks):
    observed = {"memory_bytes": 8 * preflight.GIB, "disk": {"path": "/opt", "free_bytes": 9 * preflight.GIB}}
    observed = {**observed, "open_files_limit": 65536, "service_managers": ["systemd", "process"], **changed}
    wanted = {"memory_bytes": 4 * preflight.GIB, "disk_bytes": 6 * preflight.GIB, "open_files": 65536}
    wanted |= {"accelerators": ACCELERATORS, "accelerator": "auto"}
    judges = (preflight.memory_problems, preflight.disk_problems, preflight.open_files_problems)
    assert [row["check"] for judge in judges for row in judge(observed, wanted)] == checks


@pytest.mark.parametrize(
    ("cuda", "wish", "rows"), [("13.0", "auto", 0), ("", "auto", 0), ("12.4", "auto", 1), ("12.4", "none", 0), ("", "cuda13", 1)]
)
def test_a_driver_too_old_for_the_stack_is_a_problem_and_no_silent_cpu(cuda, wish, rows):
    found = preflight.accelerator_problems({**GPU, "cuda": cuda}, {"accelerators": ACCELERATORS, "accelerator": wish})
    assert [row["check"] for row in found] == ["accelerator"] * rows
    assert all("mlx_accelerator to none" in row["fix"] for row in found)


@pytest.mark.parametrize(("managers", "wanted"), [(["process"], 65536), (["systemd"], 0), ([], 65536)])
def test_open_files_are_checked_where_systemd_grants_them(managers, wanted):
    observed = {"open_files_limit": 10, "service_managers": managers}
    assert preflight.open_files_problems(observed, {"open_files": wanted}) == []


@pytest.mark.parametrize(("since", "rows"), [("", 0), (None, 0), (5, 0), ("unknown", 1), ("2026-11-23T18:00:00Z", 1)])
def test_a_node_in_maintenance_is_not_provisioned(since, rows):
    found = preflight.maintenance_problems({"maintenance": since}, {})
    assert len(found) == rows
    assert all("-e maintenance=off" in row["fix"] for row in found)


def test_address_must_be_the_nodes_own():
    observed = {"addresses": ["127.0.0.1", "10.0.0.2"]}
    assert preflight.address_problems(observed, {"address": "10.0.0.2"}) == []
    assert "10.0.0.2" in preflight.address_problems(observed, {"address": "10.0.0.3"})[0]["fix"]


@pytest.mark.parametrize(
    ("addresses", "wanted", "words"),
    [
        (["127.0.0.1"], "10.0.0.3", "it has none that another node can reach"),
        ([], "fd00::3", "it has none that another node can reach"),  # a node with IPv6 alone
        (["10.0.0.2", "192.168.1.7"], "192.168.1.9", "(192.168.1.7, 10.0.0.2)"),
        (["10.0.0.2"], "alpha.local", "Set cluster_address to 10.0.0.2. The name stays usable for the login (ansible_host)"),
    ],
)
def test_the_remedy_for_an_address_can_be_followed(addresses, wanted, words):
    (row,) = preflight.address_problems({"addresses": addresses}, {"address": wanted})
    assert words in row["fix"]


@pytest.mark.parametrize(
    ("system", "path", "problems"),
    [
        ("Linux", "/opt/saf/ray/tmp", 0),
        ("Darwin", "/opt/saf/ray/tmp", 0),
        ("Darwin", "/" + "x" * 40, 1),
        ("Linux", "/" + "x" * 40, 0),
    ],
)
def test_socket_paths(system, path, problems):
    assert len(preflight.path_problems({"system": system}, {"temp_dir": path})) == problems


@pytest.mark.parametrize(
    ("listener", "found"),
    [
        ({"port": 9999, "user": "x", "pid": 1, "command": "nginx"}, []),
        ({"port": 6380, "user": "saf", "pid": 7, "command": "/opt/saf/venvs/1/bin/python gcs_server"}, []),
        ({"port": 6380, "user": "redis", "pid": 7, "command": "redis-server *:6380"}, ["process 7 (redis-server *:6380)"]),
        # no CAP_SYS_PTRACE: the holder is known by its account alone
        ({"port": 6380, "user": "saf", "pid": 0, "command": ""}, []),
        ({"port": 6380, "user": "redis", "pid": 0, "command": ""}, ["account redis"]),
    ],
)
def test_ports(listener, found):
    running = [{"pid": 5, "user": "saf", "command": RAYLET}]
    observed = {"listeners": [listener], "processes": running}
    rows = ray_on_node.port_problems(observed, {"ports": {"ray_port": 6380}, "venv_root": "/opt/saf"})
    assert [row["found"] for row in rows] == found
    assert all("ray_port" in row["fix"] for row in rows)


STORE = {"user": "saf-store", "package_manager": "apt"}


@pytest.mark.parametrize(
    ("account", "name", "count"), [("saf-store", "redis", 0), ("redis", "redis", 1), ("saf-store", "ray", 1)]
)
def test_the_port_of_the_store_is_free_for_the_account_of_the_store_alone(account, name, count):
    listener = {"port": 6389, "user": account, "pid": 7, "command": "redis-server 127.0.0.1:6389"}
    ports = {"ray_gcs_store_port" if name == "redis" else "ray_port": 6389}
    wanted = {"ports": ports, "venv_root": "/opt/saf", "gcs_store": STORE}
    assert len(ray_on_node.port_problems({"listeners": [listener]}, wanted)) == count


@pytest.mark.parametrize(
    ("system", "managers", "manager", "packages", "found"),
    [
        ("Linux", ["systemd", "process"], "auto", "apt", None),
        ("Linux", ["systemd", "process"], "process", "apt", "ray_service_manager: process"),
        ("Linux", ["process"], "auto", "apt", "no systemd"),
        ("Darwin", ["launchd", "process"], "auto", "homebrew", "a Mac"),
        ("Linux", ["systemd", "process"], "systemd", "dnf", "dnf"),
    ],
)
def test_a_head_that_cannot_run_a_store_is_refused_before_anything_is_changed(system, managers, manager, packages, found):
    observed = {"system": system, "service_managers": managers}
    wanted = {"gcs_store": {**STORE, "package_manager": packages}, "service_manager": manager}
    rows = preflight.gcs_store_problems(observed, wanted)
    assert [row["found"] for row in rows] == ([found] if found else [])
    assert all("ray_gcs_store to memory" in row["fix"] for row in rows)
    assert preflight.gcs_store_problems(observed, {**wanted, "gcs_store": {}}) == []


@pytest.mark.parametrize(
    ("command", "foreign"),
    [
        (RAYLET, False),
        ("/home/me/venv/ray/core/src/ray/raylet/raylet --x", True),
        ("/srv/ray/gcs/gcs_server 600", True),
        ("vim raylet", False),
        ("/opt/saf-other/ray/raylet/raylet", True),  # not below /opt/saf/
    ],
)
def test_foreign_ray(command, foreign):
    assert bool(ray_on_node.foreign_ray_problems({"processes": [{"pid": 5, "user": "me", "command": command}]}, OURS)) is foreign


OTHER = "/root/.saf/venvs/6fd493a0cc56b046"
PIP = "/home/me/my ray/lib/python3.11/site-packages/ray".replace(" ", "_")


def judged(running, listening):
    """Return the rows for these processes and listeners."""
    observed = {"processes": running, "listeners": listening}
    return ray_on_node.foreign_ray_problems(observed, OURS) + ray_on_node.port_problems(observed, OURS)


def second_ray(package, user, pids=True):
    """Return (processes, listeners) of a Ray whose package lies there."""
    held = {
        6380: f"{package}/core/src/ray/gcs/gcs_server --log_dir=x",
        6381: f"{package}/core/src/ray/raylet/raylet --x",
        6384: "ray-dashboard-agent" if pids else "",
        10001: "python3 -m ray.util.client.server --address=1.2.3.4",
    }
    running = [{"pid": port, "user": user, "command": command} for port, command in held.items()]
    found = [{"port": port, "user": user, "pid": port if pids else 0, "command": held[port] if pids else ""} for port in held]
    return running, found


@pytest.mark.parametrize("pids", [True, False])
@pytest.mark.parametrize(
    ("package", "extra"),
    [
        (f"{OTHER}/lib/python3.11/site-packages/ray", {"other_root": "/root/.saf"}),
        (PIP, {"command": "sudo -u me /home/me/my_ray/bin/ray stop"}),
        ("/srv/ray", {"command": "sudo -u me ray stop"}),
    ],
)
def test_a_second_ray_is_one_row_with_the_command_that_ends_it(package, extra, pids):
    running, listening = second_ray(package, "me", pids)
    rows = judged(running, listening)
    assert len(rows) == 1, rows
    assert extra.items() <= rows[0].items()


def test_two_foreign_rays_are_two_rows():
    running = second_ray(PIP, "me")[0] + second_ray("/srv/x/lib/python3.9/site-packages/ray", "you")[0]
    assert [row["command"].split()[2] for row in ray_on_node.foreign_ray_problems({"processes": running}, OURS)] == ["me", "you"]


def test_another_root_that_ends_like_ours_is_foreign():
    command = "/data/opt/saf/venvs/6fd493a0cc56b046/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet"
    rows = ray_on_node.foreign_ray_problems({"processes": [{"pid": 5, "user": "me", "command": command}]}, OURS)
    assert rows[0]["other_root"] == "/data/opt/saf"


def test_one_holder_of_two_ports_is_one_row():
    held = [{"port": port, "user": "x", "pid": 7, "command": "nginx"} for port in (6380, 6381)]
    rows = ray_on_node.port_problems({"listeners": held}, OURS)
    assert [(row["wanted"], row["fix"]) for row in rows] == [
        ("6380, 6381 free", "Stop the process listening on those ports, or set ray_port, ray_node_manager_port to free ports.")
    ]


def test_python_table_row_shows_what_was_found():
    found = [{"version": "3.9.6", "path": "/usr/bin/python3"}, {"version": "3.11.2", "path": "/usr/bin/python3.11"}]
    (row,) = interpreter.python_problems({"interpreters": found}, {"python_version": "3.9.23", "python_provider": "system"})
    assert row["wanted"] == "3.9.23"
    assert row["found"] == "3.9.6 (/usr/bin/python3), 3.11.2 (/usr/bin/python3.11)"
    assert interpreter.python_problems({"interpreters": found}, {"python_version": "3.9.23", "python_provider": "uv"}) == []
    exact = [{**found[0], "version": "3.9.23", "implementation": "cpython"}]
    assert interpreter.python_problems({"interpreters": exact}, {"python_version": "3.9.23", "python_provider": "system"}) == []


@pytest.mark.parametrize(
    ("earliest", "latest", "problems"),
    [(-1, 1, 0), (4, 6, 0), (-6, -4, 0), (5.5, 6.5, 1), (-3601, -3600, 1)],  # only what is certain counts
)
def test_clock(earliest, latest, problems):
    assert len(preflight.clock_problems({"clock_offset": {"min": earliest, "max": latest}}, {"clock_tolerance": 5})) == problems


def test_table_wraps_the_widest_column():
    text = table.render([{"a": "x", "b": "word " * 30}], [("a", "A"), ("b", "B")], width=40)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 40
    assert lines[0].split() == ["A", "B"]
    assert text.count("word") == 30


MINIMUMS = {"systemd": 247, "shared_memory_bytes": 100 * 2**20}


@pytest.mark.parametrize(
    ("changed", "manager", "found"),
    [
        ({}, "auto", []),
        ({"systemd": 249}, "systemd", []),
        ({"systemd": 239}, "auto", ["239"]),
        ({"systemd": 239}, "process", []),
        ({"systemd": None, "service_managers": ["process"]}, "auto", []),
        ({"shared_memory_bytes": 64 * 2**20}, "process", ["64 MiB at /dev/shm"]),
        ({"shared_memory_bytes": None}, "launchd", []),
    ],
)
def test_what_the_system_brings(changed, manager, found):
    observed = {"systemd": 252, "shared_memory_bytes": 2**30, "service_managers": ["systemd", "process"], **changed}
    wanted = {"service_manager": manager, "minimums": MINIMUMS}
    rows = preflight.systemd_problems(observed, wanted) + preflight.shared_memory_problems(observed, wanted)
    assert [row["found"] for row in rows] == found


def test_the_least_shared_memory_is_enough_for_the_store_that_ray_accepts(root):
    minimums = yaml.safe_load((root / "data" / "node_minimums.yml").read_text())
    assert 0.8 * minimums["shared_memory_bytes"] >= options.LEAST_STORE_BYTES


@pytest.mark.parametrize(
    ("provider", "pinned", "conda", "checks"),
    [
        ("system", [], None, []),
        ("homebrew", [], None, []),
        ("uv", ["3.9.23"], None, []),
        ("uv", [], None, ["python"]),
        ("conda", ["3.9.23"], "/opt/conda/bin/conda", []),
        ("conda", ["3.9.23"], "", ["conda"]),
        ("conda", ["3.10.1"], "", ["python", "conda"]),
    ],
)
def test_what_a_provider_needs(provider, pinned, conda, checks):
    observed = {"machine": "x86_64", "conda": conda}
    wanted = {"python_provider": provider, "python_version": "3.9.23", "pinned_versions": pinned}
    rows = interpreter.build_problems(observed, wanted) + interpreter.conda_problems(observed, wanted)
    assert [row["check"] for row in rows] == checks
