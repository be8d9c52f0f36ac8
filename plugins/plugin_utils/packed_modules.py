"""Modules that Ansible has packed, kept from one run to the next.

Ansible packs a module with everything that it imports, about 0.2 s of CPU time for each module, and forgets all of them at the
end of the run. A package depends on Ansible and on the files of this collection alone, so it is kept in a folder that is named
after both: a change of either makes a new folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

# Ansible names a package after its module and how it is compressed. Other collections may change without our notice.
_OURS = ("ansible.modules.", "ansible_collections.saf.fabric.")
_ENDING = "-ZIP_DEFLATED-none"
_KEPT = 8  # folders, for several checkouts, and branches that are switched back and forth


def digest(ansible: str, files: Iterable[Path]) -> str:
    """Return the name of the folder. ansible: what identifies its release; files: what the packages may contain."""
    state = [ansible]
    for path in sorted(files):
        found = path.stat()
        state.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]


def is_private(folder: Path) -> bool:
    """Return whether this account alone can write the folder: Ansible trusts what is in it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def is_package(name: str) -> bool:
    """Return whether a file of Ansible's folder is a complete package that may be kept."""
    return name.startswith(_OURS) and name.endswith(_ENDING)


def make_folder(folder: Path) -> None:
    """Create a folder that this account alone can write."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy the packages that the target lacks. A reader never sees half of one, and what others can write is left alone."""
    if not is_private(source) or not is_private(target):
        return
    for path in source.iterdir():
        if not is_package(path.name) or (target / path.name).exists():
            continue
        partial = target / f"{path.name}.{os.getpid()}"
        try:
            os.link(path, partial)
        except OSError:  # another file system
            shutil.copyfile(path, partial)
        partial.rename(target / path.name)


def forget_old(folder: Path) -> None:
    """Remove the packages of earlier states; the newest stay."""
    states = sorted((path for path in folder.parent.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in states[:-_KEPT]:
        if path != folder:
            with contextlib.suppress(OSError):
                shutil.rmtree(path)
