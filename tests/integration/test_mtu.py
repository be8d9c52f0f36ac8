"""The MTU of an interface: its range, and the rollback that needs nobody."""

import time

import pytest

import interface_mtu
from ansible_collections.saf.fabric.plugins.module_utils.system import interfaces, mtu, mtu_rollback
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as linux

LINK = (
    "2: eth0@if5: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n"
    "    link/ether c6:c0:e9:e2:17:57 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535\n"
)


def test_range_of_a_linux_interface():
    assert linux.parse_mtu_range(LINK) == [68, 65535]
    assert linux.parse_mtu_range(LINK.replace("65535", "0")) is None  # the driver reports none
    assert linux.parse_mtu_range("") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("Valid MTU Range: 1280-1500\n", [1280, 1500]), ("Valid MTU Range: 1280-16334", [1280, 16334]), ("** Error", None)],
)
def test_range_of_a_mac(text, found):
    assert darwin.parse_mtu_range(text) == found


@pytest.mark.parametrize(("wanted", "bounds", "sentence"), [(9000, [1280, 1500], "it may be 1280 to 1500"), (9000, None, "")])
def test_refusal(wanted, bounds, sentence):
    assert mtu.refusal(wanted, bounds) == sentence


def wait_for(path, seconds=10):
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.exists()


@pytest.fixture(autouse=True)
def rollback(monkeypatch, tmp_path):
    """Setting an MTU makes a file named after it."""
    monkeypatch.setattr(mtu, "command", lambda _interface, before: ["touch", str(tmp_path / f"back-{before}")])


def test_an_unconfirmed_change_is_rolled_back(tmp_path):
    pending, back = tmp_path / "pending", tmp_path / "back-1500"
    mtu_rollback.arm(str(pending), 2, "en0", 1500)
    assert pending.read_text() == "1500\n", "a number: whoever reads it decides what is run"
    assert wait_for(back)


def test_a_confirmed_change_stays(tmp_path):
    pending, back = tmp_path / "pending", tmp_path / "back-1500"
    mtu_rollback.arm(str(pending), 2, "en0", 1500)
    pending.unlink()
    assert not wait_for(back, 4)


# --- the module: a change is confirmed only while it is there


@pytest.fixture
def interface(monkeypatch, tmp_path, run_module):
    """An interface whose MTU is a file: set, confirm and withdraw run the module on it."""
    current = tmp_path / "mtu"
    current.write_text("1500")
    monkeypatch.setattr(interfaces, "interface_of", lambda _address: "en0")
    monkeypatch.setattr(mtu, "allowed", lambda _interface: [1280, 9000])
    monkeypatch.setattr(
        mtu, "command", lambda _interface, wanted: ["sh", "-c", f"echo {wanted} >{current}.new; mv {current}.new {current}"]
    )
    monkeypatch.setattr(mtu, "read", lambda _name: int(current.read_text()))
    pending = tmp_path / "pending"

    class Interface:
        def call(self, check=False, mtu=9000, **options):
            arguments = {"address": "10.0.0.2", "mtu": mtu, "pending": str(pending), **options}
            return run_module(interface_mtu, arguments, check=check)

        def set(self, revert_after=60, **options):
            return self.call(revert_after=revert_after, **options)

        def confirm(self, **options):
            return self.call(confirm=True, **options)

        def withdraw(self, **options):
            return self.call(confirm=False, **options)

        def mtu(self):
            return int(current.read_text())

    made = Interface()
    made.current, made.pending = current, pending
    yield made
    for path in tmp_path.glob("pending*"):  # ends what waits in the background
        path.unlink()


def reverted(interface, seconds=10):
    deadline = time.monotonic() + seconds
    while interface.mtu() != 1500 and time.monotonic() < deadline:
        time.sleep(0.05)
    return interface.mtu() == 1500


def test_a_confirmed_mtu_stays(interface):
    assert interface.set()["changed"]
    assert not interface.confirm()["failed"]
    assert (interface.mtu(), interface.pending.exists()) == (9000, False)
    assert not interface.withdraw()["changed"], "there is nothing to roll back"


def test_an_mtu_that_the_node_has_rolled_back_is_not_confirmed(interface):
    interface.set(revert_after=1)
    assert reverted(interface)
    result = interface.confirm()
    assert result["failed"]
    assert "en0 has an MTU of 1500, not 9000: it was not confirmed in time and was rolled back" in result["msg"]
    assert "network_mtu_patience" in result["msg"]


def test_another_mtu_than_the_wanted_one_is_not_confirmed(interface):
    interface.set()
    interface.current.write_text("4000")
    result = interface.confirm()
    assert "4000, not 9000: something else has changed it since" in result["msg"]


def test_a_node_that_rolls_back_at_the_last_moment_wins_alone(interface):
    interface.set()
    assert mtu_rollback.claim(str(interface.pending)) == 1500  # the node itself
    assert interface.confirm()["failed"]


def test_a_node_that_had_the_mtu_already_confirms_it_too(interface):
    interface.current.write_text("9000")
    assert not interface.set()["changed"]
    assert not interface.confirm()["failed"]
    interface.set()
    assert not interface.withdraw()["changed"]
    assert interface.mtu() == 9000


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_withdrawn_mtu_gives_the_previous_one(interface, confirmed):
    before = interface.set()["before"]
    if confirmed:
        interface.confirm()
    assert interface.withdraw(before=before)["changed"]
    assert interface.mtu() == 1500
    assert not interface.withdraw(before=before)["changed"]


def test_an_mtu_that_something_else_has_set_is_not_withdrawn(interface):
    before = interface.set()["before"]
    interface.confirm()
    interface.current.write_text("4000")
    assert not interface.withdraw(before=before)["changed"]
    assert interface.mtu() == 4000


def test_an_interrupted_run_does_not_become_the_previous_mtu(interface):
    interface.set()
    again = interface.set()
    assert (again["changed"], again["before"]) == (False, 1500)
    assert interface.withdraw()["changed"]
    assert interface.mtu() == 1500


def test_an_mtu_out_of_range_leaves_the_rollback_of_an_interrupted_run(interface):
    interface.set()
    refused = interface.set(mtu=9999)
    assert "en0 cannot have an MTU of 9999: it may be 1280 to 9000. Nothing was changed." in refused["msg"]
    assert interface.pending.read_text() == "1500\n"


def test_check_mode_sets_and_confirms_nothing(interface):
    planned = interface.set(check=True)
    assert (planned["changed"], planned["failed"], interface.mtu()) == (True, False, 1500)
    assert not interface.pending.exists()
    assert not interface.confirm(check=True)["failed"]
    assert not interface.withdraw(check=True)["failed"]


@pytest.mark.parametrize("options", [{}, {"revert_after": 60, "confirm": True}])
def test_a_call_either_sets_or_decides(interface, options):
    assert interface.call(**options)["failed"]
