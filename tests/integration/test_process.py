"""A service without an init system: whose word root takes, and as whom it runs."""

import json
import os
import subprocess
import time

import pytest

import node_manifest
import node_status_info
import process_service
from ansible_collections.saf.fabric.plugins.module_utils.services import process

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def folder(tmp_path):
    """A folder that another account can reach and write to, as the service account has run/ and log/."""
    path = tmp_path / "run"
    path.mkdir()
    if os.geteuid() == 0:
        for parent in tmp_path.parents:
            if parent.stat().st_mode & 0o1 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
        tmp_path.chmod(0o755)
        os.chown(path, NOBODY, NOBODY)
    return path


@pytest.fixture
def service(run_module, tmp_path, folder):
    def call(state="started", **options):
        arguments = {
            "name": "test",
            "state": state,
            "pid_file": str(tmp_path / "ray.json"),
            "earlier_pid_file": str(folder / "ray.json"),
            "log": str(folder / "ray.log"),
            "stop_timeout": 5,
            **options,
        }
        return run_module(process_service, {name: value for name, value in arguments.items() if value is not None})

    yield call
    call("stopped")


@pytest.fixture
def foreign():
    """A managed process that a record of another account will name."""
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


def write(path, record, uid=None):
    path.write_text(json.dumps(record))
    if uid is not None:
        os.chown(path, uid, uid)


@root_only
def test_nothing_runs_on_the_word_of_a_file_of_another_account(service, tmp_path, folder):
    for path in (tmp_path / "ray.json", folder / "ray.json"):
        write(path, {"pid": 4194000, "started": "1", "argv": ["sh", "-c", f"id >{tmp_path}/who"]}, NOBODY)
        for state in ("started", "restarted"):
            assert service(state)["failed"]
        path.unlink()
    assert not (tmp_path / "who").exists()


@root_only
def test_it_runs_as_the_account_and_the_log_is_opened_by_it(service, tmp_path, folder):
    """A link to a file of root's in place of the log is not followed by root."""
    target = tmp_path / "root_only"
    target.touch(mode=0o600)
    result = service(argv=["sleep", "60"], user="nobody")
    assert process.owner(result["pid"]) == NOBODY
    assert (folder / "ray.log").stat().st_uid == NOBODY
    service("stopped")
    (folder / "ray.log").unlink()
    (folder / "ray.log").symlink_to(target)
    assert service(argv=["sh", "-c", "echo planted; sleep 60"], user="nobody")["failed"]
    assert target.read_text() == ""


def test_an_account_that_is_not_there_starts_nothing(service, monkeypatch):
    if os.geteuid() != 0:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    result = service(argv=["sleep", "60"], user="nosuchaccount")
    assert "could not be started" in result["msg"]


def test_what_an_earlier_release_started_is_ended_and_its_record_removed(service, folder):
    old = process.start(["sleep", "61"], dict(os.environ), "/", os.devnull)
    write(folder / "ray.json", {"pid": old["pid"], "started": old["started"], "argv": ["sleep", "61"], "environment": {}})
    assert service(argv=["sleep", "60"])["changed"]
    assert not process.alive(old)
    assert not (folder / "ray.json").exists()
    assert not service(argv=["sleep", "60"])["changed"]


def test_another_manager_takes_over_once(service, tmp_path, folder):
    """What site.yml does where systemd or launchd comes after manager process: nothing of it stays, and once is enough."""
    record = process.read_record(str(tmp_path / "ray.json")) if service(argv=["sleep", "60"]) else {}
    write(folder / "ray.json", {"pid": 4194000, "started": "1"})
    assert service("absent")["changed"]
    assert not process.alive(record)
    assert not (tmp_path / "ray.json").exists()
    assert not (folder / "ray.json").exists()
    assert not service("absent")["changed"]


@root_only
@pytest.mark.parametrize("state", ["started", "stopped", "absent", "restarted"])
def test_a_record_of_another_account_ends_no_process_of_ours(service, folder, foreign, state):
    write(folder / "ray.json", {"pid": foreign.pid, "started": process.start_time(foreign.pid)}, NOBODY)
    service(state, argv=["sleep", "60"])
    assert foreign.poll() is None


@root_only
def test_a_reset_ends_no_process_on_the_word_of_another_account(run_module, tmp_path, folder, foreign):
    manifest = tmp_path / "manifest.json"
    entries = [{"kind": "process", "name": str(folder / "ray.json")}]
    manifest.write_text(json.dumps({"version": 1, "entries": entries}))
    write(folder / "ray.json", {"pid": foreign.pid, "started": process.start_time(foreign.pid)}, NOBODY)
    run_module(node_manifest, {"path": str(manifest), "state": "undone"})
    assert foreign.poll() is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": -1, "started": "1"}', '{"pid": 1, "started": "1"}', '{"pid": "7"}'])
def test_a_record_that_names_no_process_is_none(tmp_path, content):
    (tmp_path / "p.json").write_text(content)
    assert process.read_record(str(tmp_path / "p.json")) == {}


def test_links_and_pipes_are_no_records(tmp_path):
    (tmp_path / "real").write_text('{"pid": 77, "started": "1"}')
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    assert process.read_record(str(tmp_path / "link")) == {}
    assert process.read_record(str(tmp_path / "pipe")) == {}


def test_the_environment_file_reaches_the_program_and_nothing_else(service, tmp_path, folder):
    secrets = tmp_path / "ray.env"
    secrets.write_text('https_proxy="http://me:pa$$w\\"rd@proxy"\n'.replace("$", "\\$"))
    argv = ["sh", "-c", 'echo "$https_proxy"; sleep 60']
    first = service(argv=argv, environment_file=str(secrets))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not (folder / "ray.log").read_text():
        time.sleep(0.05)
    assert (folder / "ray.log").read_text() == 'http://me:pa$$w"rd@proxy\n'
    assert "pa$$w" not in json.dumps(first) + (tmp_path / "ray.json").read_text()
    assert (tmp_path / "ray.json").stat().st_mode & 0o077 == 0
    assert not service(argv=argv, environment_file=str(secrets))["changed"]
    secrets.write_text('https_proxy="http://other"\n')
    assert service(argv=argv, environment_file=str(secrets))["changed"]


# --- status


def test_a_left_record_does_not_hide_the_service_that_is_configured(run_module, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    own = {"pid": os.getpid(), "started": process.start_time(os.getpid())}
    write(tmp_path / "run" / "ray.json", own)
    failed = {"manager": "systemd", "state": "failed", "restarts": 2, "seconds": None}
    monkeypatch.setattr(node_status_info, "by_systemd", lambda _module: (failed, "", lambda: ""))
    assert run_module(node_status_info, {"venv_root": str(tmp_path), "unit": "x", "label": "x"})["service"]["state"] == "failed"
    monkeypatch.setattr(node_status_info, "by_systemd", lambda _module: None)
    service = run_module(node_status_info, {"venv_root": str(tmp_path), "unit": "x", "label": "x"})["service"]
    assert (service["manager"], service["state"]) == ("process", "active")


def test_a_large_log_is_put_aside_at_a_start(service, folder):
    """Nothing rotates it: no supervisor, and not Ray, which prints to it."""
    log = folder / "ray.log"
    log.write_bytes(b"x" * 10_000_001)
    if os.geteuid() == 0:
        os.chown(log, NOBODY, NOBODY)
    assert not service(argv=["sleep", "60"])["failed"]
    assert log.stat().st_size == 0
    assert (folder / "ray.log.1").stat().st_size == 10_000_001
    log.write_bytes(b"x" * 1000)
    assert not service("restarted", argv=["sleep", "60"])["failed"]
    assert log.stat().st_size == 1000
