"""The roles' argument specs and defaults, as data."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def roles():
    """Return the names of the roles."""
    return sorted(path.parents[1].name for path in (ROOT / "roles").glob("*/meta/main.yml"))


def load(path):
    """Return a file's document, an empty one for an empty file, None for no file."""
    if not path.exists():
        return None
    try:
        return yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        sys.exit(f"{path.relative_to(ROOT)} is not YAML: {' '.join(str(error).split())}. Quote the text with the colon.")


def spec_of(role):
    """Return ``{entry point: spec}`` of a role, None without a file."""
    document = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")
    return None if document is None else document["argument_specs"]


def options_of(role):
    """Return ``{variable: option}`` over all entry points of a role; ``main`` wins where several of them repeat one."""
    specs = spec_of(role) or {}
    options: dict = {}
    for entry in sorted(specs, key=lambda name: name == "main"):
        options.update(specs[entry].get("options") or {})
    return options


@functools.lru_cache(maxsize=1)
def all_options():
    """Return the names of the options of all roles."""
    return frozenset(name for role in roles() for name in options_of(role))


def defaults_of(role):
    return load(ROOT / "roles" / role / "defaults" / "main.yml") or {}


def sentences(description):
    """Return a description as one text."""
    return " ".join(description) if isinstance(description, list) else description
