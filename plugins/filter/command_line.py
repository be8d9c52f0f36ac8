"""Filter that turns a playbook's path into the command that a person can paste."""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
_SHARED = str(Path(__file__).resolve().parents[2] / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import command_line  # noqa: E402


class FilterModule:
    def filters(self):
        return {"playbook_command": command_line.command}
