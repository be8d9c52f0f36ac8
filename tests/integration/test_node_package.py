"""Packages of every package manager, against doubles that refuse as the real ones do (fixtures/package_manager.py)."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

import node_package
from ansible_collections.saf.fabric.plugins.module_utils.system import bounded, package_managers

DOUBLE = Path(__file__).resolve().parents[1] / "fixtures" / "package_manager.py"
PROGRAMS = ["dpkg-query", "apt-get", "rpm", "dnf", "dnf5", "yum", "zypper", "pacman"]
WITH_REFRESH = [name for name, manager in package_managers.MANAGERS.items() if manager.refresh]


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Put the doubles on PATH; return a function that sets their state, and one that reads it."""
    folder, state = tmp_path / "programs", tmp_path / "packages.json"
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f"#!{sys.executable}\n" + DOUBLE.read_text())
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("SAF_PACKAGES", str(state))

    def put(**more):
        start = {"installed": [], "cached": [], "index": ["iperf3"], "mirror": ["iperf3", "ethtool"], "way": "open"}
        state.write_text(json.dumps({**start, **more}))

    put()
    put.read = lambda: json.loads(state.read_text())
    return put


@pytest.fixture
def install(run_module, packages):
    def run(manager, names=("iperf3",), check=False, **options):
        return run_module(node_package, {"names": list(names), "manager": manager, **options}, check=check)

    return run


@pytest.mark.parametrize("manager", package_managers.MANAGERS)
def test_installs_once_and_asks_no_network_for_what_it_has(install, packages, manager):
    planned = install(manager, check=True)
    assert planned["changed"]
    assert packages.read()["installed"] == []
    assert install(manager)["installed"] == ["iperf3"]
    assert packages.read()["installed"] == ["iperf3"]
    calls = packages.read()["calls"]
    assert not [call for call in calls if "update" in call or "refresh" in call], "the index was refreshed without a need"
    packages(installed=["iperf3"], way="closed")
    assert not install(manager)["changed"]


@pytest.mark.parametrize("manager", package_managers.MANAGERS)
def test_fetching_alone_is_no_change_and_installs_nothing(install, packages, manager):
    assert not install(manager, state="fetched")["changed"]
    assert packages.read()["installed"] == []
    packages(cached=["iperf3"], way="closed")
    assert install(manager)["changed"], "what was fetched needs no network"


@pytest.mark.parametrize("manager", WITH_REFRESH)
def test_an_index_that_lacks_it_is_refreshed_once(install, packages, manager):
    assert install(manager, names=["ethtool"])["changed"]
    assert packages.read()["installed"] == ["ethtool"]
    assert len([call for call in packages.read()["calls"] if "update" in call or "refresh" in call]) == 1


@pytest.mark.parametrize("manager", package_managers.MANAGERS)
def test_what_nobody_has_is_one_sentence(install, packages, manager):
    failed = install(manager, names=["nonsense"])
    assert failed["failed"]
    assert "nonsense" in failed["msg"]
    assert ("pacman -Syu" in failed["msg"]) is (manager == "pacman")
    assert packages.read()["installed"] == []


@pytest.mark.parametrize("manager", package_managers.MANAGERS)
def test_a_network_that_swallows_packets_ends_at_the_limit(install, packages, manager):
    packages(way="silent")
    failed = install(manager, timeout=1)
    assert failed["failed"]
    assert "did not end within 1 s and was stopped. Its mirror is unreachable or slow." in failed["msg"]


def test_apt_gives_a_silent_mirror_seconds_and_no_second_try():
    apt = package_managers.MANAGERS["apt"]
    for command in (apt.fetch, apt.refresh):
        assert {"Acquire::Retries=0", "Acquire::http::Timeout=10", "Acquire::https::Timeout=10"} <= set(command)


def test_an_unknown_manager_is_one_sentence(install):
    failed = install("portage")
    assert "install iperf3 by hand" in failed["msg"]


def test_half_removed_is_not_installed():
    apt = package_managers.MANAGERS["apt"]
    assert package_managers.is_installed(apt, 0, "installed\ninstalled\n")
    assert not package_managers.is_installed(apt, 0, "config-files\n")
    assert not package_managers.is_installed(apt, 0, "not-installed\n")


@pytest.mark.parametrize("manager", package_managers.MANAGERS)
def test_what_was_installed_is_removed_by_the_manifest_and_only_once(run_module, install, packages, tmp_path, manager):
    import node_manifest

    def manifest(state, entries=()):
        arguments = {"path": str(tmp_path / "saf" / "manifest.json"), "state": state, "entries": list(entries)}
        return run_module(node_manifest, arguments)

    manifest("recorded", [{"kind": "package", "name": "iperf3", "manager": manager}])
    install(manager)
    assert manifest("undone")["left"] == []
    assert packages.read()["installed"] == []
    manifest("recorded", [{"kind": "package", "name": "iperf3", "manager": manager}])
    assert manifest("undone")["left"] == [], "never installed, or removed by hand since"


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except OSError:
        return False


def test_a_command_that_starts_children_ends_with_them(tmp_path):
    pid_file = tmp_path / "pid"
    script = f"sleep 600 & echo $! >{pid_file}; wait"
    with pytest.raises(bounded.TimedOut, match="sh did not end within 1 s"):
        bounded.run(["sh", "-c", script], 1)
    # SIGKILL is on its way to the child of the child when run() returns: nothing waits for that one.
    deadline = time.monotonic() + 30
    while is_running(pid_file.read_text().strip()):
        assert time.monotonic() < deadline, "the child outlived its command"
        time.sleep(0.01)


def test_a_program_that_is_not_there_answers_as_in_a_shell():
    rc, _out, err = bounded.run(["/nowhere/program"], 5)
    assert (rc, err) == (127, "/nowhere/program: No such file or directory")
