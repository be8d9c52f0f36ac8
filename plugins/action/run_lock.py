"""Runs the module run_lock with the mark of this run, and judges whether a run on the same controller has ended."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import run_lock
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        # A task runs in a child of ansible-playbook.
        holder = run_lock.holder_of(run_lock.mark_of(os.getppid()))
        result.update(self._ask(task_vars, holder))
        other = result.get("holder") or {}
        if other and run_lock.has_ended(other.get("mark")):
            result.update(self._ask(task_vars, holder, gone=other["mark"]))
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _ask(self, task_vars, holder, gone=""):
        arguments = {**self._task.args, "holder": holder, "gone": gone}
        return self.trusted("run_lock", self._execute_module(module_args=arguments, task_vars=task_vars), task_vars)
