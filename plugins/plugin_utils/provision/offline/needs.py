"""What a node needs of the folder of an offline installation, and what it lacks: rows of preflight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...text import command_line
from .. import lock
from ..accelerator import AcceleratorError, chosen
from ..lock import LockError, Target
from ..observed import text
from ..problem import Problem, problem
from . import platforms, wheels
from .store import OfflineError, Store

_CHECK: Final = "offline"


def fetch_command(names: Sequence[str]) -> str:
    """Return the command that fills the folder."""
    extra = {"fetch_platforms": ",".join(names)} if names else {}
    return command_line.command("playbooks/fetch.yml", "", extra)


def problems(observed: object, wanted: Mapping[str, Any]) -> list[Problem]:
    """Return what the folder lacks for a node.

    observed: the result of node_preflight_info. wanted: folder, locks (paths of the stack's and the installer's), python_version,
    build (path of the pinned build of Python below the folder; "" if the node gets none), provider, accelerators (of the stack),
    accelerator (the wish).
    """
    if not isinstance(observed, Mapping) or observed.get("failed") or observed.get("unreachable"):
        return []
    target = _target(observed, wanted)
    if target is None:  # the checks of the platform and of the accelerator report it
        return []
    if wanted["provider"] == "conda":
        fix = "conda fetches from a network: set python_provider to uv or system, or leave offline_dir empty."
        return [problem(_CHECK, "a Python without a network", "python_provider: conda", fix)]
    fix = f"Where there is a network, type: {fetch_command([platforms.name_of(target)])}"
    try:
        store = Store(wanted["folder"]).load()
        if not store.files:
            return [problem(_CHECK, f"files in {wanted['folder']}", "no manifest.json, or an empty one", fix)]
        parts = [lock.resolve(Path(path).read_text(encoding="utf-8"), target) for path in wanted["locks"]]
        wheels.for_node(store, target, parts)
        if wanted["build"] and (fault := store.fault(wanted["build"])):
            raise OfflineError(f"{store.folder / wanted['build']} {fault}")
    except (OfflineError, LockError, OSError) as error:
        return [problem(_CHECK, f"all that {lock.target_key(target)} needs", str(error), fix)]
    return []


def _target(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Target | None:
    system, machine = text(observed, "system"), text(observed, "machine")
    release = text(observed, {"Linux": "glibc", "Darwin": "macos"}.get(system, ""))
    if not (machine and release and release.replace(".", "").isdigit() and (system == "Darwin" or "." in release)):
        return None
    glibc, macos = (release, None) if system == "Linux" else (None, release)
    try:
        kind = chosen(wanted["accelerators"], wanted["accelerator"], system, machine, text(observed, "cuda"))
    except AcceleratorError:
        return None
    version = str(wanted["python_version"])
    target: Target = {"system": system, "machine": machine, "python_version": version, "glibc": glibc, "macos": macos}
    return {**target, "accelerator": kind} if kind else target
