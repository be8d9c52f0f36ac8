"""Packages of a distribution with apt, for nodes that reach no mirror: a folder that apt on the node takes for a mirror."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict
from urllib.parse import unquote

from ansible_collections.saf.fabric.plugins.module_utils.system import bounded, package_managers
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact, secrets_in

from .store import OfflineError, Store

FOLDER: Final = "packages"
INDEX: Final = "Packages"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_UPDATE_SECONDS: Final = 900
_FETCH_SECONDS: Final = 3600
_ASK_SECONDS: Final = 60
_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class Distribution(TypedDict):
    """A release of a distribution; sources: lines of a sources.list, the controller's own where there are none."""

    name: str  # of the folder, as folder_name() gives it
    architecture: str
    sources: list[str]


def folder_name(distribution: str, version: str, machine: str) -> str:
    """Return how the folder of a release is named, for instance debian-12-amd64."""
    plain = re.sub(r"[^a-z0-9.]", "", f"{distribution}".lower())
    return f"{plain}-{version}-{_ARCHITECTURES.get(machine, machine)}"


def distribution(name: str, sources: Mapping[str, Sequence[str]], own: str) -> Distribution:
    """Return the release ``name``; sources: {release without its architecture, or with it: lines}; own: the controller's release.

    Raises OfflineError where nothing says where its packages come from.
    """
    plain, _, architecture = name.rpartition("-")
    lines = sources.get(name) or sources.get(plain)
    if lines:
        return {"name": name, "architecture": architecture, "sources": [str(line) for line in lines]}
    if plain == own:
        return {"name": name, "architecture": architecture, "sources": []}
    raise OfflineError(f"nothing says where packages for {plain} come from: set fetch_apt_sources: {{{plain}: [deb <mirror> …]}}")


def fetch(
    store: Store,
    release: Distribution,
    packages: Sequence[str],
    environment: Mapping[str, str],
    workspace: str,
    say: Callable[[str], None],
) -> list[str]:
    """Fetch packages with what they need; return the paths of new files. Raise OfflineError."""
    if wrong := [name for name in packages if not _PACKAGE.fullmatch(name)]:
        raise OfflineError(f"{wrong[0]!r:.60} is no name of a package: correct fetch_packages.")
    key, folder = f"{FOLDER}-{release['name']}", f"{FOLDER}/{release['name']}"
    done = store.sets.get(key, {})
    if set(packages) <= set(done) and not any(store.fault(path) for path in done.values()):
        return []
    if not shutil.which("apt-get"):
        raise OfflineError("the controller has no apt-get, which fetches them")
    with tempfile.TemporaryDirectory(dir=workspace) as root:
        apt = _Apt(Path(root), release, environment)
        apt.run("apt-get", "--error-on=any", "update", seconds=_UPDATE_SECONDS)
        apt.run("apt-get", "--download-only", "--no-install-recommends", "install", *packages, seconds=_FETCH_SECONDS)
        found = _take(store, folder, apt)
    store.sets[key] = found
    for stale in set(done.values()) - set(found.values()):
        store.drop(stale)
    store.save()
    size = sum(store.files[one]["size"] for one in found.values())
    say(f"packages for {release['name']}: {len(found) - 1}, {size / 2**20:.0f} MiB")
    return sorted(set(found.values()) - set(done.values()))


def _take(store: Store, folder: str, apt: _Apt) -> dict[str, str]:
    """Move what apt has fetched into the store with an index of it; return {package: path}."""
    target = store.folder / folder
    target.mkdir(parents=True, exist_ok=True)
    found, stanzas = {}, []
    for file in sorted((apt.root / "cache" / "archives").glob("*.deb")):
        name, version, _architecture = (unquote(part) for part in file.stem.split("_"))
        plain = file.name.replace("%3a", ".")  # of an epoch; a path of an index is encoded
        shutil.move(file, target / plain)
        store.record(f"{folder}/{plain}", f"apt: {name} {version}")
        found[name] = f"{folder}/{plain}"
        stanza = apt.run("apt-cache", "show", f"{name}={version}", seconds=_ASK_SECONDS).strip().split("\n\n")[0]
        stanzas.append(re.sub(r"(?m)^Filename: .*$", f"Filename: ./{plain}", stanza))
    (target / INDEX).write_text("\n\n".join(stanzas) + "\n", encoding="utf-8")
    store.record(f"{folder}/{INDEX}", "made from the indexes of the mirror")
    return {**found, INDEX: f"{folder}/{INDEX}"}


class _Apt:
    """apt with a folder in place of the controller's own state: as if nothing were installed."""

    def __init__(self, root: Path, release: Distribution, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
        self.secrets = secrets_in(dict(environment), " ".join(release["sources"]))
        for name in ("state/lists/partial", "cache/archives/partial"):
            (root / name).mkdir(parents=True)
        (root / "status").touch()
        settings = {
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "APT::Architecture": release["architecture"],
            "APT::Architectures": release["architecture"],
            "APT::Sandbox::User": "root",  # the folder is private
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
        }
        if certificate := environment.get("SSL_CERT_FILE"):
            settings["Acquire::https::CAInfo"] = certificate
        if release["sources"]:
            listed = root / "sources.list"
            listed.touch(mode=0o600)  # a mirror's password
            listed.write_text("\n".join(release["sources"]) + "\n")
            settings |= {"Dir::Etc::sourcelist": listed, "Dir::Etc::sourceparts": "/dev/null"}
        self.options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def run(self, program: str, *arguments: str, seconds: float) -> str:
        """Run apt and return what it printed; raise OfflineError."""
        more = ["--yes", "--quiet"] if program == "apt-get" else ["--quiet"]
        try:
            status, out, errors = bounded.run([program, *more, *self.options, *arguments], seconds, environment=self.environment)
        except bounded.TimedOut as error:
            raise OfflineError(str(error)) from None
        if status:
            shown = redact(str(package_managers.complaint(status, out, errors)))  # type: ignore[no-untyped-call]
            for secret in sorted(self.secrets, key=len, reverse=True):
                shown = shown.replace(secret, "***")
            raise OfflineError(f"{program}: {shown}")
        return out


def own_release(text: str) -> str:
    """Return the release of the controller by the text of /etc/os-release, for instance debian-12."""
    values = dict(re.findall(r'(?m)^(ID|VERSION_ID)="?([^"\n]*)"?$', text))
    return f"{values.get('ID', '')}-{values.get('VERSION_ID', '')}"


def read_own_release() -> str:
    """Return the release of this machine, "-" where it is no Linux."""
    path = Path("/etc/os-release")
    return own_release(path.read_text(encoding="utf-8", errors="replace")) if os.path.exists(path) else "-"
