"""Files of an installation that give more than they should: set-user-ID ones, and those that others can write."""

from __future__ import annotations

import os
import stat
import time

_MOST = 50
_MOST_FILES = 600000
_SECONDS = 120
# What the service writes by design.
_OF_THE_SERVICE = ("ray", "log", "run")
# Configuration of the service that its own account owns; programs in it are not.
_CONFIGURATION = "etc"
_PROGRAMS = (".py", ".sh", ".json", ".so", ".dylib", ".pth")


def why(state, top, name, uid, gids):
    """Return what is wrong with a file: setuid, world_writable, account_writable, "" for nothing.

    state: of lstat; top: its first folder below the installation; uid and gids: of the service account, uid -1 where the
    installation belongs to it anyway.
    """
    mode = state.st_mode
    if stat.S_ISLNK(mode):
        return ""
    if stat.S_ISREG(mode) and mode & (stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0)):
        return "setuid"
    if top in _OF_THE_SERVICE:
        return ""
    if mode & stat.S_IWOTH and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
        return "world_writable"
    if uid > 0 and (state.st_uid == uid or (mode & stat.S_IWGRP and state.st_gid in gids)):
        data = top == _CONFIGURATION and stat.S_ISREG(mode) and not (name.endswith(_PROGRAMS) or mode & 0o111)
        return "" if data else "account_writable"
    return ""


def find(venv_root, uid=-1, gids=()):
    """Return ([{path, why}], gaps) of an installation; uid, gids: as of why()."""
    found: list = []
    gaps: list = []
    if not os.path.isdir(venv_root):
        return found, [f"{venv_root} is not there."]
    device = os.lstat(venv_root).st_dev
    ends, count = time.monotonic() + _SECONDS, 0

    def complain(error):
        gaps.append(f"{error.filename} cannot be read ({error.strerror}).")

    for folder, folders, files in os.walk(venv_root, onerror=complain, followlinks=False):
        relative = os.path.relpath(folder, venv_root)
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            try:
                state = os.lstat(path)
            except OSError:
                continue
            count += 1
            if name in folders and state.st_dev != device:
                folders.remove(name)
                continue
            top = name if relative == "." else relative.split(os.sep)[0]
            fault = why(state, top, name, uid, gids)
            if fault and len(found) < _MOST:
                found.append({"path": path, "why": fault})
        if count > _MOST_FILES or time.monotonic() > ends:
            gaps.append(f"{venv_root} was looked through only in part ({count} files).")
            break
    return found, gaps[:_MOST]
