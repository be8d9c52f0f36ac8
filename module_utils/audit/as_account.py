"""A question that is asked as the service account, where root must not read or send what that account may choose."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import signal
import time

_MOST_BYTES = 2**20


def ask(question, user, seconds, most_bytes=_MOST_BYTES):
    """Return what ``question()`` returns (JSON values) in a child that runs as ``user``, None where it does not end in time.

    most_bytes: of its answer as JSON.

    A caller that is not root asks as itself. None also where no child can be started. Raises KeyError where the account does not
    exist.
    """
    entry = pwd.getpwnam(user)
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if child == 0:
        status = 1
        try:
            os.close(reading)
            if os.geteuid() == 0 and entry.pw_uid != 0:
                os.setgroups([])
                os.setgid(entry.pw_gid)
                os.setuid(entry.pw_uid)
            with os.fdopen(writing, "wb") as stream:
                stream.write(json.dumps(question()).encode())
            status = 0
        finally:
            os._exit(status)  # nothing of the parent's may run twice
    os.close(writing)
    try:
        return _answer(reading, time.monotonic() + seconds, most_bytes)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _answer(reading, deadline, most_bytes):
    text = bytearray()
    while len(text) <= most_bytes:
        ready = select.select([reading], [], [], max(0, deadline - time.monotonic()))[0]
        if not ready:
            return None
        part = os.read(reading, 65536)
        if not part:
            break
        text += part
    try:
        return json.loads(text.decode("utf-8", "replace"))
    except ValueError:
        return None
