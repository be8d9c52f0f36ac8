"""A Mac has settings for each power source: set by source, and what was before comes back (R06)."""

import json
import re
from pathlib import Path

import pytest
from doubles import host, refuse, system

import power_settings
from ansible_collections.saf.fabric.plugins.module_utils.manifest import kinds_darwin as manifest_kinds_darwin
from ansible_collections.saf.fabric.plugins.module_utils.manifest import record as manifest
from ansible_collections.saf.fabric.plugins.module_utils.system import power

SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "realworld" / "R06-pmset-custom-laptop.txt"
WANTED = {"sleep": 0, "disksleep": 0, "powernap": 0, "standby": 0, "hibernatemode": 0, "womp": 1, "autorestart": 1}
WANTED["ttyskeepawake"] = 1


class Mac:
    """The module's side of an emulated Mac: pmset of tests/fakemac."""

    def __init__(self, capsys):
        self._capsys, self.calls = capsys, []

    def run_command(self, argv, **_options):
        assert argv[0] == "pmset"
        self.calls.append(argv[1:])
        self._capsys.readouterr()
        try:
            rc = system.pmset(argv[1:])
        except refuse.Unknown:
            rc = 70
        told = self._capsys.readouterr()
        return rc, told.out, told.err

    def sources(self):
        """What the emulated Mac holds, past every parser."""
        return system._pmset_sources()

    def set_by(self):
        return [call for call in self.calls if call[0] != "-g"]


@pytest.fixture
def mac(monkeypatch, tmp_path, capsys):
    """A laptop with the settings of the sample."""
    monkeypatch.setattr(host, "PATH", str(tmp_path / "fakemac.json"))
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    sources = power.parse_custom(SAMPLE.read_text())
    host.update("settings", {"laptop": True})
    monkeypatch.setattr(system, "_PMSET", sources["AC Power"])
    monkeypatch.setattr(system, "_PMSET_BATTERY", sources["Battery Power"])
    return Mac(capsys)


@pytest.fixture
def role(mac, run_module, monkeypatch):
    """What role node does, in its order: look, record what differs, set."""

    def run(record, check=False, diff=False):
        monkeypatch.setattr(
            power_settings.AnsibleModule, "run_command", lambda _self, argv, **options: mac.run_command(argv, **options)
        )
        plan = run_module(power_settings, {"settings": WANTED}, check=True)
        wanted = [{"kind": "power_setting", "name": name} for name in plan["names"]]
        kind = manifest_kinds_darwin.PowerSetting
        added = manifest.additions(
            record, wanted, lambda entry: kind(mac, entry).exists(), lambda entry: kind(mac, entry).previous(), "now"
        )
        record = {**record, "entries": record["entries"] + added}
        return record, run_module(power_settings, {"settings": WANTED}, check=check, diff=diff)

    return run


def undo(mac, record):
    return [manifest_kinds_darwin.PowerSetting(mac, entry).undo() for entry in manifest.undo_order(record)]


def test_the_two_blocks_of_a_laptop():
    sources = power.parse_custom(SAMPLE.read_text())
    assert (sources["Battery Power"]["sleep"], sources["AC Power"]["sleep"]) == ("1", "0")
    assert sources["AC Power"]["Sleep On Power Button"] == "1"
    assert "hibernatefile" not in sources["AC Power"]
    assert power.parse_custom("") == {}


def test_each_source_is_set_and_restored_by_itself(mac, role):
    before = mac.sources()
    record, result = role(manifest.empty())
    assert result["changed"]
    for source, settings in mac.sources().items():
        assert {name: settings[name] for name in WANTED if name in settings} == {
            name: str(value) for name, value in WANTED.items() if name in settings
        }, source
    assert "-a" not in [call[0] for call in mac.set_by()]
    # What was right already was neither set nor recorded.
    assert ["-c", "sleep", "0"] not in mac.set_by()
    assert "ttyskeepawake" not in [entry["name"] for entry in record["entries"]]
    assert record["entries"][0]["previous"]["by_source"].keys() == {"Battery Power", "AC Power"}
    _record, again = role(json.loads(json.dumps(record)))
    assert not again["changed"]
    assert undo(mac, json.loads(json.dumps(record))) == [""] * len(record["entries"])
    assert mac.sources() == before


def test_a_dry_run_sets_nothing_and_shows_what_differs(mac, role):
    before = mac.sources()
    _record, result = role(manifest.empty(), check=True, diff=True)
    assert result["changed"]
    assert "Battery Power: sleep 1\n" in result["diff"]["before"]
    assert "Battery Power: sleep 0\n" in result["diff"]["after"]
    assert "AC Power: sleep" not in result["diff"]["after"]
    assert mac.sources() == before


def test_the_record_of_an_earlier_release_is_still_undone(mac):
    entry = {"kind": "power_setting", "name": "sleep", "previous": {"value": "10"}}
    assert manifest_kinds_darwin.PowerSetting(mac, entry).undo() == ""
    assert {settings["sleep"] for settings in mac.sources().values()} == {"10"}
    assert manifest_kinds_darwin.PowerSetting(mac, {"kind": "power_setting", "name": "sleep"}).undo() == ""


def test_a_source_or_setting_that_is_gone_is_left_alone(mac):
    entry = {"kind": "power_setting", "name": "sleep"}
    entry["previous"] = {"by_source": {"UPS Power": "5", "Car Battery": "1", "AC Power": "7"}}
    assert manifest_kinds_darwin.PowerSetting(mac, entry).undo() == ""
    assert mac.set_by() == [["-c", "sleep", "7"]]
    assert manifest_kinds_darwin.PowerSetting(mac, {"kind": "power_setting", "name": "autorestart"}).previous() is None


def test_a_refusal_is_a_sentence(mac, role, monkeypatch):
    monkeypatch.setattr(system.os, "geteuid", lambda: 501)
    _record, result = role(manifest.empty())
    assert result["failed"]
    assert re.search(r"The power setting \w+ for Battery Power could not be set: 'pmset' must be run as root", result["msg"])


def test_a_desktop_has_one_block(mac, role):
    host.update("settings", {"laptop": False})
    record, _result = role(manifest.empty())
    assert {call[0] for call in mac.set_by()} == {"-c"}
    undo(mac, record)
    assert mac.sources() == {"AC Power": power.parse_custom(SAMPLE.read_text())["AC Power"]}
