"""Runs a module as Ansible does and lets pass of its answer what the module documents.

The modules that it stands for are links to this file: those whose answer the controller reads.
"""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
_SHARED = str(Path(__file__).resolve().parents[2] / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import border  # noqa: E402


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        answer = self._execute_module(task_vars=task_vars)
        result.update(self.trusted(self._task.action.rpartition(".")[2], answer, task_vars))
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
