"""The manifest: what is recorded, and what an undoing does, on real files."""

import json
import os
import tempfile
from typing import ClassVar

import pytest

import node_leftovers
import node_manifest
from ansible_collections.saf.fabric.plugins.module_utils.manifest import kind as manifest_kind
from ansible_collections.saf.fabric.plugins.module_utils.manifest import kinds as manifest_kinds
from ansible_collections.saf.fabric.plugins.module_utils.manifest import record as manifest
from ansible_collections.saf.fabric.plugins.module_utils.services import process
from ansible_collections.saf.fabric.plugins.module_utils.system import homebrew, package_managers


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """An empty folder for temporary files: undoing looks there."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def run(run_module, tmp_path):
    path = tmp_path / "root" / "manifest.json"

    def call(state="recorded", entries=(), **options):
        return run_module(node_manifest, {"path": str(path), "state": state, "entries": list(entries)}, **options)

    call.path = path
    call.root = path.parent
    return call


def test_records_what_is_missing_and_its_own_folder(run):
    result = run(entries=[{"kind": "directory", "name": str(run.root / "log")}])
    assert result["changed"]
    names = [entry["name"] for entry in json.loads(run.path.read_text())["entries"]]
    assert names == [str(run.root), str(run.root / "log")]
    assert oct(run.path.stat().st_mode & 0o777) == "0o600"
    assert not run(entries=[{"kind": "directory", "name": str(run.root / "log")}])["changed"]


def test_leaves_out_what_is_somebody_elses(run, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    run(entries=[{"kind": "directory", "name": str(theirs)}])
    run("undone")
    assert theirs.is_dir()
    assert not run.root.exists()


def test_check_mode_creates_nothing(run):
    result = run(entries=[{"kind": "directory", "name": "/nowhere/at/all"}], check=True, diff=True)
    assert result["changed"]
    assert "directory /nowhere/at/all" in result["diff"]["after"]
    assert not run.root.exists()


def test_a_file_that_was_there_is_restored(run, tmp_path):
    config = tmp_path / "config"
    config.write_text("before")
    config.chmod(0o640)
    run(entries=[{"kind": "file", "name": str(config)}])
    config.write_text("after")
    result = run("undone")
    assert config.read_text() == "before"
    assert oct(config.stat().st_mode & 0o777) == "0o640"
    assert f"restore file {config}" in result["undone"]


def test_undoing_goes_backwards_and_tolerates_what_was_never_made(run, tmp_path):
    made = tmp_path / "made"
    run(entries=[{"kind": "file", "name": str(made)}, {"kind": "file", "name": str(tmp_path / "never")}])
    made.write_text("")
    result = run("undone")
    assert result["left"] == []
    assert result["undone"] == [f"remove file {tmp_path / 'never'}", f"remove file {made}", f"remove directory {run.root}"]
    assert not made.exists()
    assert not run("undone")["changed"]


def test_what_a_killed_measurement_left_goes_too(run, temporary):
    (temporary / "saf-job-u3k3Z1IW").mkdir()
    (temporary / "saf-job-notes.txt").write_text("somebody's")
    assert run(state="undone")["undone"] == [f"remove directory {temporary}/saf-job-u3k3Z1IW"]
    assert [path.name for path in temporary.iterdir()] == ["saf-job-notes.txt"]


def test_what_cannot_be_undone_stays_in_the_manifest(run, tmp_path):
    link = tmp_path / "link"
    run(entries=[{"kind": "directory", "name": str(link)}])
    link.symlink_to(tmp_path)
    result = run("undone")
    assert "is a link" in result["left"][0]
    assert [entry["name"] for entry in json.loads(run.path.read_text())["entries"]] == [str(run.root), str(link)]


def test_what_runs_or_is_recorded_in_a_folder_keeps_it(run, monkeypatch):
    """Other folders go: a package that stays keeps no gigabyte."""
    venvs, etc, foreign = (run.root / name for name in ("venvs", "etc", "foreign"))
    link = etc / "link"
    entries = [{"kind": "directory", "name": str(path)} for path in (venvs, etc, link)]
    run(entries=entries)
    for folder in (venvs, etc, foreign):
        folder.mkdir()
    link.symlink_to(foreign)
    assert len(run("undone")["left"]) == 1
    assert sorted(path.name for path in run.root.iterdir()) == ["etc", "foreign", "manifest.json"]
    link.unlink()
    assert run("undone")["left"] == []
    assert not run.root.exists()


def test_nothing_is_taken_from_under_a_service_that_still_runs(run, monkeypatch):
    monkeypatch.setattr(manifest_kinds.Service, "exists", lambda self: True)
    monkeypatch.setattr(manifest_kinds.Service, "remove", lambda self: "Service saf-ray could not be stopped (refused).")
    venvs = run.root / "venvs"
    run(entries=[{"kind": "directory", "name": str(venvs)}])
    monkeypatch.setattr(manifest_kinds.Service, "exists", lambda self: False)
    run(entries=[{"kind": "service", "name": "saf-ray", "manager": "systemd"}])
    monkeypatch.setattr(manifest_kinds.Service, "exists", lambda self: True)
    venvs.mkdir()
    assert run("undone")["left"] == ["Service saf-ray could not be stopped (refused)."]
    assert venvs.is_dir()


def test_an_error_of_one_undoing_is_a_sentence_and_the_others_get_their_turn(run, tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(1, "Operation not permitted", self.name)

    first, second = tmp_path / "first", tmp_path / "second"
    run(entries=[{"kind": "file", "name": str(first)}, {"kind": "link", "name": str(second)}])
    first.write_text("")
    second.symlink_to(first)
    monkeypatch.setattr(manifest_kinds.Link, "remove", refuse)
    assert "could not be undone" in run("undone")["left"][0]
    assert not first.exists()


def test_what_could_not_be_made_is_withdrawn_and_what_is_there_is_not(run, tmp_path):
    made, failed = tmp_path / "made", tmp_path / "failed"
    entries = [{"kind": "file", "name": str(path)} for path in (made, failed)]
    run(entries=entries)
    made.write_text("")
    assert run("withdrawn", entries, check=True)["changed"]
    assert run("withdrawn", entries)["changed"]
    assert not run("withdrawn", entries)["changed"]
    assert [entry["name"] for entry in json.loads(run.path.read_text())["entries"]] == [str(run.root), str(made)]


def test_a_root_that_was_there_is_empty_afterwards_and_stays(run, run_module, root):
    """With the entries of role node, and all that an installation puts there."""
    run.root.mkdir()
    names = ["etc", "wheels", "ray", "log", "run", "python", "venvs"]
    run(
        entries=[{"kind": "directory", "name": str(run.root)}]
        + [{"kind": "directory", "name": f"{run.root}/{name}"} for name in names]
    )
    run(entries=[{"kind": "link", "name": f"{run.root}/current"}])
    install(run.root)
    assert run("undone")["left"] == []
    assert list(run.root.iterdir()) == []


def install(root):
    """Make what an installation has in its root."""
    for name in ("etc", "wheels", "ray/tmp", "log", "run", "python/3.9.23-20251007/bin", "venvs/0123456789abcdef/bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc" / "ray.env").write_text("")
    (root / "wheels" / "cp39-linux.tar").write_text("")
    (root / "current").symlink_to("venvs/0123456789abcdef")


def leftovers(run_module, root, entries):
    return run_module(node_leftovers, {"entries": entries, "venv_root": str(root)})["left"]


def test_an_installation_without_a_record_is_found_with_the_command_that_removes_it(run_module, tmp_path):
    root = tmp_path / "my root"
    (root / "python" / "mine").mkdir(parents=True)
    (root / "venvs" / "mine").mkdir(parents=True)
    assert leftovers(run_module, root, []) == [], "the folders of the account itself are unmanaged"
    install(root)
    found = leftovers(run_module, root, [])
    for name in (
        "venvs/0123456789abcdef",
        "python/3.9.23-20251007",
        "wheels/cp39-linux.tar",
        "etc/ray.env",
        "ray/tmp",
        "current",
    ):
        assert f"{root}/{name} of the installation is still there: rm -rf '{root}/{name}'" in found
    entry = {"kind": "directory", "name": str(root)}
    assert leftovers(run_module, root, [entry]) == [f"directory {root} is still there."]


def test_a_mount_point_that_was_emptied_is_no_leftover(run_module, tmp_path, monkeypatch):
    root = tmp_path / "root"
    (root / "lost+found").mkdir(parents=True)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(root))
    assert leftovers(run_module, root, [{"kind": "directory", "name": str(root)}]) == []


# --- what is not there: of every kind in the registry, so that a new kind is covered as well


class Absent:
    """A module on a node that has nothing of what is asked for; a command that would change something fails the test."""

    # what only asks, and the exit status that says no
    READING: ClassVar = {
        "dpkg-query -W": 1,
        "rpm --query": 1,
        "pacman --query": 1,
        "systemctl cat": 1,
        "launchctl print": 113,
        "dscl . -read": 56,
        "defaults read": 1,
        "socketfilterfw --listapps": 0,
    }

    def run_command(self, argv, **_options):
        words = " ".join(argv)
        found = [rc for start, rc in self.READING.items() if words.startswith(start) or f"/{start}" in words]
        assert found, f"`{words}` changes something"
        return found[0], "", "not there"

    def get_bin_path(self, name, *_more, **_options):
        return f"/usr/bin/{name}" if name in ("dpkg-query", "rpm", "pacman") else None


MANAGERS = {"package": [*package_managers.MANAGERS, "homebrew", "portage"], "service": ["systemd", "launchd"]}
CASES = [(kind, manager) for kind in sorted(manifest_kinds.KINDS) for manager in MANAGERS.get(kind, [""])]


@pytest.mark.parametrize("account", manifest_kinds.ACCOUNTS.values(), ids=manifest_kinds.ACCOUNTS)
def test_undoing_an_account_that_does_not_exist_changes_nothing(account):
    assert account(Absent(), {"kind": "user", "name": "saf-nothing"}).undo() == ""


@pytest.mark.parametrize(("kind", "manager"), CASES)
def test_undoing_what_does_not_exist_changes_nothing(kind, manager, tmp_path, monkeypatch):
    monkeypatch.setattr(homebrew, "installed", lambda name: [])
    monkeypatch.setattr(homebrew, "pinned", lambda name: False)
    monkeypatch.setattr(homebrew, "tap_folder", lambda name: str(tmp_path / "tap"))
    name = str(tmp_path / "nothing") if kind in ("directory", "file", "link", "process") else "saf-nothing"
    entry = {"kind": kind, "name": name, **({"manager": manager} if manager else {})}
    assert manifest_kinds.KINDS[kind](Absent(), entry).undo() == ""


def test_every_kind_on_linux_checks_before_it_removes():
    """The check is the base class's; a kind that undoes otherwise has a value to restore, or another system's way."""
    own = {name for name, kind in manifest_kinds.KINDS.items() if kind.undo is not manifest_kind.Kind.undo}
    restoring = {"file", "mtu", "power_setting", "sysctl"}
    darwin = {"user", "service", "firewall_application", "pin", "tap"}
    assert own <= restoring | darwin


def test_a_damaged_manifest_is_refused(run):
    run.root.mkdir()
    run.path.write_text("{")
    result = run("undone")
    assert result["failed"]
    assert "nothing was changed" in result["msg"]


@pytest.mark.parametrize("path", ["/", "/opt", "/home", "/home/me", "relative", "/usr/local/"])
def test_protected_folders(path):
    assert manifest.is_protected(path, "/home/me")


def test_a_recorded_process_is_stopped(run, tmp_path):
    pid_file = tmp_path / "service.json"
    run(entries=[{"kind": "process", "name": str(pid_file)}])
    record = process.start(["sleep", "60"], dict(os.environ), str(tmp_path), str(tmp_path / "log"))
    process.write_record(str(pid_file), record)
    run("undone")
    assert not process.alive(record)
    assert not pid_file.exists()


def test_record_of_a_run_that_was_killed_while_writing_is_replaced(run):
    run(entries=[{"kind": "directory", "name": "/nowhere/one"}])
    (run.root / ".manifest.saf-new").write_text("half")
    answer = run(entries=[{"kind": "directory", "name": "/nowhere/two"}])
    assert [entry["name"] for entry in answer["entries"]] == [str(run.root), "/nowhere/one", "/nowhere/two"]
    assert os.listdir(run.root) == ["manifest.json"]
