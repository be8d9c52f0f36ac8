"""Fetching everything that a locked venv needs: the wheels of one kind of node, in one archive on the controller."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.saf.fabric.plugins.module_utils.system import bounded
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact, secrets_in

from . import lock
from .lock import Resolved, Target

# pip gives up a silent index after six times 15 s; this ends one that trickles.
_FETCH_SECONDS = 3600
# The holder of the lock fetches twice: the wheels and the installer.
_LOCK_SECONDS = 2 * _FETCH_SECONDS


class FetchError(Exception):
    """An archive that could not be created; the message says why and what to do.

    command: what failed, as a list, if a command did.
    """

    def __init__(self, message: str, command: list[str] | None = None) -> None:
        super().__init__(message)
        self.command = command or []


class Wheelhouse:
    """The archives below ``cache``.

    index_url: package index, pip's own setting if empty; environment: added to pip's; workspace: folder for temporary files.
    """

    def __init__(self, cache: str, index_url: str, environment: dict[str, object], workspace: str) -> None:
        self.cache, self.workspace = cache, workspace
        given = {name: str(value) for name, value in environment.items()}
        # Not as an argument: everybody can read the list of processes.
        index = {"PIP_INDEX_URL": index_url} if index_url else {}
        self.environment = {**given, **index, "LC_ALL": "C", "PIP_NO_INPUT": "1"}
        self.secrets: set[str] = secrets_in(index_url, given)

    def archive(self, wheels: Resolved, installer: Resolved, target: Target) -> str:
        """Return the path that the archive of one kind of node has; its name contains the digest of its content."""
        content = lock.content_digest(wheels, installer)
        return os.path.join(self.cache, "wheelhouse", f"{lock.target_key(target)}-{content[:16]}.tar")

    def ensure(self, wheels: Resolved, installer: Resolved, target: Target) -> bool:
        """Create the archive if it does not exist and return whether it was created; raise FetchError."""
        archive = self.archive(wheels, installer, target)
        os.makedirs(os.path.dirname(archive), exist_ok=True)
        with exclusive(archive + ".lock"):
            if os.path.exists(archive):
                return False
            self._pack(wheels, installer, target, archive)
            return True

    def _pack(self, wheels: Resolved, installer: Resolved, target: Target, archive: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.workspace) as folder:
            for name, part in (("wheels", wheels), ("installer", installer)):
                destination = os.path.join(folder, name)
                os.mkdir(destination)
                self.download(part, target, destination)
            partial = archive + ".partial"
            with tarfile.open(partial, "w") as tar:
                tar.add(folder, arcname=".", filter=_portable)
            os.replace(partial, archive)

    def download(self, part: Resolved, target: Target, destination: str) -> None:
        """Fetch the wheels of ``part``, and the list of them, into the folder ``destination``. Raise FetchError."""
        requirements = os.path.join(destination, "requirements.txt")
        Path(requirements).write_text(part["requirements"])
        self._fetch(requirements, target, destination)

    def fetch(self, requirements: str, target: Target, destination: str) -> None:
        """Fetch wheels by the text of their requirements into a folder; those that are there stay. Raise FetchError."""
        with tempfile.TemporaryDirectory(dir=self.workspace) as folder:
            listed = os.path.join(folder, "requirements.txt")
            Path(listed).write_text(requirements)
            self._fetch(listed, target, destination)

    def _fetch(self, requirements: str, target: Target, destination: str) -> None:
        """Run pip, which checks the hashes."""
        command = self._command(requirements, target, destination)
        try:
            status, _output, errors = bounded.run(command, _FETCH_SECONDS, environment=self.environment)
        except bounded.TimedOut as error:
            status, errors = 1, f"ERROR: {error}"
        if status != 0:
            errors = self._without_secrets(errors)
            lines = [line for line in errors.splitlines() if line.startswith("ERROR")] or errors.splitlines()[-1:]
            raise FetchError(
                f"The wheels for {lock.target_key(target)} could not be fetched: {' '.join(lines[-2:])} "
                "Check the controller's access to its package index (index_url, proxy_env, ca_bundle), then run again.",
                command,
            )

    def _command(self, requirements: str, target: Target, destination: str) -> list[str]:
        python = "".join(target["python_version"].split(".")[:2])
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--require-hashes", "--requirement", requirements, "--dest", destination]
        # The whole version: some distributions want 3.9.2 or newer, and "39" would stand for 3.9.0.
        command += ["--implementation", "cp", "--python-version", target["python_version"]]
        for abi in (f"cp{python}", "abi3", "none"):
            command += ["--abi", abi]
        for tag in lock.platform_tags(target):
            command += ["--platform", tag]
        # Wheels that an earlier archive needed come from the cache instead of the network.
        return [*command, "--cache-dir", os.path.join(self.cache, "pip")]

    def _without_secrets(self, text: str) -> str:
        shown: str = redact(text)
        for secret in sorted(self.secrets, key=len, reverse=True):
            shown = shown.replace(secret, "***")
        return shown


def _portable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member of the archive without the controller's umask and accounts: others read it."""
    member.mode = 0o755 if member.isdir() else 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextlib.contextmanager
def exclusive(path: str) -> Iterator[None]:
    """Hold the lock file ``path``: another node, or another run on this controller, may be fetching the same archive."""
    deadline = time.monotonic() + _LOCK_SECONDS
    with open(path, "w") as guard:
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"Another run on this controller has been fetching wheels for {_LOCK_SECONDS} s: "
                        "end it or wait, then repeat."
                    ) from None
                time.sleep(1)
        yield
