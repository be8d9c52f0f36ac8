"""Runs a module as Ansible does and lets pass of its answer what the module documents.

meta/runtime.yml names the modules that it stands for: those whose answer the controller reads.
"""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        answer = self._execute_module(task_vars=task_vars)
        # The name in the task may be an earlier one that meta/runtime.yml redirects.
        module = self._shared_loader_obj.module_loader.find_plugin_with_context(
            self._task.action, collection_list=self._task.collections
        )
        result.update(self.trusted(module.resolved_fqcn.rpartition(".")[2], answer, task_vars))
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
