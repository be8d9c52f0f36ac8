"""Runs the module node_preflight_info between two readings of the controller's clock, so that the node's offset is certain."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        before = time.time()
        answer = self._execute_module(task_vars=task_vars)
        after = time.time()
        result.update(self.trusted("node_preflight_info", answer, task_vars))
        result.pop("clock_offset", None)  # the controller's own value, whatever the node says
        if "time" in result and not result.get("failed"):
            result["clock_offset"] = {"min": result["time"] - after, "max": result["time"] - before}
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
