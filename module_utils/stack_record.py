"""The record on a node of the stack that it runs: written by playbooks/upgrade.yml, read by whoever must not go back unasked.

It has stack, python_version and venv of what runs, ``previous`` (the same of what ran before) and ``pending`` (the same of an
upgrade that has begun and is not done). Pure functions, but for read().
"""

from __future__ import annotations

import os
import re

from .services import raylet

FILE = os.path.join("etc", "stack.json")
_FIELDS = {"stack": r"[\w.+-]{1,100}", "python_version": r"[\d.]{1,20}", "venv": r"/[^\0\n]{1,1000}"}


def release(found):
    """Return {stack, python_version, venv} of a part of the record, {} for anything that is not all of it."""
    if not isinstance(found, dict):
        return {}
    kept = {name: found.get(name) for name in _FIELDS}
    fits = all(isinstance(value, str) and re.fullmatch(_FIELDS[name], value) for name, value in kept.items())
    return kept if fits else {}


def record(found):
    """Return {stack, python_version, venv, previous, pending}, {} without a usable record."""
    own = release(found)
    return {**own, "previous": release(found.get("previous")), "pending": release(found.get("pending"))} if own else {}


def read(root):
    """Return the record of an installation, {} without one."""
    return record(raylet.read_document(os.path.join(root, FILE)))
