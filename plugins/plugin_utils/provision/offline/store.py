"""The folder of an offline installation: its manifest, and whether a file is what the manifest says.

The manifest has each file with its digest, size and origin, and for each kind of node the wheels that it needs. A file that is
not in it does not exist for site.yml; one that differs from it is named, and fetch.yml replaces it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypedDict

from ...files import replace_text
from ..wheelhouse import exclusive

MANIFEST: Final = "manifest.json"
SCHEMA: Final = 1
_LOCK: Final = ".fetch.lock"
_MOST_BYTES: Final = 16 * 2**20  # a manifest of a thousand files has 300 KiB
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 2**20


class OfflineError(Exception):
    """A folder that cannot be filled or used; the message says what to type."""


class Entry(TypedDict):
    """A file of the folder."""

    sha256: str
    size: int
    origin: str  # where it comes from, without passwords


class Store:
    """The folder ``folder`` with the entries of its manifest.

    files: {path below the folder: entry}; sets: {kind of node and lock: {requirement: path of its wheel}}.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.files: dict[str, Entry] = {}
        self.sets: dict[str, dict[str, str]] = {}
        self._good: dict[str, str] = {}

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST

    def path(self, name: str) -> Path:
        """Return where a file of the manifest is; raise OfflineError for a name that leads out of the folder."""
        if not _is_below(name):
            raise OfflineError(f"{self.manifest} names {name!r}, which is not in its folder: fetch it again.")
        return self.folder / name

    def load(self) -> Store:
        """Read the manifest, if there is one, and return the store; raise OfflineError where it cannot be used."""
        try:
            if self.manifest.stat().st_size > _MOST_BYTES:
                raise ValueError("too large")
            document = json.loads(self.manifest.read_text(encoding="utf-8"))
            self.files, self.sets = _files_of(document), _sets_of(document)
        except FileNotFoundError:
            return self
        except (OSError, ValueError, RecursionError) as error:
            raise OfflineError(
                f"{self.manifest} cannot be read ({_reason(error)}): remove it and run fetch.yml again."
            ) from error
        return self

    def save(self) -> None:
        """Write the manifest in one step."""
        document = {
            "schema": SCHEMA,
            "files": {name: self.files[name] for name in sorted(self.files)},
            "sets": {name: dict(sorted(self.sets[name].items())) for name in sorted(self.sets)},
        }
        replace_text(self.manifest, json.dumps(document, indent=1) + "\n")

    def record(self, name: str, origin: str) -> Entry:
        """Add a file of the folder; its digest is that of its content."""
        path = self.path(name)
        os.chmod(path, 0o644)  # whatever the umask: another account may run site.yml
        entry: Entry = {"sha256": digest_of(path), "size": path.stat().st_size, "origin": origin}
        self.files[name] = entry
        self._good[name] = ""
        return entry

    def fault(self, name: str) -> str:
        """Return why a file cannot be used, "" if it is what the manifest says; each file is read once."""
        if name not in self._good:
            self._good[name] = self._fault(name)
        return self._good[name]

    def _fault(self, name: str) -> str:
        if name not in self.files:
            return "is not in the manifest"
        path, entry = self.path(name), self.files[name]
        try:
            size = path.stat().st_size
            if size != entry["size"]:
                return f"is damaged ({size} bytes instead of {entry['size']})"
            return "" if digest_of(path) == entry["sha256"] else "is damaged (its SHA-256 differs from the manifest)"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror})"

    def drop(self, name: str) -> None:
        """Remove a file and its entry."""
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()
        self.files.pop(name, None)
        self._good.pop(name, None)

    @contextlib.contextmanager
    def filling(self) -> Iterator[None]:
        """Hold the folder, which is made if it is missing: one run at a time fills it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(str(self.folder / _LOCK)):
            self.load()
            yield


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and "\0" not in name and not path.is_absolute() and ".." not in path.parts


def _files_of(document: Any) -> dict[str, Entry]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError("not a manifest of this version")
    found: dict[str, Entry] = {}
    for name, entry in document["files"].items():
        if not (_is_below(name) and _DIGEST.fullmatch(entry["sha256"]) and type(entry["size"]) is int):
            raise ValueError(f"the entry {name!r:.80}")
        found[name] = {"sha256": entry["sha256"], "size": entry["size"], "origin": str(entry.get("origin", ""))}
    return found


def _sets_of(document: Any) -> dict[str, dict[str, str]]:
    return {str(key): {str(one): str(path) for one, path in paths.items()} for key, paths in document["sets"].items()}


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    return " ".join(str(error).split())[:120] or type(error).__name__
