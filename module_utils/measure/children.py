"""Child processes that never outlive the block that started them, whatever ends it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading

from ..system import account


class Children:
    """Context manager; ``run`` may be called from several threads."""

    def __init__(self, user=None):
        """user: account that the children run as when we are root."""
        self._account = account.popen_arguments(user)
        self._running = set()
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        with self._lock:
            running = list(self._running)
        for child in running:
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    def run(self, argv, timeout):
        """Run a command to its end and return (standard output or else error, "" or a sentence); timeout in seconds."""
        env = dict(os.environ, LC_ALL="C")
        if self._account:  # the caller's folder for temporary files may be the caller's alone
            env = {name: value for name, value in env.items() if name not in ("TMPDIR", "TMP", "TEMP")}
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            text=True,
            errors="replace",
            **self._account,
        )
        with self._lock:
            self._running.add(child)
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return "", f"{os.path.basename(argv[0])} did not end within {timeout:g} s."
        finally:
            with self._lock:
                self._running.discard(child)
        return out or err, ""
