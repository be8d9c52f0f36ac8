"""Filters over a stack's lock; the work is in plugins/plugin_utils/provision/lock.py."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock


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
