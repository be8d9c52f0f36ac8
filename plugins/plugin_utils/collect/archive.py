"""Packs an archive on the controller: one file, 0600, that appears whole or not at all."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path


def within(texts: Mapping[str, str], most_bytes: int) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return ({name: data} that fit into the bound together, {name: why it is left out}); the smallest first."""
    kept: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    left = most_bytes
    for name, data in sorted(
        ((name, text.encode("utf-8", "replace")) for name, text in texts.items()), key=lambda one: len(one[1])
    ):
        if len(data) > left:
            left_out[name] = f"The archive would be larger than {most_bytes} bytes (collect_max_bytes)."
            continue
        left -= len(data)
        kept[name] = data
    return kept, left_out


def is_safe(name: str) -> bool:
    """Return whether a name in an archive stays below the folder that it is unpacked into."""
    parts = name.split("/")
    return bool(name) and "\0" not in name and "\\" not in name and all(part not in ("", ".", "..") for part in parts)


def pack(path: Path, folder: str, files: Mapping[str, bytes], when: int) -> None:
    """Write a .tar.gz with all files below one folder, mode 0600; raises OSError.

    when: seconds since the epoch, of all entries.
    """
    write_private(path, packed(folder, files, when))


def packed(folder: str, files: Mapping[str, bytes | tuple[bytes, int]], when: int) -> bytes:
    """Return the bytes of a .tar.gz; entries are ordinary files of nobody, 0600 where no mode is given: (data, mode)."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=when) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, content in sorted(files.items()):
            data, mode = content if isinstance(content, tuple) else (content, 0o600)
            whole = f"{folder}/{name}" if folder else name
            if not is_safe(whole):
                raise ValueError(f"{name!r} leads out of the archive")
            entry = tarfile.TarInfo(whole)
            entry.size, entry.mode, entry.mtime = len(data), mode, when
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this account can read, in one step; raises OSError."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
