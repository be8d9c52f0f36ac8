"""The archive of wheels of a kind of node, from the folder of an offline installation instead of an index."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from .. import lock
from ..lock import Resolved, Target
from ..wheelhouse import FetchError, Wheelhouse
from . import wheels as pool
from .store import Store, digest_of


class OfflineWheelhouse(Wheelhouse):
    """Archives below ``cache``, of files of ``store`` alone: pip is not run and nothing is fetched."""

    def __init__(self, cache: str, store: Store, workspace: str) -> None:
        super().__init__(cache, "", {}, workspace)
        self.store = store

    def archive(self, wheels: Resolved, installer: Resolved, target: Target) -> str:
        """Return the path of the archive, whose name has the digest of the files in it."""
        found = pool.for_node(self.store, target, [wheels, installer])
        content = hashlib.sha256("".join(sorted(self.store.files[path]["sha256"] for path in found.values())).encode())
        name = f"{pool.set_key(target, wheels, installer)}-offline-{content.hexdigest()[:16]}.tar"
        return os.path.join(self.cache, "wheelhouse", name)

    def download(self, part: Resolved, target: Target, destination: str) -> None:
        """Copy the wheels of ``part`` into the folder ``destination``, each compared with the lock. Raise FetchError."""
        allowed = pool.wanted_of(part)
        for requirement, name in pool.for_node(self.store, target, [part]).items():
            source = self.store.path(name)
            copy = Path(destination) / source.name
            shutil.copyfile(source, copy)
            if digest_of(copy) not in allowed[requirement]:
                raise FetchError(f"{source} was changed while it was read: run fetch.yml again for {lock.target_key(target)}.")
        (Path(destination) / "requirements.txt").write_text(part["requirements"])
