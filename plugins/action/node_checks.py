"""Runs the module node_checks between two readings of the controller's clock, so that the node's skew is certain."""

from __future__ import annotations

import time

from ansible.plugins.action import ActionBase

from ansible_collections.saf.fabric.plugins.module_utils.system import preflight
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border


class ActionModule(border.Bordered, ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        before = time.time()
        answer = self._execute_module(task_vars=task_vars)
        after = time.time()
        result.update(self.trusted("node_checks", answer, task_vars))
        if "time" in result and not result.get("failed"):
            tolerance = float(self._task.args.get("clock_tolerance", 5))
            result["problems"] += preflight.clock_problems(result["time"] - after, result["time"] - before, tolerance)
        return result
