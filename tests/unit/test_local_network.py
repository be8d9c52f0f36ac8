"""What a daemon cannot reach and root can is Local Network Privacy; everything else is the network's own trouble."""

import socket

import pytest

import local_network_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import local_network
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd


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


def test_the_account_answers_only_what_was_asked(tmp_path):
    (tmp_path / "out").write_text('{"b:1": "open", "c:1": 3, "evil:22": "unreachable"}')
    assert local_network_probe.answers(str(tmp_path / "out"), ["b:1", "c:1", "d:1"]) == {"b:1": "open"}


def test_a_link_in_the_folder_of_the_account_is_not_followed(tmp_path):
    (tmp_path / "real").write_text('{"b:1": "open"}')
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(launchd.LaunchdError):
        local_network_probe.answers(str(tmp_path / "out"), ["b:1"])
