"""What goes into a backup: ordinary files by their names in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .. import runs

FORMAT: Final = 1
MOST_BYTES: Final = 256 * 2**20
_IGNORED: Final = {".git", "__pycache__", ".lock"}


class TooLarge(Exception):
    """More than a backup can hold."""


@dataclass
class Backup:
    """files: {name: (data, mode)}; left_out: names of what is no ordinary file."""

    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, name: str, path: Path) -> None:
        """Add a file; raises OSError, TooLarge."""
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as stream:
            state = os.fstat(handle)
            self.size += state.st_size
            if self.size > MOST_BYTES:
                raise TooLarge
            self.files[name] = (stream.read(MOST_BYTES), stat.S_IMODE(state.st_mode) & 0o777)

    def add_folder(self, name: str, folder: Path) -> None:
        """Add all ordinary files below a folder."""
        for path in _walk(folder):
            whole = f"{name}/{path.relative_to(folder).as_posix()}"
            if path.is_symlink() or not path.is_file():
                self.left_out.append(whole)
            else:
                self.add(whole, path)


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _IGNORED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def gather(
    sources: Sequence[str], secrets: Path, results: Path | None, hosts: Sequence[str], known_hosts: Path, cluster: str, made: str
) -> Backup:
    """Return the backup; raises OSError where something cannot be read, TooLarge.

    sources: of the inventory, as -i names them; results: None leaves the runs out; hosts: addresses whose keys are kept.
    """
    backup = Backup()
    for source in sources:
        path = Path(source).absolute()
        if "," in source or not path.exists():
            backup.left_out.append(f"inventory {source}")
        elif path.is_dir():
            backup.add_folder(f"inventory/{path.name}", path)
        else:
            backup.add(f"inventory/{path.parent.name}/{path.name}", path)
            for beside in ("group_vars", "host_vars"):
                if (path.parent / beside).is_dir():
                    backup.add_folder(f"inventory/{path.parent.name}/{beside}", path.parent / beside)
    if secrets.is_dir():
        backup.add_folder(f"secrets/{secrets.name}", secrets)
    for folder in runs.folders(results) if results else []:
        backup.add_folder(f"results/{folder.name}", folder)
    lines = host_keys(hosts, known_hosts)
    if lines:
        backup.files["known_hosts"] = ("".join(f"{line}\n" for line in lines).encode(), 0o600)
    document = {"format": FORMAT, "cluster": cluster, "made": made, "left_out": backup.left_out}
    backup.files["backup.json"] = ((json.dumps(document, indent=2) + "\n").encode(), 0o600)
    return backup


def host_keys(hosts: Sequence[str], known_hosts: Path) -> list[str]:
    """Return the lines of known_hosts that are about these hosts (address, or [address]:port)."""
    found: dict[str, None] = {}
    if known_hosts.is_file():
        for host in hosts:
            command = ["ssh-keygen", "-F", host, "-f", str(known_hosts)]
            try:
                answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
            except (OSError, subprocess.SubprocessError):
                return []
            found.update(dict.fromkeys(line for line in answer.stdout.splitlines() if line and not line.startswith("#")))
    return list(found)
