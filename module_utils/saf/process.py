"""A long-lived process without an init system: started detached, known by pid and start time, stopped with its group."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time


def start_time(pid):
    """Return a text that tells two processes with the same pid apart, "" when there is none.

    Linux: field 22 of /proc/<pid>/stat (clock ticks since boot); elsewhere ps's start time.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
        return "" if fields[0] == b"Z" else fields[19].decode()
    except OSError:
        if os.path.isdir("/proc/self"):
            return ""
    # No /proc: a Mac. Its ps writes in the caller's language and time zone; the text is compared by other callers later.
    return _ps_start(pid, {"LC_ALL": "C", "TZ": "UTC"})


def _ps_start(pid, surroundings):
    argv = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, **surroundings})
    return answer.stdout.strip()


def read_record(path):
    """Return the record of a pid file, {} when there is none or it cannot be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return {}


def write_record(path, record):
    """Write a pid file in one step."""
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as stream:
        json.dump(record, stream, indent=1, sort_keys=True)
    os.replace(partial, path)


def alive(record):
    """Return whether the recorded process is running: that very one, not another that got its pid."""
    started = record.get("started")
    if not started:
        return False
    if start_time(record["pid"]) == started:
        return True
    # Records of earlier releases hold what ps wrote in the language and zone of whoever made them: our own, most of the time.
    return not os.path.isdir("/proc/self") and _ps_start(record["pid"], {}) == started


def start(argv, environment, chdir, log):
    """Start a detached process in a session of its own and return its record."""
    with open(log, "ab") as stream:
        child = subprocess.Popen(
            argv,
            env=environment,
            cwd=chdir,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    return {"pid": child.pid, "started": start_time(child.pid), "argv": argv, "environment": environment}


def stop(record, timeout):
    """End the process: SIGTERM to itself, so that it can clean up its children; what is left of its group is killed."""
    pid = record["pid"]
    _signal(os.kill, pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while alive(record) and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.1)
    _signal(os.killpg, pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(record) and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.05)


def _signal(send, pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        send(pid, number)


def _reap(pid):
    """Collect the exit status where the process is our own child (tests)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
