"""What the repository says about the options, the stacks and the data: the reading half of the inventory's checks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]


class NotLiteral(ValueError):
    """A default that depends on other variables, so that nobody can know it before its role runs."""


def options() -> dict[str, dict[str, Any]]:
    """Return {variable: option} of the argument specs of all roles."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values():
            found.update(spec.get("options") or {})
    return found


def defaults() -> dict[str, Any]:
    """Return {variable: default} of all roles, as written."""
    found: dict[str, Any] = {}
    for path in sorted(ROOT.glob("roles/*/defaults/main.yml")):
        found.update(yaml.safe_load(path.read_text()) or {})
    return found


def option_default(name: str) -> Any:
    """Return the default of an option; raise KeyError where no role has it, NotLiteral where it is a template."""
    default = defaults()[name]
    if "{{" in str(default):
        raise NotLiteral(name)
    return default


def load(*place: str) -> Any:
    """Return the YAML document at a path below the repository, None where it is missing or no YAML."""
    text = read(*place)
    try:
        return None if text is None else yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def read(*place: str) -> str | None:
    """Return the text of a file below the repository, None where it is missing."""
    try:
        return ROOT.joinpath(*place).read_text()
    except (OSError, ValueError):  # a name with a NUL, or no text
        return None


def stacks(names: set[str]) -> dict[str, dict[str, Any]]:
    """Return {name: {stack, lock, digest}} of these stacks; stack: stack.yml, lock: text of the lock, digest: its SHA-256."""
    found = {}
    for name in names:
        lock = read("stacks", name, "requirements.lock")
        digest = hashlib.sha256((lock or "").encode()).hexdigest()
        found[name] = {"stack": load("stacks", name, "stack.yml"), "lock": lock, "digest": digest}
    return found


def stack_names() -> list[str]:
    """Return the names of all stacks."""
    return sorted(path.parent.name for path in ROOT.glob("stacks/*/stack.yml"))


def unwritable(folders: Mapping[str, object]) -> dict[str, str]:
    """Return those of {option: folder} that can be neither written nor created."""
    return {name: str(folder) for name, folder in folders.items() if not _is_writable(Path(str(folder)))}


def _is_writable(path: Path) -> bool:
    while not os.path.exists(path) and path != path.parent:  # Path.exists() raises where a name is too long
        path = path.parent
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)
