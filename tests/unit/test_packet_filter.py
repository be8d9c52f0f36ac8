"""The rules of nftables and pf: rendered, recognized, tried, confirmed, rolled back, removed."""

import os
import subprocess
import sys
import time

import pytest
from doubles import host, pf, refuse

import packet_filter as module
from ansible_collections.saf.fabric.plugins.module_utils.system import packet_filter, rollback
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import packet_filter as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import packet_filter as linux

RULES = {
    "members": ["10.0.0.1", "10.0.0.2", "fd00::1"],
    "admins": ["192.168.1.0/24", "10.9.9.9"],
    "ports": [
        {"protocol": "tcp", "ports": ["6380-6385", "10002-10999"], "sources": ["members"]},
        {"protocol": "tcp", "ports": ["8265", "10001"], "sources": ["members", "admins"]},
        {"protocol": "tcp", "ports": ["6379"], "sources": []},
        {"protocol": "udp", "ports": ["6390"], "sources": ["members"]},
    ],
}
FEWER = {**RULES, "admins": []}


@pytest.fixture
def listing(root):
    """What nft 1.0.6 lists after it has loaded RULES."""
    return (root / "tests/fixtures/nft-1.0.6-table-inet-saf.txt").read_text()


# --- nftables


def test_what_nft_lists_is_recognized(listing):
    assert linux.matches(listing, linux.render(RULES))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("10.0.0.1, 10.0.0.2", "10.0.0.1"),
        ("fd00::1", "fd00::9"),
        ("10.9.9.9, 192.168.1.0/24", "192.168.0.0/16"),
        ("\t\tdrop comment", "\t\taccept\n\t\tdrop comment"),
        ('\t\tudp dport 6390 jump from_members comment "saf 45cdbfdc9a22"\n', ""),
        ("hook input", "hook forward"),
    ],
)
def test_rules_that_were_changed_by_hand_are_not_the_right_ones(listing, before, after):
    assert before in listing
    assert not linux.matches(listing.replace(before, after), linux.render(RULES))


def test_other_rules_are_not_the_right_ones(listing):
    assert not linux.matches(listing, linux.render(FEWER))
    assert not linux.matches("", linux.render(RULES))


def test_only_new_connections_are_dropped_and_nothing_is_tracked():
    text = linux.render(RULES)
    assert "ct " not in text
    assert text.count("tcp flags & (syn | ack) == syn") == 3
    assert "policy accept" in text
    assert 'iif "lo" accept' in text


def test_a_port_for_nobody_is_dropped_from_everywhere():
    assert "chain from_nobody {\n    drop" in linux.render(RULES)


def test_a_table_of_something_else_is_not_touched():
    assert linux.is_foreign("table inet saf {\n\tchain input {\n\t\ttcp dport 22 drop\n\t}\n}\n")
    assert not linux.is_foreign("table inet saf {\n}\n")
    assert not linux.is_foreign("")


# --- pf, on an emulated Mac


class Mac:
    """pfctl of tests/fakemac in this process, with the files of pf below a folder."""

    def __init__(self, capsys, monkeypatch, folder):
        self.capsys, self.folder, self.calls = capsys, folder, []
        monkeypatch.setattr(host, "PATH", str(folder / "fakemac.json"))
        (folder / "pf.anchors").mkdir()
        self.main = folder / "pf.conf"
        self.stock = (folder.parent / "stock").read_text()
        self.main.write_text(self.stock)
        monkeypatch.setattr(pf, "MAIN", str(self.main))
        for name, path in {"MAIN": "pf.conf", "RULES": "pf.anchors/saf", "TRIAL": "trial", "TOKEN": "token"}.items():
            monkeypatch.setattr(darwin, name, str(folder / path))
        monkeypatch.setattr(packet_filter, "system", type("Darwin", (), {"packet_filter": darwin}))
        monkeypatch.setattr(packet_filter, "FILES", [darwin.RULES])
        monkeypatch.setattr(packet_filter, "_TRIAL", darwin.TRIAL)
        monkeypatch.setattr(packet_filter, "_PENDING", f"{darwin.TRIAL}/pending")
        self.node = darwin.Filter(self.run, "/sbin/pfctl", packet_filter.read)

    def run(self, argv):
        self.calls.append(argv[1:])
        self.capsys.readouterr()
        try:
            rc = pf.pfctl(argv[1:])
        except refuse.Unknown:
            rc = 70
        told = self.capsys.readouterr()
        assert rc != 70, argv
        return rc, told.out, told.err

    def shell(self, path):
        """Run the lines of the rollback, which name pfctl by its path."""
        for line in packet_filter.read(path).splitlines():
            if line.startswith("rm "):
                os.unlink(line.split()[-1])
            else:
                words = line.partition("|| ")[2] or line
                token = packet_filter.read(darwin.TOKEN) or ""
                self.run(words.replace(f'"$(cat {darwin.TOKEN})"', token.strip()).split())


@pytest.fixture
def mac(capsys, monkeypatch, tmp_path, root):
    (tmp_path / "stock").write_text((root / "tests/fakemac/samples/pf.conf").read_text())
    folder = tmp_path / "mac"
    folder.mkdir()
    armed = []
    monkeypatch.setattr(
        rollback, "arm", lambda pending, seconds, command, note: (armed.append(command), open(pending, "w").close())
    )
    found = Mac(capsys, monkeypatch, folder)
    found.armed = armed
    return found


def test_an_anchor_that_no_main_rule_names_filters_nothing(mac):
    """The trap that the double models: the naive way succeeds."""
    (mac.folder / "rules").write_text(darwin.render(RULES))
    assert mac.node.must("-a", darwin.NAME, "-f", str(mac.folder / "rules")) == ""
    assert mac.node.hold() == ""
    assert pf.evaluated() == []


def test_rules_that_are_tried_work_and_nothing_is_on_the_disk(mac):
    packet_filter.attempt(mac.node, darwin.render(RULES), 60)
    assert len(pf.evaluated()) == 6
    assert mac.node.is_current(darwin.render(RULES))
    assert mac.main.read_text() == mac.stock
    assert not packet_filter.is_right(mac.node, darwin.render(RULES))


def test_a_rollback_leaves_a_mac_as_it_was(mac):
    packet_filter.attempt(mac.node, darwin.render(RULES), 60)
    (command,) = mac.armed
    mac.shell(command[1])
    assert pf.evaluated() == []
    assert host.read("pf")["tokens"] == []
    assert not mac.node.is_loaded()
    packet_filter.remove(mac.node)
    assert not packet_filter.has_leftovers(mac.node)


def test_confirmed_rules_are_loaded_at_boot(mac):
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    packet_filter.confirm(mac.node, text)
    assert packet_filter.is_right(mac.node, text)
    assert packet_filter.admitted() == ["10.0.0.1", "10.0.0.2", "fd00::1"]
    assert mac.main.read_text().startswith(mac.stock)
    assert mac.main.read_text() == darwin.with_reference(darwin.with_reference(mac.stock))
    pf.boot()
    assert mac.node.must("-f", str(mac.main)) == ""
    assert mac.node.hold() == ""
    assert len(pf.evaluated()) == 6


def test_a_rollback_of_changed_rules_restores_the_confirmed_ones(mac):
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    packet_filter.confirm(mac.node, text)
    packet_filter.attempt(mac.node, darwin.render(FEWER), 60)
    assert not mac.node.is_current(text)
    mac.shell(mac.armed[-1][1])
    assert packet_filter.is_right(mac.node, text)
    assert len(host.read("pf")["tokens"]) == 1


def test_main_rules_that_are_loaded_stay_loaded_when_members_change(mac):
    """Services of macOS add anchors to the main rules; loading /etc/pf.conf would drop them."""
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    packet_filter.confirm(mac.node, text)
    mac.calls.clear()
    packet_filter.attempt(mac.node, darwin.render(FEWER), 60)
    assert [call for call in mac.calls if call[0] == "-f"] == []


def test_removing_restores_the_main_file_and_releases_the_token(mac):
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    packet_filter.confirm(mac.node, text)
    packet_filter.remove(mac.node)
    assert mac.main.read_text() == mac.stock
    assert pf.evaluated() == []
    assert host.read("pf")["tokens"] == []
    assert not packet_filter.has_leftovers(mac.node)


def test_rules_that_pfctl_refuses_change_nothing(mac):
    with pytest.raises(packet_filter.FilterError, match="nothing was changed"):
        packet_filter.attempt(mac.node, darwin.render(RULES) + "nonsense\n", 60)
    assert mac.armed == []
    assert pf.evaluated() == []


def test_confirming_after_the_rollback_is_refused(mac):
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    os.unlink(f"{darwin.TRIAL}/pending")
    with pytest.raises(packet_filter.FilterError, match="not confirmed in time"):
        packet_filter.confirm(mac.node, text)
    assert mac.main.read_text() == mac.stock


@pytest.mark.parametrize(
    ("loaded", "on", "sentence"),
    [
        (None, False, ""),
        ('anchor "com.apple/*"\n', True, ""),
        ('anchor "other-product"\n', True, "something else has loaded its own rules"),
        ("pass all\n", True, "something else has loaded its own rules"),
    ],
)
def test_main_rules_of_another_product_are_refused(mac, loaded, on, sentence):
    if loaded:
        (mac.folder / "other").write_text(loaded)
        mac.node.must("-f", str(mac.folder / "other"))
    host.update("settings", {"pf_is_on": on})
    found = mac.node.refusal()
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_rules_of_the_owner_that_are_not_in_force_are_not_turned_on(mac):
    mac.main.write_text(mac.stock + "block in all\n")
    assert "pf is off" in mac.node.refusal()
    host.update("settings", {"pf_is_on": True})
    assert mac.node.refusal() == ""


# --- the daemon of a Mac

_PFCTL = """#!{python}
import sys
sys.path.insert(0, {tests!r})
from doubles import host, pf
host.PATH, pf.MAIN = {state!r}, {main!r}
sys.exit(pf.pfctl(sys.argv[1:]))
"""


@pytest.fixture
def daemon(mac, root):
    """Run firewall.sh with the files of the emulated Mac."""
    pfctl = mac.folder / "pfctl"
    pfctl.write_text(_PFCTL.format(python=sys.executable, tests=str(root / "tests/fakemac"), state=host.PATH, main=str(mac.main)))
    pfctl.chmod(0o755)
    text = (root / "roles/firewall/files/firewall.sh").read_text()
    places = {"/sbin/pfctl": pfctl, "/etc/pf.conf": darwin.MAIN, "/etc/pf.anchors/$anchor": darwin.RULES}
    places.update({"/var/run/saf-firewall.token": darwin.TOKEN, "/var/run/saf-firewall/pending": f"{darwin.TRIAL}/pending"})
    for before, after in places.items():
        assert before in text
        text = text.replace(before, str(after))

    def run():
        return subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def confirmed(mac):
    text = darwin.render(RULES)
    packet_filter.attempt(mac.node, text, 60)
    packet_filter.confirm(mac.node, text)
    return text


def test_the_daemon_loads_everything_after_a_boot(mac, daemon, confirmed):
    pf.boot()
    assert pf.evaluated() == []
    assert daemon().returncode == 0
    assert packet_filter.is_right(mac.node, confirmed)


def test_the_daemon_restores_a_main_file_that_an_update_has_replaced(mac, daemon, confirmed):
    mac.main.write_text(mac.stock)
    mac.node.must("-f", str(mac.main))
    assert pf.evaluated() == []
    assert daemon().returncode == 0
    assert packet_filter.is_right(mac.node, confirmed)


def test_the_daemon_changes_nothing_where_all_is_right(mac, daemon, confirmed):
    before = (mac.main.stat().st_ino, host.read("pf"))
    assert daemon().returncode == 0
    assert (mac.main.stat().st_ino, host.read("pf")) == before


def test_the_daemon_leaves_a_trial_and_a_reset_alone(mac, daemon, confirmed):
    packet_filter.attempt(mac.node, darwin.render(FEWER), 60)
    assert daemon().returncode == 0
    assert mac.node.is_current(darwin.render(FEWER))
    packet_filter.remove(mac.node)
    assert daemon().returncode == 0
    assert pf.evaluated() == []


def test_the_daemon_leaves_a_main_file_that_cannot_have_the_anchor(mac, daemon, confirmed):
    mac.main.write_text("nonsense\n")
    done = daemon()
    assert done.returncode == 1
    assert "pfctl -n refuses it" in done.stderr
    assert mac.main.read_text() == "nonsense\n"


# --- the rollback, for real: a process in the background and a shell


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_what_nobody_confirms_is_rolled_back_by_the_node_alone(tmp_path):
    back = tmp_path / "back"
    rollback.arm(str(tmp_path / "pending"), 1, ["touch", str(back)], "note")
    assert wait_for(back.exists)
    assert wait_for(lambda: list(tmp_path.iterdir()) == [back])
    assert rollback.claim(str(tmp_path / "pending")) is None


def test_what_is_confirmed_stays(tmp_path):
    back = tmp_path / "back"
    rollback.arm(str(tmp_path / "pending"), 60, ["touch", str(back)], "note")
    assert rollback.claim(str(tmp_path / "pending")) == "note"
    assert not back.exists()


# --- the module


@pytest.fixture
def nft(monkeypatch, tmp_path):
    """An nft whose table is a file: -f loads what is given, list prints it."""
    table = tmp_path / "table"
    program = tmp_path / "nft"
    program.write_text(
        f"""#!/bin/sh
case "$1 $2" in
  "list tables") test ! -e {tmp_path}/forbidden || {{ echo "Error: Operation not permitted" >&2; exit 1; }} ;;
  "list table") cat {table} 2>/dev/null || exit 1 ;;
  "-c -f") ! grep -q wrong "$3" || {{ echo "syntax error" >&2; exit 1; }} ;;
  "delete table") rm {table} ;;
  -f*) cp "$2" {table} ;;
esac
"""
    )
    program.chmod(0o755)
    (tmp_path / "etc").mkdir()
    for name, path in {"RULES": "etc/rules.nft", "TRIAL": "trial", "TOOL": "nft"}.items():
        monkeypatch.setattr(linux, name, str(tmp_path / path))
    monkeypatch.setattr(linux, "FILES", [linux.RULES])
    monkeypatch.setattr(packet_filter, "FILES", [linux.RULES])
    monkeypatch.setattr(packet_filter, "TOOL", str(program))
    monkeypatch.setattr(packet_filter, "_TRIAL", linux.TRIAL)
    monkeypatch.setattr(packet_filter, "_PENDING", f"{linux.TRIAL}/pending")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_a_dry_run_shows_the_difference_and_loads_nothing(nft, run_module):
    done = run_module(module, {**RULES, "revert_after": 60}, check=True, diff=True)
    assert done["changed"]
    assert "10.0.0.2" in done["diff"]["after"]
    assert not (nft / "table").exists()
    assert not (nft / "trial").exists()


def test_tried_and_confirmed_rules_are_right_the_next_time(nft, run_module):
    assert run_module(module, {**RULES, "revert_after": 60})["changed"]
    assert not (nft / "etc/rules.nft").exists()
    assert run_module(module, {**RULES, "confirm": True})["changed"]
    assert (nft / "etc/rules.nft").read_text() == linux.render(RULES)
    assert not (nft / "trial").exists()
    again = run_module(module, {**RULES, "revert_after": 60})
    assert (again["changed"], again["admitted"]) == (False, ["10.0.0.1", "10.0.0.2", "fd00::1"])


def test_a_table_that_something_has_removed_comes_back_for_good(nft, run_module):
    """The file of the boot is right already: the confirmation must disarm the rollback all the same."""
    run_module(module, {**RULES, "revert_after": 60})
    run_module(module, {**RULES, "confirm": True})
    (nft / "table").unlink()
    assert run_module(module, {**RULES, "revert_after": 60})["changed"]
    assert (nft / "trial/pending").exists()
    assert not run_module(module, {**RULES, "confirm": True})["failed"]
    assert not (nft / "trial").exists()


def test_an_unconfirmed_change_is_rolled_back_to_what_was_loaded(nft, run_module):
    (nft / "table").write_text(f"{linux.render(FEWER)}")
    run_module(module, {**RULES, "revert_after": 1})
    assert wait_for(lambda: "192.168.1.0/24" not in (nft / "table").read_text())
    late = run_module(module, {**RULES, "confirm": True})
    assert late["failed"]
    assert "not confirmed in time" in late["msg"]
    (nft / "table").unlink()
    assert run_module(module, {"state": "absent"})["changed"], "the folder of the trial"
    assert not run_module(module, {"state": "absent"})["changed"]


def test_a_second_trial_of_an_interrupted_run_rolls_back_to_the_first_state(nft, run_module):
    (nft / "table").write_text(linux.render(FEWER))
    run_module(module, {**RULES, "revert_after": 60})
    run_module(module, {**RULES, "revert_after": 60})
    assert "192.168.1.0/24" not in (nft / "trial/before").read_text()


def test_a_node_without_rules_is_left_without_where_asked(nft, run_module):
    done = run_module(module, {**RULES, "only_present": True, "revert_after": 60})
    assert not done["changed"]
    assert not (nft / "table").exists()


@pytest.mark.parametrize("check", [True, False])
def test_a_kernel_that_cannot_is_refused_with_the_way_on(nft, run_module, check):
    (nft / "forbidden").touch()
    done = run_module(module, {**RULES, "revert_after": 60}, check=check)
    assert done["failed"]
    assert "nftables does not work here" in done["msg"]
    assert "Operation not permitted" in done["msg"]
    assert "firewall_enabled=false" in done["msg"]


def test_a_table_of_the_same_name_is_refused(nft, run_module):
    (nft / "table").write_text("table inet saf {\n chain input { tcp dport 22 drop }\n}\n")
    assert "of something else" in run_module(module, {**RULES, "revert_after": 60})["msg"]


def test_without_root_it_is_refused(nft, run_module, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "need root" in run_module(module, {**RULES, "revert_after": 60})["msg"]
    assert not run_module(module, {"state": "absent"})["changed"]


def test_without_the_program_a_dry_run_goes_on_and_a_real_one_is_refused(nft, run_module):
    (nft / "nft").unlink()
    assert run_module(module, {**RULES, "revert_after": 60}, check=True)["changed"]
    assert "has no" in run_module(module, {**RULES, "revert_after": 60})["msg"]


def test_absent_removes_table_and_file(nft, run_module):
    run_module(module, {**RULES, "revert_after": 60})
    run_module(module, {**RULES, "confirm": True})
    assert run_module(module, {"state": "absent"}, check=True)["changed"]
    assert (nft / "table").exists()
    assert run_module(module, {"state": "absent"})["changed"]
    assert not (nft / "table").exists()
    assert not (nft / "etc/rules.nft").exists()
    assert not run_module(module, {"state": "absent"})["changed"]
