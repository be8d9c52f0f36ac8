"""A service without an init system, with real processes: its life, its failures, the end of its whole group."""

import os
import subprocess
import sys
import time

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.services import process


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
