"""The file system of a path that may not be there yet."""

from __future__ import annotations

import os


def nearest_existing(path):
    """Return the closest parent of ``path`` that exists; the root does, so this ends."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def space(path):
    """Return {path, free_bytes, total_bytes, inodes_free} of the file system that ``path`` is, or would be, on.

    free_bytes: what an ordinary account may use; inodes_free: None where the file system does not count them.
    """
    folder = nearest_existing(path)
    status = os.statvfs(folder)
    return {
        "path": folder,
        "free_bytes": status.f_bavail * status.f_frsize,
        "total_bytes": status.f_blocks * status.f_frsize,
        "inodes_free": status.f_favail if status.f_files else None,
    }
