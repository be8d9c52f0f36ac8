"""Puts a backup back where a controller has it. All is checked before anything is written; nothing is replaced."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..collect.archive import is_safe, write_private
from .gathering import FORMAT, MOST_BYTES

MOST_FILES: Final = 100_000
PLACES: Final = ("inventory", "secrets", "results")


class Refused(Exception):
    """A backup that is not restored; the message is a sentence."""


@dataclass(frozen=True)
class Planned:
    """One file to write."""

    path: Path
    data: bytes
    mode: int


def unpack(data: bytes) -> dict[str, tuple[bytes, int]]:
    """Return {name: (data, mode)} of a backup; raises Refused where it is none."""
    files: dict[str, tuple[bytes, int]] = {}
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as zipped:
            plain = zipped.read(2 * MOST_BYTES + 1)
        if len(plain) > 2 * MOST_BYTES:
            raise Refused("It is larger than a backup can be.")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for entry in archive:
                stream = archive.extractfile(entry) if entry.isreg() else None
                top = entry.name.split("/")[0]
                is_known = entry.name in ("backup.json", "known_hosts") or (top in PLACES and entry.name.count("/") >= 2)
                if stream is None or not is_safe(entry.name) or not is_known or entry.name in files or len(files) >= MOST_FILES:
                    raise Refused(f"It contains {entry.name[:100]!r}, which no backup has.")
                files[entry.name] = (stream.read(), entry.mode & 0o777)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise Refused(f"It is damaged, or no backup ({type(error).__name__}).") from None
    try:
        known = json.loads(files["backup.json"][0])["format"]
    except (KeyError, ValueError, TypeError, RecursionError):
        raise Refused("It is no backup of this project: backup.json is missing in it.") from None
    if known != FORMAT:
        raise Refused(f"Its format is {known!r}, and this release reads {FORMAT}: use the release that wrote it.")
    return files


def plan(
    files: Mapping[str, tuple[bytes, int]], places: Mapping[str, Path], known_hosts: Path
) -> tuple[list[Planned], list[Path]]:
    """Return (files to write, files that exist and differ).

    places: {inventory, secrets, results: folder}; the lines of known_hosts are added to those that are there.
    """
    planned: list[Planned] = []
    differing: list[Path] = []
    for name, (data, mode) in sorted(files.items()):
        top, _, rest = name.partition("/")
        if top not in PLACES:
            continue
        path = places[top] / rest
        if not os.path.lexists(path):
            planned.append(Planned(path, data, 0o600 if top == "secrets" else mode & 0o755 | 0o600))
        elif not path.is_file() or path.is_symlink() or path.read_bytes() != data:
            differing.append(path)
    if "known_hosts" in files:
        present = known_hosts.read_bytes() if known_hosts.is_file() else b""
        lines = [line for line in files["known_hosts"][0].splitlines() if line and line not in present.splitlines()]
        if lines:
            separator = b"" if not present or present.endswith(b"\n") else b"\n"
            planned.append(Planned(known_hosts, present + separator + b"\n".join(lines) + b"\n", 0o600))
    return planned, differing


def write(planned: list[Planned], private: Path) -> None:
    """Write the files, each in one step; what is below ``private`` in folders that only this account may enter."""
    for one in planned:
        is_private = private in one.path.parents or one.path.name == "known_hosts"
        missing = [folder for folder in (one.path.parent, *one.path.parent.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700 if is_private else 0o755)
        write_private(one.path, one.data)
        one.path.chmod(one.mode)
