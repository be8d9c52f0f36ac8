"""Larger frames: what an interface may have, and the rollback without a controller."""

import socket
import time

import pytest

import interface_mtu
from ansible_collections.saf.fabric.plugins.module_utils.measure import round_trip
from ansible_collections.saf.fabric.plugins.module_utils.system import mtu, network

LINK = (
    "2: eth0@if5: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
    "    link/ether c6:c0:e9:e2:17:57 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535\n"
)


def test_range_of_a_linux_interface():
    assert mtu.parse_link_range(LINK) == [68, 65535]
    assert mtu.parse_link_range(LINK.replace("65535", "0")) is None  # the driver reports none
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
    mtu.arrange_way_back(str(pending), 2, "en0", 1500)
    assert pending.read_text() == "1500\n", "a number: whoever reads it decides what is run"
    assert wait_for(back)


def test_a_confirmed_change_stays(tmp_path):
    pending, back = tmp_path / "pending", tmp_path / "back-1500"
    mtu.arrange_way_back(str(pending), 2, "en0", 1500)
    pending.unlink()
    assert not wait_for(back, 4)


def test_a_node_answers_packets_that_fit_until_it_is_told_to_stop(tmp_path):
    marker = tmp_path / "answering"
    mtu.echo_for(36391, 5, str(marker))
    assert round_trip.passes("127.0.0.1", 36391, 1400)
    marker.unlink()
    deadline = time.monotonic() + 30
    while round_trip.passes("127.0.0.1", 36391, 1400):
        assert time.monotonic() < deadline, "it answers after it was asked to stop"


# --- the module: a change is confirmed only while it is there


@pytest.fixture
def interface(monkeypatch, tmp_path, run_module):
    """An interface whose MTU is a file; call(state) runs the module on it."""
    import interface_mtu

    current = tmp_path / "mtu"
    current.write_text("1500")
    monkeypatch.setattr(mtu, "interface_of", lambda _address: "en0")
    monkeypatch.setattr(mtu, "allowed", lambda _interface: [1280, 9000])
    monkeypatch.setattr(
        mtu, "command", lambda _interface, wanted: ["sh", "-c", f"echo {wanted} >{current}.new; mv {current}.new {current}"]
    )
    monkeypatch.setattr(network, "interface_facts", lambda _name: {"mtu": int(current.read_text())})
    pending = tmp_path / "pending"

    def call(state, wanted=9000, check=False, **options):
        arguments = {"address": "10.0.0.2", "mtu": wanted, "pending": str(pending), "revert_after": 60, "state": state}
        return run_module(interface_mtu, {**arguments, **options}, check=check)

    call.current, call.pending, call.mtu = current, pending, lambda: int(current.read_text())
    yield call
    for path in tmp_path.glob("pending*"):  # ends what waits in the background
        path.unlink()


def reverted(interface, seconds=10):
    deadline = time.monotonic() + seconds
    while interface.mtu() != 1500 and time.monotonic() < deadline:
        time.sleep(0.05)
    return interface.mtu() == 1500


def test_a_confirmed_mtu_stays(interface):
    assert interface("set")["changed"]
    assert not interface("confirmed")["failed"]
    assert (interface.mtu(), interface.pending.exists()) == (9000, False)
    assert not interface("restored")["changed"], "there is nothing to restore"


def test_an_mtu_that_the_node_has_taken_back_is_not_confirmed(interface):
    interface("set", revert_after=1)
    assert reverted(interface)
    result = interface("confirmed")
    assert result["failed"]
    assert "en0 has an MTU of 1500, not 9000" in result["msg"]
    assert "network_mtu_patience" in result["msg"]


def test_another_mtu_than_the_wanted_one_is_not_confirmed(interface):
    interface("set")
    interface.current.write_text("4000")
    result = interface("confirmed")
    assert "4000, not 9000: somebody has set another one" in result["msg"]


def test_nobody_confirms_twice_and_a_node_that_takes_it_back_wins_alone(interface):
    interface("set")
    assert mtu.claim(str(interface.pending)) == 1500  # the node itself, at the last moment
    assert interface("confirmed")["failed"]


def test_a_node_that_had_the_mtu_already_confirms_it_too(interface):
    interface.current.write_text("9000")
    assert not interface("set")["changed"]
    assert not interface("confirmed")["failed"]
    interface("set")
    assert not interface("restored")["changed"]
    assert interface.mtu() == 9000


@pytest.mark.parametrize("confirmed", [False, True])
def test_where_one_node_fails_all_go_back(interface, confirmed):
    before = interface("set")["before"]
    if confirmed:
        interface("confirmed")
    assert interface("restored", before=before)["changed"]
    assert interface.mtu() == 1500
    assert not interface("restored", before=before)["changed"]


def test_an_interrupted_run_does_not_become_the_mtu_of_before(interface):
    interface("set")
    again = interface("set")
    assert (again["changed"], again["before"]) == (False, 1500)
    assert interface("restored")["changed"]
    assert interface.mtu() == 1500


def test_a_dry_run_confirms_nothing(interface):
    assert not interface("set", check=True)["failed"]
    assert not interface.pending.exists()
    assert not interface("confirmed", check=True)["failed"]


def test_a_port_in_use_is_named(run_module, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        options = {"address": "127.0.0.1", "mtu": 9000, "pending": str(tmp_path / "pending"), "state": "answering"}
        result = run_module(interface_mtu, {**options, "port": taken.getsockname()[1]})
    assert result["failed"]
    assert "cannot be used to answer the other nodes (Address already in use): free it, run again." in result["msg"]
