"""Filter for the message of a run that finds another one; the work is in plugin_utils."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import run_lock
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


def run_lock_sentence(holder, node, playbook):
    """Return why the run ends; holder: as module run_lock returns it; playbook: the one that is to be repeated."""
    repeat = command_line.command(playbook)
    return run_lock.sentence(node, holder, repeat, command_line.command(playbook, extra={"run_lock_break": "true"}))


class FilterModule:
    def filters(self):
        return {"run_lock_sentence": run_lock_sentence}
