"""Filters over a stack's lock; the work is in module_utils/saf/lock.py."""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils
from ansible.errors import AnsibleFilterError

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
_SHARED = str(Path(__file__).resolve().parents[2] / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import lock  # noqa: E402


def lock_for(text, target):
    """Return ``{digest, distributions}``: what the lock asks of a node of the kind ``target``."""
    try:
        resolved = lock.resolve(str(text), target)
    except lock.LockError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"digest": resolved["digest"], "distributions": resolved["distributions"]}


class FilterModule:
    def filters(self):
        return {"lock_for": lock_for}
