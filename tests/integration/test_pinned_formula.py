"""The module pinned_formula and the undoing of what it made, against the double of brew: everything below one folder."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from doubles import brew, brew_cellar, host

import node_leftovers
import node_manifest
import pinned_formula
from ansible_collections.saf.fabric.plugins.module_utils.manifest import kinds as manifest_kinds
from ansible_collections.saf.fabric.plugins.module_utils.system import homebrew

TAP, CORE = "studio-air-fabric/pins", "homebrew/core"
PYTHON = "python@3.9"
LIBRARIES = ["gdbm", "mpdecimal", "openssl@3", "readline", "sqlite", "xz"]
# Stands for bin/brew: the double, told where it lives; its owner is whoever runs the tests, root included.
BREW = """#!{python}
import os, sys
sys.path.insert(0, {doubles!r})
os.geteuid = lambda: 501
from doubles import brew, brew_cellar, host
brew_cellar.PREFIX, brew_cellar.PAYLOAD, host.PATH = {prefix!r}, {payload!r}, {host!r}
brew.BOTTLES, brew.CLT_GIT = {bottles!r}, {prefix!r}
with open({log!r}, "a") as stream:
    stream.write(" ".join(sys.argv[1:]) + chr(10))
from doubles.refuse import Unknown
try:
    sys.exit(brew.main(sys.argv[1:]))
except Unknown:
    sys.exit(70)
"""


@pytest.fixture
def mac(monkeypatch, root, tmp_path, run_module):
    """A Mac with Homebrew below a folder of the test."""
    prefix, home = tmp_path / "homebrew", tmp_path / "home"
    for name in ("bin", "Cellar", "opt", "Library/Taps", "var/homebrew/pinned"):
        (prefix / name).mkdir(parents=True)
    payload = tmp_path / "payload"
    (payload / "python3.9" / "bin").mkdir(parents=True)
    (payload / "python3.9" / "bin" / "python3.9").write_text("#!/bin/sh\n")
    (payload / "iperf3").write_text("#!/bin/sh\n")
    home.mkdir()
    places = {
        "prefix": str(prefix),
        "payload": str(payload),
        "host": str(tmp_path / "fakemac.json"),
        "log": str(tmp_path / "log"),
    }
    fakemac = root / "tests" / "fakemac"
    script = BREW.format(python=sys.executable, doubles=str(fakemac), bottles=str(fakemac / "samples" / "bottles.json"), **places)
    (prefix / "bin" / "brew").write_text(script)
    (prefix / "bin" / "brew").chmod(0o755)
    monkeypatch.setattr(homebrew, "PREFIX", str(prefix))
    monkeypatch.setattr(brew_cellar, "PREFIX", str(prefix))
    monkeypatch.setattr(brew_cellar, "PAYLOAD", str(payload))
    monkeypatch.setattr(host, "PATH", places["host"])
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("HOMEBREW_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    warnings = []
    monkeypatch.setattr(pinned_formula.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    bottle = yaml.safe_load((root / "data" / "homebrew_bottles.yml").read_text())["versions"]["3.9.23"]
    params = {"name": PYTHON, "tap": TAP, "content": formula(bottle), "kegs": bottle["kegs"], "depends_on": bottle["depends_on"]}

    def said(*arguments, **environment):
        """Run brew as its owner does at the keyboard."""
        return subprocess.run(
            [prefix / "bin" / "brew", *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )

    return SimpleNamespace(
        prefix=prefix,
        brew=said,
        warnings=warnings,
        params=params,
        provision=lambda **more: run_module(pinned_formula, {**params, **more}),
        log=lambda: (tmp_path / "log").read_text().splitlines() if (tmp_path / "log").exists() else [],
        set_up=lambda **values: host.update("settings", values),
        trust=home / ".homebrew" / "trust.json",
        manifest=str(tmp_path / "root" / "manifest.json"),
    )


def formula(bottle):
    """Return the text of the formula as far as the double reads it."""
    digests = "\n".join(f'    sha256 {tag}: "{digest}"' for tag, digest in bottle["bottles"].items())
    needs = "\n".join(f'  depends_on "{name}"' for name in bottle["depends_on"])
    return (
        f'class PythonAT39 < Formula\n  url "{bottle["source"]["url"]}"\n  revision {bottle["revision"]}\n  bottle do\n'
        f'    root_url "https://ghcr.io/v2/homebrew/core"\n{digests}\n  end\n{needs}\nend\n'
    )


def works(mac):
    return [name for name in LIBRARIES if not (mac.prefix / "opt" / name).exists()] == []


def test_a_second_run_changes_nothing(mac):
    first = mac.provision()
    assert first["actions"] == ["write", "libraries", "install", "pin"], first
    assert os.readlink(mac.prefix / "opt" / PYTHON).endswith("3.9.23_1")
    assert os.path.lexists(mac.prefix / "var/homebrew/pinned" / PYTHON)
    before = mac.log()
    again = mac.provision()
    assert (again["changed"], again["actions"]) == (False, [])
    assert mac.log() == before, "a run with nothing to do must not even start brew"


@pytest.mark.parametrize("lost", ["XDG_CONFIG_HOME", "trust.json"])
def test_libraries_outlive_a_cleanup_that_does_not_see_python(mac, tmp_path, lost):
    """Thirty days later, in a shell for which the formula is not trusted, brew removes whatever nobody asked for."""
    mac.provision()
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")} if lost == "XDG_CONFIG_HOME" else {}
    if lost == "trust.json":
        mac.trust.unlink()
    mac.set_up(cleanup_due=True)
    done = mac.brew("install", "iperf3", **environment)
    assert "Skipping python@3.9: tap formula is not trusted" in done.stderr
    assert works(mac), done.stdout


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_that_has_gone_is_brought_back(mac, name):
    mac.provision()
    brew_cellar.remove(name)
    assert mac.provision()["actions"] == ["libraries"]
    assert works(mac)


def test_libraries_of_an_earlier_version_are_marked(mac):
    """There as dependencies only: the next cleanup would take them."""
    mac.provision()
    for name in LIBRARIES:
        brew_cellar.mark_on_request(name, False)
    assert mac.provision()["actions"] == ["libraries"]
    assert all(homebrew.on_request(name) for name in LIBRARIES)


def test_homebrew_stays_on_its_stable_branch(mac):
    mac.provision()
    assert "disabled" in mac.brew("developer").stdout
    assert sorted(os.listdir(mac.prefix / "Library/Taps/studio-air-fabric/homebrew-pins")) == ["Formula"]


def test_a_developer_mode_of_an_earlier_version_is_said_until_it_is_off(mac):
    mac.brew("tap-new", "--no-git", TAP)
    mac.provision()
    assert "brew developer off" in mac.warnings.pop()
    mac.brew("developer", "off")
    mac.provision()
    assert mac.warnings == []


def test_the_owners_own_developer_mode_is_not_touched(mac):
    mac.brew("tap-new", "--no-git", "his/own")
    mac.provision()
    assert mac.warnings == []
    assert "enabled" in mac.brew("developer").stdout


@pytest.mark.parametrize("tap", [TAP, CORE])
def test_an_older_brew_with_a_clone_of_homebrew_core_pins_as_well(mac, monkeypatch, tap):
    monkeypatch.setenv("HOMEBREW_NO_INSTALL_FROM_API", "1")
    if tap == CORE:
        brew.pour(PYTHON, "3.9.23_1", CORE, needs=LIBRARIES)
    done = mac.provision()
    assert not done["failed"], done
    assert os.path.lexists(mac.prefix / "var/homebrew/pinned" / PYTHON)


def orphan(name="iperf3"):
    brew.pour(name, "3.20", CORE, on_request=False)


def test_replacing_a_python_leaves_other_orphans_alone(mac):
    orphan()
    brew.pour(PYTHON, "3.9.25", CORE)
    done = mac.provision(replace=True)
    assert done["actions"] == ["write", "libraries", "uninstall", "install", "pin"], done
    assert brew_cellar.kegs("iperf3")
    assert brew_cellar.kegs(PYTHON) == ["3.9.23_1"]


def test_a_foreign_file_in_bin_is_no_failure(mac):
    for program in ("python3.9", "openssl@3"):
        (mac.prefix / "bin" / program).write_text("mine")
    assert not mac.provision()["failed"]
    assert (mac.prefix / "bin" / "python3.9").read_text() == "mine"


def test_libraries_that_cannot_be_linked_are_good_all_the_same(mac, tmp_path):
    (tmp_path / "payload" / "xz").write_text("#!/bin/sh\n")
    (mac.prefix / "bin" / "xz").write_text("mine")
    done = mac.provision()
    assert not done["failed"], done
    assert works(mac)


def test_lost_trust_and_a_lost_pin_are_mended(mac):
    mac.provision()
    mac.trust.unlink()
    (mac.prefix / "var/homebrew/pinned" / PYTHON).unlink()
    assert mac.provision()["actions"] == ["pin"]
    assert json.loads(mac.trust.read_text())["trustedformulae"] == [f"{TAP}/{PYTHON}"]


def test_the_keg_that_opt_leads_to_counts(mac):
    """Two kegs of homebrew-core side by side: the right one is there, and is not the one that runs."""
    brew.pour(PYTHON, "3.9.23_1", CORE)
    brew.pour(PYTHON, "3.9.25", CORE)
    refused = mac.provision()
    assert refused["failed"]
    assert "python@3.9 3.9.25 from homebrew/core is installed" in refused["msg"]
    assert mac.provision(replace=True)["actions"][-3:] == ["uninstall", "install", "pin"]
    assert homebrew.in_use(PYTHON) == "3.9.23_1"
    assert brew_cellar.kegs(PYTHON) == ["3.9.23_1"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"blob_sha256": "0" * 64}, "is not the pinned one"),
        ({"macos": "13.6"}, "no bottle for this macOS"),
        ({"bottle_is_gone": True}, "no bottle for this macOS"),
        ({"network": False}, "could not be fetched"),
        ({"api": False}, "homebrew_api_domain"),
    ],
)
def test_what_brew_says_becomes_one_sentence(mac, monkeypatch, settings, words):
    monkeypatch.setattr(brew, "_TAGS", {**brew._TAGS, "13": "arm64_ventura"})
    mac.set_up(**settings)
    if "macos" in settings:
        mac.params["content"] = mac.params["content"].replace("arm64_tahoe", "arm64_golden_gate")
        mac.set_up(macos="26.1")
    done = mac.provision()
    assert done["failed"]
    assert words in done["msg"]
    assert not brew_cellar.kegs(PYTHON)


def test_a_mirror_of_the_index_is_enough(mac):
    mac.set_up(api=False)
    assert not mac.provision(environment={"HOMEBREW_API_DOMAIN": "https://mirror.example/api"})["failed"]


def test_a_dry_run_does_not_start_brew(mac, run_module):
    planned = run_module(pinned_formula, mac.params, check=True, diff=True)
    assert planned["actions"] == ["write", "libraries", "install", "pin"]
    assert "class PythonAT39" in planned["diff"]["after"]
    assert mac.log() == []


# --- reset


def entries():
    """What role python records."""
    recorded = [{"kind": "package", "name": name, "manager": "homebrew"} for name in ["ca-certificates", *LIBRARIES]]
    recorded += [{"kind": "on_request", "name": name} for name in LIBRARIES]
    return [
        *recorded,
        {"kind": "tap", "name": TAP},
        {"kind": "package", "name": f"{TAP}/{PYTHON}", "manager": "homebrew"},
        {"kind": "pin", "name": PYTHON},
    ]


@pytest.fixture
def manifest(run_module, mac, monkeypatch, tmp_path):
    monkeypatch.setattr(node_manifest.job, "folders", list)

    def run(state, check=False):
        return run_module(node_manifest, {"path": mac.manifest, "state": state, "entries": entries()}, check=check)

    return run


def leftovers(run_module, undone):
    return run_module(node_leftovers, {"entries": undone["entries"], "venv_root": "/nowhere/saf"})["left"]


def test_reset_removes_what_was_brought_and_nothing_else(mac, manifest, run_module):
    orphan()
    brew.pour("xz", "5.8.3", CORE, on_request=False)  # there before, as a dependency of another formula
    manifest("recorded")
    mac.provision()
    undone = manifest("undone")
    assert undone["left"] == []
    assert leftovers(run_module, undone) == []
    assert brew_cellar.racks() == ["iperf3", "xz"]
    assert not brew_cellar.receipt("xz")["installed_on_request"], "its mark is what it was before"
    assert not (mac.prefix / "Library/Taps/studio-air-fabric/homebrew-pins").exists()
    assert not mac.trust.exists()


def test_reset_keeps_a_library_that_something_else_needs_by_now(mac, manifest, run_module):
    manifest("recorded")
    mac.provision()
    mac.brew("install", "iperf3")
    undone = manifest("undone")
    assert undone["left"] == []
    assert leftovers(run_module, undone) == []
    assert brew_cellar.racks() == ["ca-certificates", "iperf3", "openssl@3"]
    assert not brew_cellar.receipt("openssl@3")["installed_on_request"], "brew removes it with the last that needs it"


def test_reset_works_where_trust_was_lost(mac, manifest):
    manifest("recorded")
    mac.provision()
    mac.trust.unlink()
    assert manifest("undone")["left"] == []
    assert brew_cellar.racks() == []


def test_a_python_that_replaced_another_is_ours(mac, manifest):
    """homebrew_replace_python: the name was there before, the keg was not."""
    brew.pour(PYTHON, "3.9.25", CORE)
    manifest("recorded")
    mac.provision(replace=True)
    assert manifest("undone")["left"] == []
    assert brew_cellar.racks() == []


def test_every_kind_says_what_remains():
    for kind in manifest_kinds.KINDS.values():
        assert callable(kind.remains)
