"""What a command prints and what a file holds, as text; nothing where it is not there."""

from __future__ import annotations

import os
import subprocess


def command_output(*command, partial=False):
    """Return the standard output of a command, "" when it is not there or fails.

    A command that fails may explain itself on its standard output (nvidia-smi): that is no answer. partial: what it printed
    counts nevertheless, for commands that fail when one of several things that they were asked for is missing (sysctl, lsof).
    """
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, ValueError, subprocess.SubprocessError):  # a NUL in an argument is a ValueError
        return ""
    return answer.stdout if partial or answer.returncode == 0 else ""


def read(path):
    """Return the text of a file, \"\" when it is not there or may not be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except (OSError, ValueError):  # a NUL in a path is a ValueError
        return ""
