"""Folders with what is in them, where mount points may be at them or below them."""

from __future__ import annotations

import glob
import os

# What a file system keeps at its own top.
_OF_THE_FILE_SYSTEM = {"lost+found", ".snapshot", ".zfs", ".Spotlight-V100", ".fseventsd", ".Trashes", ".DocumentRevisions-V100"}


def remove(folder):
    """Remove a folder with its content; return the paths that could not be removed.

    A mount point is emptied and stays with the folders above it, which is no failure: it belongs to whoever mounted it.
    Symbolic links are removed, never followed.
    """
    left, _stays = _remove(folder)
    return left


def _remove(folder):
    """Return (what could not be removed, whether the folder has to stay for a mount point)."""
    mount = os.path.ismount(folder)
    left, stays = [], mount
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return [folder], stays
    for entry in entries:
        if mount and entry.name in _OF_THE_FILE_SYSTEM:
            continue
        if entry.is_dir(follow_symlinks=False):
            more, below = _remove(entry.path)
            left += more
            stays = stays or below
        else:
            try:
                os.unlink(entry.path)
            except OSError:
                left.append(entry.path)
    if not stays and not left:
        try:
            os.rmdir(folder)
        except OSError:
            left.append(folder)
    return left, stays


def matching(pattern):
    """Return the paths that match a glob pattern, sorted; a pattern with a NUL matches nothing."""
    return [] if "\0" in pattern else sorted(glob.glob(pattern))


def holds(folder, path):
    """Return whether ``path`` is the folder itself or lies below it, by its name alone."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_only_mounts(folder):
    """Return whether a folder is there for the sake of empty mount points alone, as remove() leaves it."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return False
    if os.path.ismount(folder):
        return all(
            entry.name in _OF_THE_FILE_SYSTEM or (entry.is_dir(follow_symlinks=False) and is_only_mounts(entry.path))
            for entry in entries
        )
    return bool(entries) and all(entry.is_dir(follow_symlinks=False) and is_only_mounts(entry.path) for entry in entries)
