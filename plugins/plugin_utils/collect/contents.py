"""Everything that an archive consists of, as texts; whatever fails is a gap of the archive, never its end."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import runs
from ..provision import repository
from . import settings
from .redaction import literals_of, redact, structure

_PACKAGES = ("ansible-core", "jinja2", "pyyaml", "cryptography", "jsonschema")
_MOST_SECRET = 1 << 16
_HUGE = ("hostvars", "groups", "vars", "ansible_facts")


def known_secrets(hostvars: Mapping[str, Mapping[str, Any]], secrets_folder: Path) -> set[str]:
    """Return all values that the controller knows to be secret: of the inventory, and the token of the cluster."""
    found = []
    for host in hostvars:
        variables: dict[str, Any] = {}
        for name in hostvars[host]:
            if name in _HUGE:
                continue
            try:
                variables[name] = hostvars[host][name]
            except Exception:  # noqa: S112 a template that fails has no value that could be shown
                continue
        found.append(variables)
    texts = []
    try:
        with open(secrets_folder / "token", encoding="utf-8", errors="replace") as stream:
            texts.append(stream.read(_MOST_SECRET))
    except OSError:
        pass  # a cluster without a token
    return literals_of(found, texts)


def controller(call: Mapping[str, Any], ansible_version: str) -> dict[str, Any]:
    """Return what runs the playbooks here."""
    versions: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    galaxy = repository.load("galaxy.yml") or {}
    release = galaxy.get("version") or ((repository.load("MANIFEST.json") or {}).get("collection_info") or {}).get("version")
    return {
        "ansible": ansible_version,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": versions,
        "project": {"version": release, "commit": _commit()},
        "inventory": list(call.get("inventory", ())),
        "environment": sorted(name for name in os.environ if name.startswith(("ANSIBLE_", "SAF_"))),
    }


def _commit() -> str | None:
    """Return the commit of the checkout, without running git."""
    git = repository.ROOT / ".git"
    try:
        if git.is_file():
            git = Path(git.read_text().partition("gitdir:")[2].strip())
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head[:40]
        name = head[5:]
        shared = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        if (shared / name).exists():
            return (shared / name).read_text().strip()[:40]
        packed = (shared / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except OSError:
        return None


def settings_of(hostvars: Mapping[str, Mapping[str, Any]], nodes: Sequence[str], literals: Collection[str]) -> dict[str, Any]:
    """Return {node: {settings, others}}."""
    known = {*repository.options(), "links", "cluster_address"}
    return {node: settings.shown(hostvars[node], known, literals) for node in nodes if node in hostvars}


def last_runs(
    results: Path, number: int, most_file_bytes: int, literals: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return ({name: run.json}, {name: why it is missing}) of the last runs."""
    texts: dict[str, str] = {}
    missing: dict[str, str] = {}
    for folder in reversed(runs.folders(results)[-number:] if number > 0 else []):
        name = f"runs/{folder.name}/{runs.RUN_FILE}"
        try:
            if (folder / runs.RUN_FILE).stat().st_size > 16 * most_file_bytes:
                missing[name] = "It is too large."
                continue
            text = as_text(structure(runs.read_json(folder / runs.RUN_FILE), literals), indent=None)
        except (OSError, runs.RunError, RecursionError) as error:
            missing[name] = redact(str(error), literals)[:400]
            continue
        # A part of a JSON document is none.
        if len(text) > most_file_bytes:
            missing[name] = f"It is larger than {most_file_bytes} bytes (collect_max_file_bytes)."
        else:
            texts[name] = text
    return texts, missing


def staged(folder: Path, most_file_bytes: int) -> dict[str, str]:
    """Return {name: text} of the files that the answers of a node became."""
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            texts[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8", errors="replace")[: 2 * most_file_bytes]
    return texts


def as_text(value: Any, indent: int | None = 2) -> str:
    """Return a JSON value as text."""
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False) + "\n"


def attempt(
    name: str, work: Callable[[], str], texts: dict[str, str], gaps: list[dict[str, str]], literals: Collection[str]
) -> None:
    """Put a text into ``texts``, or why there is none into ``gaps``."""
    try:
        texts[name] = work()
    except Exception as error:  # one part that fails must not lose the others
        gaps.append({"what": name, "why": redact(f"{type(error).__name__}: {error}", literals)[:400]})
