"""What a node brings beside its hardware: shared memory, the version of systemd, conda."""

from __future__ import annotations

import os
import re
import shutil

from .node_state import command_output

# Where conda's programs usually stand beside PATH; role python looks at the same places.
_CONDA_FOLDERS = ("/opt/homebrew/bin", "~/miniforge3/bin", "/opt/miniforge3/bin", "/opt/conda/bin")


def shared_memory_bytes(path="/dev/shm"):  # noqa: S108 - looked at, nothing is written there
    """Return the size of the shared memory, None where there is none (a Mac)."""
    try:
        state = os.statvfs(path)
    except OSError:
        return None
    return state.f_frsize * state.f_blocks


def parse_systemd_version(text):
    """Return the version in the first line of ``systemctl --version``, None without one."""
    match = re.match(r"systemd (\d+)", text)
    return int(match.group(1)) if match else None


def find_conda(program):
    """Return the path of conda, "" without one; program: name or path, "" tries the usual names."""
    folders = [os.path.expanduser(folder) for folder in _CONDA_FOLDERS]
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    for name in [program] if program else ["micromamba", "mamba", "conda"]:
        found = shutil.which(name, path=path)
        if found:
            return found
    return ""


def observe(service_managers, conda):
    """Return {shared_memory_bytes, systemd, conda}; conda: the program that was asked for, None where nobody needs it."""
    return {
        "shared_memory_bytes": shared_memory_bytes(),
        "systemd": parse_systemd_version(command_output("systemctl", "--version")) if "systemd" in service_managers else None,
        "conda": None if conda is None else find_conda(conda),
    }
