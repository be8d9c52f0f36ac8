"""A long measurement as a job on a node: it reports its progress, and it ends when its controller is gone.

The action plugin benchmark_live.py starts such modules in the background with a separate folder: ``progress`` holds JSON lines
{what, latest, done, total}, ``lease`` is touched while the controller waits. A lease that is not renewed, or was removed, ends
the module by SystemExit, so that every ``finally`` that ends a child process runs. Without a folder all of this does nothing.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import signal
import tempfile
import threading
import time

# Longer than any pause of a busy node or a stalled connection, short enough that no measurement stays for long.
LEASE_S = 30
_POLL_S = 0.5


class Job:
    """Context of a measurement; ``report`` is safe to call from any thread."""

    def __init__(self, folder):
        self._folder = folder
        self._ended = threading.Event()

    def __enter__(self):
        if self._folder:
            os.utime(self._path("lease"))
            signal.signal(signal.SIGTERM, _leave)
            threading.Thread(target=self._guard, daemon=True).start()
        return self

    def __exit__(self, kind, *_exception):
        self._ended.set()
        if self._folder and kind is SystemExit:  # no controller is left to remove the folder
            shutil.rmtree(self._folder, ignore_errors=True)

    def report(self, what, latest, done, total):
        """Report what is measured now, its latest value (text or None) and the progress (done of total, in any unit)."""
        if not self._folder:
            return
        line = json.dumps({"what": what, "latest": latest, "done": done, "total": total}) + "\n"
        try:
            with open(self._path("progress"), "a", encoding="utf-8") as stream:
                stream.write(line)
        except OSError:
            pass  # the folder is gone, and its reader with it; the guard ends the module

    def on_event(self, event, document):
        """Report the progress of a probe."""
        if event == "progress" and isinstance(document, dict):
            self.report(*(document.get(key) for key in ("what", "latest", "done", "total")))

    def _path(self, name):
        return os.path.join(self._folder, name)

    def _guard(self):
        while not self._ended.wait(_POLL_S):
            if not lease_holds(self._path("lease"), time.time()):
                os.kill(os.getpid(), signal.SIGTERM)
                return


def folders():
    """Return the folders of measurements on this node that belong to whoever asks: running ones, and what a killed play left."""
    found = glob.glob(os.path.join(tempfile.gettempdir(), "saf-job-*"))
    return sorted(path for path in found if os.path.isdir(path) and os.stat(path).st_uid == os.geteuid())


def lease_holds(path, now):
    """Return whether the lease was renewed within LEASE_S before ``now`` (seconds since the epoch)."""
    try:
        return now - os.stat(path).st_mtime < LEASE_S
    except OSError:
        return False


def _leave(_number, _frame):
    raise SystemExit("The controller is gone; stopping the measurement.")
