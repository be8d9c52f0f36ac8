"""What a node must bring, over recorded observations."""

import pytest
import yaml

from ansible_collections.saf.fabric.plugins.module_utils.system import node_state, preflight, surroundings
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import options
from ansible_collections.saf.fabric.plugins.plugin_utils.text import table

PLATFORMS = [
    {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
    {"system": "Darwin", "machine": "arm64", "macos": "13.0"},
]
WITHOUT_MLX = [{"system": "Linux", "machine": "aarch64", "glibc": "2.17"}]
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
    rows = preflight.platform_problems({"bits": 64, **observed}, PLATFORMS, WITHOUT_MLX)
    assert [row["found"] for row in rows] == found


@pytest.mark.parametrize(
    ("changed", "checks"),
    [
        ({}, []),
        ({"memory_bytes": 2 * preflight.GIB}, ["memory"]),
        ({"memory_bytes": int(3.7 * preflight.GIB)}, []),  # a Raspberry Pi or a VM of 4 GB
        ({"memory_bytes": int(3.5 * preflight.GIB)}, ["memory"]),
        ({"disk_free_bytes": preflight.GIB}, ["disk"]),
        ({"open_files_limit": 4096}, ["open files"]),
        ({"open_files_limit": None}, []),
    ],
)
def test_capacity(changed, checks):
    observed = {"memory_bytes": 8 * preflight.GIB, "disk_free_bytes": 9 * preflight.GIB, "disk_path": "/opt"}
    observed = {**observed, "open_files_limit": 65536, **changed}
    wanted = {"memory_bytes": 4 * preflight.GIB, "disk_bytes": 6 * preflight.GIB, "open_files": 65536}
    assert [row["check"] for row in preflight.capacity_problems(observed, wanted)] == checks


def test_open_files_are_not_checked_without_an_init_system():
    observed = {"memory_bytes": 1, "disk_free_bytes": 1, "disk_path": "/", "open_files_limit": 10}
    assert preflight.capacity_problems(observed, {"memory_bytes": 1, "disk_bytes": 1, "open_files": 0}) == []


def test_address_must_be_the_nodes_own():
    observed = {"addresses": ["127.0.0.1", "10.0.0.2"]}
    assert preflight.address_problems(observed, "10.0.0.2") == []
    assert "10.0.0.2" in preflight.address_problems(observed, "10.0.0.3")[0]["fix"]


@pytest.mark.parametrize(
    ("addresses", "wanted", "words"),
    [
        (["127.0.0.1"], "10.0.0.3", "it has none that another node can reach"),
        ([], "fd00::3", "it has none that another node can reach"),  # a node with IPv6 alone
        (["10.0.0.2", "192.168.1.7"], "192.168.1.9", "(192.168.1.7, 10.0.0.2)"),
        (["10.0.0.2"], "alpha.lan", "(10.0.0.2)"),
    ],
)
def test_the_remedy_for_an_address_can_be_followed(addresses, wanted, words):
    (row,) = preflight.address_problems({"addresses": addresses}, wanted)
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
    assert len(preflight.path_problems(system, path)) == problems


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
    rows = preflight.port_problems([listener], running, {"ray_port": 6380}, "/opt/saf")
    assert [row["found"] for row in rows] == found
    assert all("ray_port" in row["fix"] for row in rows)


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
    assert bool(preflight.foreign_ray_problems([{"pid": 5, "user": "me", "command": command}], "/opt/saf")) is foreign


OTHER = "/root/.saf/venvs/6fd493a0cc56b046"
PIP = "/home/me/my ray/lib/python3.11/site-packages/ray".replace(" ", "_")
PORTS = {"ray_port": 6380, "ray_node_manager_port": 6381, "ray_dashboard_agent_port": 6384, "ray_client_port": 10001}


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
    rows = preflight.foreign_ray_problems(running, "/opt/saf") + preflight.port_problems(listening, running, PORTS, "/opt/saf")
    assert len(rows) == 1, rows
    assert extra.items() <= rows[0].items()


def test_two_foreign_rays_are_two_rows():
    running = second_ray(PIP, "me")[0] + second_ray("/srv/x/lib/python3.9/site-packages/ray", "you")[0]
    assert [row["command"].split()[2] for row in preflight.foreign_ray_problems(running, "/opt/saf")] == ["me", "you"]


def test_another_root_that_ends_like_ours_is_foreign():
    command = "/data/opt/saf/venvs/6fd493a0cc56b046/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet"
    rows = preflight.foreign_ray_problems([{"pid": 5, "user": "me", "command": command}], "/opt/saf")
    assert rows[0]["other_root"] == "/data/opt/saf"


def test_one_holder_of_two_ports_is_one_row():
    held = [{"port": port, "user": "x", "pid": 7, "command": "nginx"} for port in (6380, 6381)]
    rows = preflight.port_problems(held, [], PORTS, "/opt/saf")
    assert [(row["wanted"], row["fix"]) for row in rows] == [
        ("6380, 6381 free", "End what listens there, or set ray_port, ray_node_manager_port to free ports.")
    ]


def test_python_table_row_shows_what_was_found():
    found = [{"version": "3.9.6", "path": "/usr/bin/python3"}, {"version": "3.11.2", "path": "/usr/bin/python3.11"}]
    (row,) = preflight.python_problems(found, None, "3.9.23", "system")
    assert row["wanted"] == "3.9.23"
    assert row["found"] == "3.9.6 (/usr/bin/python3), 3.11.2 (/usr/bin/python3.11)"
    assert preflight.python_problems(found, None, "3.9.23", "uv") == []
    assert preflight.python_problems([], {"version": "3.9.23"}, "3.9.23", "system") == []


@pytest.mark.parametrize(
    ("earliest", "latest", "problems"),
    [(-1, 1, 0), (4, 6, 0), (-6, -4, 0), (5.5, 6.5, 1), (-3601, -3600, 1)],  # only what is certain counts
)
def test_clock(earliest, latest, problems):
    assert len(preflight.clock_problems(earliest, latest, 5)) == problems


PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 31337 1 0 100 0 0 10 0
   1: 0100007F:18EC 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   999        0 31338 1 0 20 4 30 10 -1
"""


def test_only_listening_sockets_count():
    assert node_state.parse_proc_net_tcp(PROC_NET_TCP) == {6380: ("31337", 999)}


def test_lsof_of_a_mac():
    text = "p812\ncPython\nn*:6380\nn127.0.0.1:8265\np900\ncsshd\nn*:22\n"
    assert node_state.parse_lsof(text) == [
        {"port": 6380, "pid": 812, "command": "Python"},
        {"port": 8265, "pid": 812, "command": "Python"},
        {"port": 22, "pid": 900, "command": "sshd"},
    ]


FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.89.0.0/24 2 0 2
        |-- 10.89.0.0
           /24 link UNICAST
        |-- 10.89.0.2
           /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
Local:
        |-- 10.89.0.2
           /32 host LOCAL
"""


def test_own_addresses():
    assert node_state.parse_fib_trie(FIB_TRIE) == ["10.89.0.2", "127.0.0.1"]
    mac = "lo0: flags=8049<UP> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\n"
    mac += "en0: flags=8863<UP>\n\tinet 10.254.100.2 netmask 0xffff0000\n"
    assert node_state.parse_ifconfig_addresses(mac) == ["127.0.0.1", "10.254.100.2"]


def test_limits_and_ps():
    assert (
        node_state.parse_open_files_limit("Max open files            1024                 524288               files\n") == 524288
    )
    assert node_state.parse_open_files_limit("") is None
    assert node_state.parse_ps("  1 root /sbin/launchd\n 77 me /bin/zsh -l\n")[1] == {
        "pid": 77,
        "user": "me",
        "command": "/bin/zsh -l",
    }


def test_table_wraps_the_widest_column():
    text = table.render([{"a": "x", "b": "word " * 30}], [("a", "A"), ("b", "B")], width=40)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 40
    assert lines[0].split() == ["A", "B"]
    assert text.count("word") == 30


@pytest.mark.parametrize("path", ["", ".", "saf/x", "/no/such/place", "no/such\n", "../..", "//x"])
def test_the_nearest_folder_is_found_for_any_path(path):
    assert node_state.nearest_existing(path).startswith("/")


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
    assert [row["found"] for row in preflight.system_problems(observed, manager, MINIMUMS)] == found


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
    rows = preflight.provider_problems({"machine": "x86_64", "conda": conda}, provider, "3.9.23", pinned)
    assert [row["check"] for row in rows] == checks


def test_version_of_systemd():
    assert surroundings.parse_systemd_version("systemd 249 (249.11-0ubuntu3.12)\n+PAM +AUDIT") == 249
    assert surroundings.parse_systemd_version("") is None


def test_conda_is_found_by_path_or_name(tmp_path, monkeypatch):
    program = tmp_path / "mamba"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert surroundings.find_conda("") == str(program)
    assert surroundings.find_conda(str(program)) == str(program)
    assert surroundings.find_conda("/no/such/conda") == ""
