"""Kinds of nodes: what a name such as linux-x86_64, linux-x86_64+cuda13 or darwin-arm64-15 stands for, and for which of them
wheels are fetched."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..accelerator import AcceleratorError, chosen
from ..lock import Target
from .store import OfflineError

_SYSTEMS: Final = {"linux": "Linux", "darwin": "Darwin", "macos": "Darwin"}
_NAME: Final = re.compile(r"(?i)(linux|darwin|macos)-(x86_64|aarch64|arm64)(?:-(\d+(?:\.\d+)*))?(?:\+(\w+))?")
# Releases of macOS for which wheels differ: a Mac without a named release may have any of them.
MACOS_RELEASES: Final = (13, 14, 15, 26)


def targets(names: Iterable[str], stack: Mapping[str, Any], python_version: str) -> list[Target]:
    """Return the kinds of nodes that ``names`` stand for with a stack; raise OfflineError.

    A name without a release is every release of macOS that the stack supports, and its oldest glibc, whose wheels newer ones take
    as well.
    """
    found: list[Target] = []
    for name in names:
        match = _NAME.fullmatch(str(name))
        if not match:
            raise OfflineError(
                f"{name!r:.60} is no platform: write linux-x86_64, linux-aarch64, darwin-arm64 or darwin-arm64-15;"
                " linux-x86_64+cuda13 for nodes with that accelerator."
            )
        system, machine = _SYSTEMS[match[1].lower()], match[2].lower()
        oldest = _oldest(system, machine, stack)
        kind = _accelerator(str(match[4] or ""), system, machine, stack)
        for release in [match[3]] if match[3] else _releases(system, oldest):
            found.append(_target(system, machine, release, python_version, kind))
    return _unique(found)


def of_nodes(kinds: Iterable[Mapping[str, Any]], stack: Mapping[str, Any]) -> list[Target]:
    """Return the kinds of the nodes that were asked: each {system, machine, release, python_version, cuda, accelerator}.

    accelerator is the wish. One that a node cannot have is for preflight to report.
    """
    found = []
    for one in kinds:
        kind, node = "", (one["system"], one["machine"], str(one.get("cuda") or ""))
        with contextlib.suppress(AcceleratorError):
            kind = chosen(stack.get("accelerators", {}), str(one.get("accelerator") or "auto"), *node)
        found.append(_target(one["system"], one["machine"], one["release"], one["python_version"], kind))
    return _unique(found)


def name_of(target: Target) -> str:
    """Return the name that stands for a kind of node."""
    name = f"{target['system'].lower()}-{target['machine']}-{target.get('glibc') or target.get('macos')}"
    return f"{name}+{target['accelerator']}" if target.get("accelerator") else name


def machine_of(name: str) -> str:
    """Return the machine in a name."""
    match = _NAME.fullmatch(name)
    return match[2].lower() if match else ""


def _accelerator(name: str, system: str, machine: str, stack: Mapping[str, Any]) -> str:
    kinds = [one for one, row in stack.get("accelerators", {}).items() if row["system"] == system and machine in row["machines"]]
    if name and name not in kinds:
        known = ", ".join(kinds) or "none"
        raise OfflineError(f"The stack {stack['name']} has no build of MLX for {name} on {system} {machine} (it has: {known}).")
    return name


def triple(target: Target) -> str:
    """Return the name that the builds of Python have for a kind of node."""
    machine = {"arm64": "aarch64"}.get(target["machine"], target["machine"])
    return f"{machine}-{'apple-darwin' if target['system'] == 'Darwin' else 'unknown-linux-gnu'}"


def _oldest(system: str, machine: str, stack: Mapping[str, Any]) -> str:
    rows: Sequence[Mapping[str, Any]] = [*stack["platforms"], *stack.get("without_mlx", [])]
    for row in rows:
        if (row["system"], row["machine"]) == (system, machine):
            return str(row["glibc" if system == "Linux" else "macos"])
    known = ", ".join(f"{row['system'].lower()}-{row['machine']}" for row in rows)
    raise OfflineError(f"The stack {stack['name']} has no wheels for {system} on {machine}: name {known} in fetch_platforms.")


def _releases(system: str, oldest: str) -> list[str]:
    if system == "Linux":
        return [oldest]
    return [f"{major}.0" for major in MACOS_RELEASES if major >= int(oldest.partition(".")[0])]


def _target(system: str, machine: str, release: str, python_version: str, accelerator: str) -> Target:
    # Wheels differ by the main number of macOS alone.
    glibc, macos = (release, None) if system == "Linux" else (None, f"{release.partition('.')[0]}.0")
    target: Target = {"system": system, "machine": machine, "python_version": python_version, "glibc": glibc, "macos": macos}
    return {**target, "accelerator": accelerator} if accelerator else target


def _unique(found: Iterable[Target]) -> list[Target]:
    return list({tuple(sorted((key, str(value)) for key, value in one.items())): one for one in found}.values())
