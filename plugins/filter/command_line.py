"""Filter that turns a playbook's path into the command that a person can paste."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line


class FilterModule:
    def filters(self):
        return {"playbook_command": command_line.command}
