"""Files of other accounts, read by root without being led astray: no link of theirs, no pipe, and never more than a bound."""

from __future__ import annotations

import os
import stat

MOST_BYTES = 64 * 1024
MOST_FILES = 2000
MOST_CHARACTERS = 300


class Unreadable(Exception):
    """Something that exists and cannot be looked at; the message names it."""


def below(root, path):
    """Return a path of the system where ``root`` is taken for "/"."""
    return path if root == "/" else os.path.join(root, path.lstrip("/"))


def shown(root, path):
    """Return the path as the system calls it."""
    return path if root == "/" else "/" + os.path.relpath(path, root)


def text(path):
    """Return (text, os.stat_result) of a regular file, (None, None) where there is none; at most MOST_BYTES of it.

    A link is followed where root owns it. Raises Unreadable.
    """
    try:
        state = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror}).") from None
    follow = stat.S_ISLNK(state.st_mode) and state.st_uid in (0, os.geteuid())
    try:
        # Opening a pipe without O_NONBLOCK waits for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror}).") from None
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            return None, None
        return stream.read(MOST_BYTES).decode("utf-8", "replace"), state


def names(folder):
    """Return the sorted names in a folder, [] where there is none; raises Unreadable."""
    try:
        return sorted(os.listdir(folder))[:MOST_FILES]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unreadable(f"{folder} cannot be read ({error.strerror}).") from None


def short(line):
    """Return a line for a person, cut."""
    line = " ".join(str(line).split())
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"
