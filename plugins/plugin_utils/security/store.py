"""The folder of a cluster's secrets on the controller: read, made, renewed. Only its owner may read it.

FOLDER/token, ca.crt, ca.key, nodes/NAME.crt, nodes/NAME.key. One run at a time works on it; each file is replaced in one step.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from . import certificates, token
from .certificates import Pair

_MOST = 1 << 16  # bytes of a file
_LOCK_SECONDS = 30


class SecretError(Exception):
    """Secrets that cannot be used; the message says what to do."""


class Store:
    def __init__(self, folder: Path, cluster: str, now: datetime.datetime, rotate: str, check: bool = False) -> None:
        """cluster: its name, which its authority carries; rotate: command that makes new secrets; check: change nothing."""
        self.folder, self.cluster, self.now, self.check = folder, cluster, now, check
        self._rotate = f"make new secrets for all nodes:\n{rotate}"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, made if it is missing; in check mode only look whether it can be used."""
        try:
            if not self.check:
                (self.folder / "nodes").mkdir(parents=True, exist_ok=True, mode=0o700)
                self.folder.chmod(0o700) if self._is_empty() else None
            if self.folder.exists():
                self._must_be_private(self.folder)
            if self.check:
                yield
                return
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._lock(handle)
                yield
            finally:
                os.close(handle)
        except OSError as error:
            raise SecretError(
                f"The secrets of the cluster in {self.folder} cannot be read or written ({error.strerror or error}): give the "
                "folder to your account, or set cluster_secrets_dir to another one."
            ) from None

    def _lock(self, handle: int) -> None:
        """Wait for another run that works on the folder, which takes it a second."""
        for _attempt in range(_LOCK_SECONDS * 10):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.1)
        raise SecretError(f"Another run has held {self.folder} for {_LOCK_SECONDS} s: end it, then repeat this one.")

    def token(self, renew: bool = False) -> dict[str, Any]:
        """Return {changed, mark} of the token, made if it is missing or to be renewed."""
        known = None if renew else self._read("token")
        if known is not None:
            problem = token.problem(known)
            if problem:
                raise SecretError(f"The token in {self.folder / 'token'} {problem}: {self._rotate}")
            return {"changed": False, "mark": token.mark(known)}
        made = token.make()
        self._write("token", made + "\n")
        return {"changed": True, "mark": "new" if self.check else token.mark(made)}

    def certificates(self, nodes: Mapping[str, Iterable[str]], renew: bool = False) -> dict[str, Any]:
        """Return {changed, nodes {node: {mark, days_left, renewed: reason, certificate: path, key: path}}}.

        nodes: {node: all its addresses}; what does not fit them, its authority or the time any more is renewed.
        """
        authority, changed = self._authority(renew)
        rows = {}
        for node, addresses in nodes.items():
            names = [node, *addresses]
            pair = None if renew else self._pair(_file_of(node))
            reason = "all are renewed" if renew else "there is none"
            if pair is not None:
                reason = certificates.why_renew(pair, authority.certificate, names, self.now)
            if pair is None or reason:
                pair = certificates.issue(authority, node, names, self.now)
                # The key last: the pair is complete, or the next run makes a new one.
                self._write(f"{_file_of(node)}.crt", pair.certificate)
                self._write(f"{_file_of(node)}.key", pair.key)
                changed = True
            rows[node] = {
                "mark": "new" if reason and self.check else certificates.fingerprint(pair.certificate),
                "days_left": certificates.days_left(pair.certificate, self.now),
                "renewed": reason,
                "certificate": str(self.folder / f"{_file_of(node)}.crt"),
                "key": str(self.folder / f"{_file_of(node)}.key"),
            }
        return {"changed": changed, "nodes": rows}

    def drop_others(self, keep: Iterable[str]) -> list[str]:
        """Remove the certificates and keys of all nodes that are not named, and return their names."""
        kept = {_file_of(node) for node in keep}
        names = sorted({str(path.relative_to(self.folder).with_suffix("")) for path in self.folder.glob("nodes/*.???")} - kept)
        for name in names if not self.check else []:
            for ending in (".key", ".crt"):
                (self.folder / f"{name}{ending}").unlink(missing_ok=True)
        return [unquote(name.removeprefix("nodes/")) for name in names]

    def _authority(self, renew: bool) -> tuple[Pair, bool]:
        pair = None if renew else self._pair("ca")
        if pair is not None:
            problem = certificates.authority_problem(pair, self.cluster, self.now)
            if problem:
                raise SecretError(f"The certificate authority in {self.folder} {problem}: {self._rotate}")
            return pair, False
        if not renew and any((self.folder / name).exists() for name in ("ca.crt", "ca.key")):
            raise SecretError(
                f"The certificate authority in {self.folder} is incomplete: restore ca.crt and ca.key, or {self._rotate}"
            )
        pair = certificates.make_authority(self.cluster, self.now)
        self._write("ca.key", pair.key)
        self._write("ca.crt", pair.certificate)
        return pair, True

    def _pair(self, name: str) -> Pair | None:
        certificate, key = self._read(f"{name}.crt"), self._read(f"{name}.key")
        return None if certificate is None or key is None else Pair(certificate, key)

    def _is_empty(self) -> bool:
        return {path.name for path in self.folder.iterdir()} <= {"nodes"}

    def _must_be_private(self, path: Path) -> None:
        state = path.lstat()
        if state.st_uid != os.geteuid():
            raise SecretError(f"{path} belongs to another account: run as its owner, or set cluster_secrets_dir.")
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise SecretError(
                f"Other accounts of the controller can read {path}, so its secrets may be known: chmod go= {path}, and then "
                f"{self._rotate}"
            )

    def _read(self, name: str) -> str | None:
        path = self.folder / name
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(handle, encoding="utf-8", errors="replace") as stream:
            if not name.endswith(".crt"):
                self._must_be_private(path)
            return stream.read(_MOST)

    def _write(self, name: str, text: str) -> None:
        if self.check:
            return
        path = self.folder / name
        handle, partial = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise


def _file_of(node: str) -> str:
    return f"nodes/{quote(node, safe='')}"
