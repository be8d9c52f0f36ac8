"""What a Mac is: its architecture and its memory."""

from __future__ import annotations

import platform

from ..command import command_output
from ..numbers import whole


def architecture():
    """Return the machine's architecture; the system reports x86_64 to an interpreter that runs translated (Rosetta)."""
    return "arm64" if command_output("sysctl", "-n", "hw.optional.arm64").strip() == "1" else platform.machine()


def glibc():
    """Return "": a Mac has another C library."""
    return ""


def memory_bytes():
    """Return the installed memory."""
    return whole(command_output("sysctl", "-n", "hw.memsize"), 0)
