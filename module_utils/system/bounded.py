"""Running a command with a time limit that its own children cannot outlive."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from . import account


class TimedOut(Exception):
    """A command that was stopped; the message is a sentence for the user."""


def run(
    command: list[str], seconds: float, environment: dict[str, str] | None = None, user: str | None = None, cwd: str | None = None
) -> tuple[int, str, str]:
    """Run a command and return (exit status, output, errors).

    environment: added to the caller's own, with LC_ALL=C; user: account to run as, where the caller is root.
    A program that cannot be run gives status 127 or 126, as a shell would. Raises TimedOut after ``seconds``, with all that the
    command started ended, and KeyError where the account does not exist.
    """
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **account.popen_arguments(user),
        )
    except OSError as error:
        return 127 if isinstance(error, FileNotFoundError) else 126, "", f"{command[0]}: {error.strerror}"
    try:
        out, err = process.communicate(timeout=seconds)
    except BaseException as error:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        raise TimedOut(f"{os.path.basename(command[0])} did not end within {seconds:g} s and was stopped.") from None
    return process.returncode, out, err
