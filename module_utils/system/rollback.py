"""The rollback of a change that nobody confirms: a file that says what was before, and a process in the background that waits.

Who made a change that cuts the node off may be unable to log in again, so the node itself rolls back. Whoever renames the
file first decides: the background process, or the caller that confirms or withdraws the change.
"""

from __future__ import annotations

import os
import subprocess
import sys

_PROGRAM = """
import os, subprocess, sys, time
pending, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
end = time.monotonic() + seconds
while os.path.exists(pending) and time.monotonic() < end:
    time.sleep(0.2)
try:
    os.rename(pending, pending + ".reverted")
except OSError:
    sys.exit()
subprocess.run(command, check=False)
os.unlink(pending + ".reverted")
"""


def arm(pending, seconds, command, note):
    """Write ``note`` to the file ``pending``; run ``command`` after ``seconds`` in the background unless the file is claimed."""
    with open(pending, "w", encoding="utf-8") as stream:
        stream.write(f"{note}\n")
    subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, pending, str(seconds), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def claim(pending):
    """Cancel the rollback; return its note, None where no rollback is pending (never armed, or it has run)."""
    taken = pending + ".taken"
    try:
        os.rename(pending, taken)
        with open(taken, encoding="utf-8") as stream:
            note = stream.read().rstrip("\n")
        os.unlink(taken)
    except OSError:
        return None
    return note
