"""The manifest: what is recorded, and what an undoing does, on real files."""

import json
import os
import subprocess
import sys
import tempfile
import time

import pytest
from ansible.module_utils.saf import manifest, process

import node_manifest


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


def test_a_damaged_manifest_is_refused(run):
    run.root.mkdir()
    run.path.write_text("{")
    result = run("undone")
    assert result["failed"]
    assert "nothing was changed" in result["msg"]


@pytest.mark.parametrize("path", ["/", "/opt", "/home", "/home/me", "relative", "/usr/local/"])
def test_precious_folders(path):
    assert manifest.precious(path, "/home/me")


def test_a_recorded_process_is_stopped(run, tmp_path):
    pid_file = tmp_path / "service.json"
    run(entries=[{"kind": "process", "name": str(pid_file)}])
    record = process.start(["sleep", "60"], dict(os.environ), str(tmp_path), str(tmp_path / "log"))
    process.write_record(str(pid_file), record)
    run("undone")
    assert not process.alive(record)
    assert not pid_file.exists()


# --- processes


@pytest.fixture
def service(run_module, tmp_path):
    import process_service

    def call(state, argv=None, environment=None, **options):
        args = {
            "name": "test",
            "state": state,
            "pid_file": str(tmp_path / "p.json"),
            "log": str(tmp_path / "p.log"),
            "stop_timeout": 5,
        }
        if argv:
            args.update(argv=argv, environment=environment or {})
        return run_module(process_service, args, **options)

    yield call
    call("stopped")


SLEEP = ["sleep", "60"]


def test_service_life(service):
    assert service("started", SLEEP, check=True)["pid"] == 0
    first = service("started", SLEEP)
    assert first["changed"]
    assert not service("started", SLEEP)["changed"]
    assert service("started", SLEEP, check=True)["changed"] is False
    other = service("started", ["sleep", "61"])
    assert other["changed"]
    assert other["pid"] != first["pid"]
    assert service("started", ["sleep", "61"], {"A": "1"})["changed"]
    assert service("restarted")["changed"]
    assert service("stopped")["changed"]
    assert not service("stopped")["changed"]
    assert service("started")["changed"]  # as it was started last


def test_a_program_that_ends_at_once_is_a_failure(service):
    result = service("started", [sys.executable, "-c", "raise SystemExit('no licence')"])
    assert result["failed"]
    assert "no licence" in result["msg"]


def test_a_service_that_was_never_started_says_so(service):
    assert "never started" in service("started")["msg"]


def test_a_reused_pid_is_not_ours():
    other = subprocess.Popen(["sleep", "60"])
    try:
        assert not process.alive({"pid": other.pid, "started": "1"})
        assert not process.alive({"pid": other.pid})
        assert process.alive({"pid": other.pid, "started": process.start_time(other.pid)})
    finally:
        other.kill()
        other.wait()


def test_stop_takes_the_whole_group(tmp_path):
    script = "import subprocess, time; child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); time.sleep(60)"
    log = tmp_path / "log"
    record = process.start([sys.executable, "-c", script], dict(os.environ), str(tmp_path), str(log))
    deadline = time.monotonic() + 20
    while not (log.exists() and log.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child = int(log.read_text())
    process.stop(record, timeout=5)
    assert not process.alive(record)
    for _attempt in range(100):  # the kernel needs a moment
        if not process.start_time(child):
            break
        time.sleep(0.05)
    assert process.start_time(child) == ""
