"""Larger frames: what an interface may have, and the way back that needs nobody."""

import socket
import time

import pytest
from ansible.module_utils.saf import mtu, network, round_trip

import interface_mtu

LINK = (
    "2: eth0@if5: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
    "    link/ether c6:c0:e9:e2:17:57 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535\n"
)


def test_range_of_a_linux_interface():
    assert mtu.parse_link_range(LINK) == [68, 65535]
    assert mtu.parse_link_range(LINK.replace("65535", "0")) is None  # the driver tells none
    assert mtu.parse_link_range("") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("Valid MTU Range: 1280-1500\n", [1280, 1500]), ("Valid MTU Range: 1280-16334", [1280, 16334]), ("** Error", None)],
)
def test_range_of_a_mac(text, found):
    assert network.parse_mtu_range(text) == found


@pytest.mark.parametrize(("wanted", "bounds", "sentence"), [(9000, [1280, 1500], "it may be 1280 to 1500"), (9000, None, "")])
def test_refusal(wanted, bounds, sentence):
    assert mtu.refusal(wanted, bounds) == sentence


def wait_for(path, seconds=10):
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.exists()


@pytest.fixture(autouse=True)
def way_back(monkeypatch, tmp_path):
    """Setting an MTU makes a file named after it."""
    monkeypatch.setattr(mtu, "command", lambda _interface, before: ["touch", str(tmp_path / f"back-{before}")])


def test_a_change_that_nobody_confirms_is_taken_back(tmp_path):
    pending, back = tmp_path / "pending", tmp_path / "back-1500"
    mtu.arrange_way_back(str(pending), 0.2, "en0", 1500)
    assert pending.read_text() == "1500\n", "a number: whoever reads it decides what is run"
    assert wait_for(back)


def test_a_confirmed_change_stays(tmp_path):
    pending, back = tmp_path / "pending", tmp_path / "back-1500"
    mtu.arrange_way_back(str(pending), 0.5, "en0", 1500)
    pending.unlink()
    assert not wait_for(back, 1.5)


def test_a_node_answers_packets_that_fit_until_it_is_told_to_stop(tmp_path):
    marker = tmp_path / "answering"
    mtu.echo_for(36391, 5, str(marker))
    assert round_trip.passes("127.0.0.1", 36391, 1400)
    marker.unlink()
    time.sleep(0.7)
    assert not round_trip.passes("127.0.0.1", 36391, 1400)


def test_a_port_in_use_is_named(run_module, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        options = {"address": "127.0.0.1", "mtu": 9000, "pending": str(tmp_path / "pending"), "state": "answering"}
        result = run_module(interface_mtu, {**options, "port": taken.getsockname()[1]})
    assert result["failed"]
    assert "cannot be used to answer the other nodes (Address already in use): free it, run again." in result["msg"]
