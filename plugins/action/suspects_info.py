"""Finds what a run has to measure again, on the controller; the work is in plugin_utils/runs.py."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {"run_dir": {"type": "path", "required": True}}

    def work(self, arguments):
        return {"parts": runs.suspect_groups(runs.assemble(Path(arguments["run_dir"])))}
