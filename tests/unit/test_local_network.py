"""What a daemon cannot reach and root can is Local Network Privacy; everything else is the network's own trouble."""

import socket

import pytest
from ansible.module_utils.saf.probes import local_network

import local_network_probe


@pytest.mark.parametrize(
    ("daemon", "root", "blocked"),
    [
        ("unreachable", "open", ["b:1"]),
        ("unreachable", "silent", ["b:1"]),
        ("unreachable", "unreachable", []),  # nobody gets there: a cable, not a rule
        ("silent", "silent", []),
        ("open", "open", []),
    ],
)
def test_blocked(daemon, root, blocked):
    assert local_network_probe.blocked({"b:1": daemon}, {"b:1": root}) == blocked


def test_a_closed_port_was_reached():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert local_network.attempt(f"127.0.0.1:{port}") == "open"


def test_check_mode_tries_nothing(run_module):
    arguments = {"python": "/x", "user": "saf", "folder": "/x", "private_folder": "/x", "targets": ["b:1"]}
    assert run_module(local_network_probe, arguments, check=True)["blocked"] == []
