"""A long-lived process without an init system: started detached, identified by pid and start time, stopped with its group."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import time

from ..system import account, documents
from ..system.numbers import whole

_TYPES = {"pid": int, "uid": int, "argv": list, "environment": dict}  # of a record; all else is text
_MOST_BYTES = 1 << 20
# The process's own account opens the log: it is in a folder of that account, where root must follow no link.
# Nothing else bounds it, so a large one is put aside at a start.
_LOG_BYTES = 10_000_000
_TO_LOG = f'[ "$(wc -c <"$0")" -gt {_LOG_BYTES} ] && mv -f -- "$0" "$0.1"; exec "$@" >>"$0" 2>&1'


def start_time(pid: int) -> str:
    """Return a text that distinguishes two processes with the same pid, "" when there is no process.

    Linux: field 22 of /proc/<pid>/stat (clock ticks since boot); elsewhere ps's start time.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            fields = stream.read().rpartition(b")")[2].split()
        return "" if fields[0] == b"Z" else fields[19].decode()
    except OSError:
        if os.path.isdir("/proc/self"):
            return ""
    # No /proc: a Mac. Its ps writes in the language and time zone of the caller, and other callers compare the text later.
    return _ps_start(pid, {"LC_ALL": "C", "TZ": "UTC"})


def _ps_start(pid, surroundings):
    argv = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(
        argv, capture_output=True, text=True, errors="replace", check=False, env={**os.environ, **surroundings}
    )
    return answer.stdout.strip()


def owner(pid):
    """Return the user ID that a process runs as, None without one."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        if os.path.isdir("/proc/self"):
            return None
    argv = ["ps", "-o", "uid=", "-p", str(pid)]
    return whole(subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False).stdout)


def read_record(path):
    """Return the record of a pid file, {} when there is none or it cannot be read. ``written_by``: the file's owner."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, encoding="utf-8") as stream:
            state = os.fstat(handle)
            document = documents.mapping(stream.read(_MOST_BYTES)) if stat.S_ISREG(state.st_mode) else {}
    except (OSError, ValueError):
        return {}
    known = {key: value for key, value in document.items() if isinstance(value, _TYPES.get(key, str))}
    argv, pid = known.pop("argv", None), known.get("pid")
    known.update({"argv": argv} if argv and isinstance(argv, list) and all(isinstance(word, str) for word in argv) else {})
    return {**known, "written_by": state.st_uid} if isinstance(pid, int) and pid > 1 else {}


def write_record(path, record):
    """Write a pid file in one step, readable by its owner alone."""
    partial = f"{path}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as stream:
        json.dump({key: value for key, value in record.items() if key != "written_by"}, stream, indent=1, sort_keys=True)
    os.replace(partial, path)


def alive(record):
    """Return whether the recorded process is running, and not another one with the same pid."""
    started = record.get("started")
    if not started:
        return False
    if start_time(record["pid"]) == started:
        return True
    # Records of earlier releases hold the text of ps in the language and time zone of their writer, usually those of this caller.
    return not os.path.isdir("/proc/self") and _ps_start(record["pid"], {}) == started


def is_managed(record):
    """Return whether the recorded process runs and may be ended because of this record (of read_record).

    The writer of the file may name processes of their own account only, and root those of the account that it started them as:
    a forged file of the service account ends no process of another account.
    """
    if not alive(record):
        return False
    writer = record.get("written_by", os.geteuid())
    return owner(record["pid"]) == (record.get("uid", writer) if writer in (0, os.geteuid()) else writer)


def start(argv, environment, chdir, log, user=None):
    """Start a detached process in a separate session, as ``user`` when the caller is root, and return its record."""
    as_user = account.popen_arguments(user)
    child = subprocess.Popen(
        ["/bin/sh", "-c", _TO_LOG, log, *argv],
        env=environment,
        cwd=chdir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **as_user,
    )
    return {"pid": child.pid, "started": start_time(child.pid), "uid": as_user.get("user", os.geteuid()), "argv": argv}


def last_line(log):
    """Return the last line of a log that another account writes, "" where it cannot be read."""
    try:
        handle = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with open(handle, "rb") as stream:
        size = os.fstat(handle).st_size
        stream.seek(max(size - 4096, 0))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def stop(record, timeout):
    """End the process: SIGTERM to it alone, so that it can end its children; then SIGKILL to what is left of its group."""
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
