"""The end of a file or of a command's output, whole lines, never more than a bound. No link and no pipe is followed."""

from __future__ import annotations

import os
import stat

from ..system import bounded


class Missing(Exception):
    """A file that exists and is not taken, or a command that gave nothing; the message is a sentence."""


def newest_lines(data, most_bytes, size=None):
    """Return ``(lines, bytes left out)`` of what ends with ``data``, whole lines, the newest ``most_bytes`` of them.

    size: of the whole, where ``data`` is only its end.
    """
    size = len(data) if size is None else size
    kept = data[-most_bytes:] if most_bytes > 0 else b""
    if len(kept) < size:
        # The first line may have lost its beginning, by which a password would be known.
        kept = kept.partition(b"\n")[2]
    return kept.decode("utf-8", "replace").split("\n") if kept else [], size - len(kept)


def of_file(path, most_bytes, folder=None):
    """Return {lines, bytes, left_out} of a regular file, None where there is none; raises Missing.

    folder: descriptor of the open folder that ``path`` is a name in. A link, a pipe, and a file that has a second name, are not
    read: whoever may write in the folder could have put another file's name there.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Missing(f"It cannot be read ({error.strerror}).") from None
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
        os.close(handle)
        raise Missing("It is no ordinary file.")
    most_bytes = max(0, most_bytes)
    with os.fdopen(handle, "rb") as stream:
        try:
            stream.seek(max(0, state.st_size - most_bytes))
            lines, left_out = newest_lines(stream.read(most_bytes), most_bytes, state.st_size)
        except OSError as error:
            raise Missing(f"It cannot be read ({error.strerror}).") from None
    return {"lines": lines, "bytes": state.st_size, "left_out": left_out}


def of_command(command, most_bytes, seconds=30):
    """Return {lines, bytes, left_out} of what a command prints, None where it is not installed; raises Missing."""
    try:
        status, printed, errors = bounded.run(command, seconds)
    except bounded.TimedOut as error:
        raise Missing(str(error)) from None
    if status == 127 and not printed:
        return None
    words = " ".join(errors.split())[-200:]
    # journalctl that finds no line says nothing.
    if status and words and not printed:
        raise Missing(f"{os.path.basename(command[0])} ended with status {status}: {words}")
    data = printed.encode("utf-8", "replace")
    lines, left_out = newest_lines(data, most_bytes)
    return {"lines": lines, "bytes": len(data), "left_out": left_out}
