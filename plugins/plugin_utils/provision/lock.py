"""What a universal lock file means for one node: pure functions over its text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

# glibc 2.5 is the oldest that a wheel tag (manylinux1) stands for.
_OLDEST_GLIBC_MINOR = 5
_LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


class LockError(ValueError):
    """A lock that cannot be used; the message says why and what to do."""


class Target(TypedDict):
    """A kind of node: what decides which wheels it gets."""

    system: str  # Linux or Darwin
    machine: str  # as uname -m gives it: x86_64, aarch64, arm64
    python_version: str  # X.Y.Z
    glibc: NotRequired[str | None]  # on Linux, for instance 2.36
    macos: NotRequired[str | None]  # on Darwin, for instance 15.1
    accelerator: NotRequired[str | None]  # a name of `accelerators` in stack.yml, for instance cuda13


class Resolved(TypedDict):
    """What a lock asks of one kind of node."""

    digest: str  # SHA-256 of the entries that apply
    distributions: dict[str, str]  # {normalized name: version}
    requirements: str  # text for pip or uv, hashes included


def marker_environment(target: Target) -> dict[str, str]:
    """Return the PEP 508 marker environment of a node; its accelerator stands for the release of the kernel."""
    version = target["python_version"]
    return {
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": target["machine"],
        "platform_python_implementation": "CPython",
        "platform_release": target.get("accelerator") or "",
        "platform_system": target["system"],
        "platform_version": "",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": {"Linux": "linux", "Darwin": "darwin"}[target["system"]],
        "extra": "",
    }


def entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ``(requirement line, [sha256, ...])`` for each entry of a lock's text; raise LockError."""
    joined = re.sub(r"\\\r?\n", " ", text)
    for number, raw in enumerate(joined.splitlines(), start=1):
        line = raw.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+--hash=", line)
        digests = [value.strip()[len("sha256:") :] for value in hashes if value.startswith("sha256:")]
        if not digests:
            raise LockError(
                f"The lock has an entry without a sha256 ({requirement!r}, entry {number}): "
                "restore it with git or compile it again with 'make lock'."
            )
        yield requirement.strip(), digests


def resolve(text: str, target: Target) -> Resolved:
    """Return what the lock ``text`` asks of one kind of node; raise LockError."""
    # ansible-core installs it; the environment that ansible-test imports this in does not
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    environment = marker_environment(target)
    distributions: dict[str, str] = {}
    lines = []
    for line, digests in entries(text):
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise LockError(
                f"The lock has an entry that cannot be read ({line!r}: {str(error).splitlines()[0]}): "
                "restore it with git or compile it again with 'make lock'."
            ) from error
        if not re.fullmatch(r"==[^=*,]+", str(requirement.specifier)):
            raise LockError(
                f"The lock has an entry that is not pinned ({line!r}): restore it with git or compile it again with 'make lock'."
            )
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        version = str(requirement.specifier).removeprefix("==")
        distributions[canonicalize_name(requirement.name)] = version
        lines.append(f"{requirement.name}=={version} " + " ".join(f"--hash=sha256:{d}" for d in sorted(digests)))
    requirements = "\n".join(sorted(lines)) + "\n"
    return {
        "digest": hashlib.sha256(requirements.encode("utf-8", "surrogateescape")).hexdigest(),
        "distributions": distributions,
        "requirements": requirements,
    }


def content_digest(*parts: Resolved) -> str:
    """Return the digest of what several locks ask of one kind of node."""
    return hashlib.sha256("".join(part["digest"] for part in parts).encode()).hexdigest()


def platform_tags(target: Target) -> list[str]:
    """Return the wheel platform tags that a node accepts, as ``pip download --platform`` wants them; raise LockError.

    pip widens a macOS tag to older releases by itself, but a manylinux_2_x tag stands for itself alone.
    """
    machine = target["machine"]
    if target["system"] == "Darwin":
        major, second = [*str(target.get("macos")).split("."), "0"][:2]
        return [f"macosx_{major}_{second if int(major) < 11 else 0}_{machine}"]
    version = re.fullmatch(r"2\.(\d{1,3})", str(target.get("glibc")))
    if version is None:
        raise LockError(f"The node reports no version of glibc that wheels are named by ({str(target.get('glibc'))[:40]!r}).")
    minor = int(version.group(1))
    tags = []
    for step in range(minor, _OLDEST_GLIBC_MINOR - 1, -1):
        tags.append(f"manylinux_2_{step}_{machine}")
        if step in _LEGACY_MANYLINUX:
            tags.append(f"{_LEGACY_MANYLINUX[step]}_{machine}")
    return [*tags, f"linux_{machine}"]


def target_key(target: Target) -> str:
    """Return a short name of a node's platform, fit for a file name."""
    release = target.get("glibc") or target.get("macos")
    libc = "glibc" if target["system"] == "Linux" else "macos"
    python = "".join(target["python_version"].split(".")[:2])
    accelerator = f"-{target['accelerator']}" if target.get("accelerator") else ""
    return f"cp{python}-{target['system'].lower()}-{target['machine']}-{libc}{release}{accelerator}"
