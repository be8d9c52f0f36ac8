"""The last error of a service's log: bounded, one line, printable."""

from __future__ import annotations

import os
import re
import stat

BYTES = 65536
_ERROR = re.compile(r"error|exception|fail|fatal|refus|denied|cannot|could not|mismatch|no space|not found|unable", re.IGNORECASE)
# "If connection to the dashboard fails, check ..." is advice.
_CALM = re.compile(r"\bINFO\b|\bDEBUG\b")
# What `ray start` says last, whatever the cause was.
_EMPTY_WORDS = re.compile(
    r"Some Ray subprocesses exited|Remaining processes will be killed|Did not find any active Ray processes"
)
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


def one_line(text: object, limit: int = 300) -> str:
    """Return text without terminal escapes and control characters, on one line of at most ``limit`` characters."""
    plain = _ESCAPE.sub("", str(text)[: 8 * limit])
    words = " ".join("".join(char if char.isprintable() else " " for char in plain).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def last_error(text, ended=True):
    """Return the last line of a log that speaks of an error.

    Without one: the last line where the service has ended by itself, "" where someone may have stopped it.
    """
    lines = [line for line in (one_line(line) for line in text[-BYTES:].splitlines()) if line]
    telling = [line for line in lines if not _EMPTY_WORDS.search(line)]
    errors = [line for line in telling if _ERROR.search(line) and not _CALM.search(line)]
    return (errors or (telling or lines if ended else []) or [""])[-1]


def tail(path):
    """Return the end of a log file, "" where it is none.

    The folder belongs to the service account, and root may read it: a link or a pipe put there is not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            return ""
        stream.seek(max(0, status.st_size - BYTES))
        return stream.read(BYTES).decode("utf-8", "replace")
