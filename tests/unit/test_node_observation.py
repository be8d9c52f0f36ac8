"""What a node reads about itself: parsers over recorded text, and the module that returns it."""

import getpass
import os
import socket

import pytest

import node_preflight_info
from ansible_collections.saf.fabric.plugins.module_utils.system import disk
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as darwin_processes
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import sockets as darwin_sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import sockets as linux_sockets

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 31337 1 0 100 0 0 10 0
   1: 0100007F:18EC 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   999        0 31338 1 0 20 4 30 10 -1
"""


def test_only_listening_sockets_count():
    assert linux_sockets.parse_proc_net_tcp(PROC_NET_TCP) == {6380: ("31337", 999)}


def test_lsof_of_a_mac():
    text = "p812\ncPython\nn*:6380\nn127.0.0.1:8265\np900\ncsshd\nn*:22\n"
    assert darwin_sockets.parse_lsof(text) == [
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
    assert linux_sockets.parse_fib_trie(FIB_TRIE) == ["10.89.0.2", "127.0.0.1"]
    mac = "lo0: flags=8049<UP> mtu 16384\n\tinet 127.0.0.1 netmask 0xff000000\n"
    mac += "en0: flags=8863<UP>\n\tinet 10.254.100.2 netmask 0xffff0000\n"
    assert darwin_sockets.parse_ifconfig_addresses(mac) == ["127.0.0.1", "10.254.100.2"]


def test_limits_and_ps():
    assert (
        node_preflight_info.parse_open_files_limit("Max open files            1024                 524288               files\n")
        == 524288
    )
    assert node_preflight_info.parse_open_files_limit("") is None
    assert darwin_processes.parse_ps_args("  1 root /sbin/launchd\n 77 me /bin/zsh -l\n")[1] == {
        "pid": 77,
        "user": "me",
        "command": "/bin/zsh -l",
    }


@pytest.mark.parametrize("path", ["", ".", "saf/x", "/no/such/place", "no/such\n", "../..", "//x"])
def test_the_nearest_folder_is_found_for_any_path(path):
    assert disk.nearest_existing(path).startswith("/")


def test_version_of_systemd():
    assert node_preflight_info.parse_systemd_version("systemd 249 (249.11-0ubuntu3.12)\n+PAM +AUDIT") == 249
    assert node_preflight_info.parse_systemd_version("") is None


def test_conda_is_found_by_path_or_name(tmp_path, monkeypatch):
    program = tmp_path / "mamba"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node_preflight_info.find_conda("") == str(program)
    assert node_preflight_info.find_conda(str(program)) == str(program)
    assert node_preflight_info.find_conda("/no/such/conda") == ""


@pytest.fixture
def observed(run_module, tmp_path):
    """Run the module on this machine: observed(option=value) -> result."""

    def run(**options):
        return run_module(node_preflight_info, {"venv_root": str(tmp_path), "python_version": "3.11.2", **options})

    return run


def test_the_holder_of_a_port_is_observed_and_no_other_command_line_leaves_the_node(observed):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        answer = observed(ports=[port])
        nothing = observed()
    assert [(one["port"], one["pid"], one["user"]) for one in answer["listeners"]] == [(port, os.getpid(), getpass.getuser())]
    assert nothing["listeners"] == []
    assert os.getpid() not in {one["pid"] for one in answer["processes"]}


@pytest.mark.parametrize(
    ("command", "leaves"),
    [
        ("/opt/saf/current/bin/python -c pass", True),
        ("/home/me/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet --x", True),
        ("mysql --password=secret", False),
    ],
)
def test_the_processes_that_are_returned(command, leaves):
    assert node_preflight_info.concerns_us(command, "/opt/saf") is leaves


def test_conda_is_searched_only_where_it_is_wanted(observed):
    assert observed()["conda"] is None
    assert observed(conda="/no/such/conda")["conda"] == ""
