"""What the machine is, the same on every operating system."""

from __future__ import annotations

from .current import system


def architecture():
    """Return the machine's architecture: x86_64, aarch64 or arm64."""
    return system.architecture()


def glibc():
    """Return the version of glibc, "" where there is none."""
    return system.glibc()


def memory_bytes():
    """Return the memory that the node may use, in bytes."""
    return system.memory_bytes()
