"""Filters over a stack and its lock; the work is in plugins/plugin_utils/provision/{lock,accelerator}.py."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.accelerator import AcceleratorError, chosen


def lock_for(text, target):
    """Return ``{digest, distributions}``: what the lock asks of a node of the kind ``target``."""
    try:
        resolved = lock.resolve(str(text), target)
    except lock.LockError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"digest": resolved["digest"], "distributions": resolved["distributions"]}


def accelerator(accelerators, wish, system, machine, cuda):
    """Return the kind of node with a GPU by its name in the stack, "" for the platform's own wheels."""
    try:
        return chosen(accelerators, str(wish), str(system), str(machine), str(cuda))
    except AcceleratorError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"accelerator": accelerator, "lock_for": lock_for}
