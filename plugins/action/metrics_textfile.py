"""Copies a run's metrics for a textfile collector; the work is in plugin_utils/report/textfile.py."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.report import textfile


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "dest_dir": {"type": "path", "required": True},
    }

    def work(self, arguments):
        run_dir, folder = Path(arguments["run_dir"]), Path(arguments["dest_dir"])
        path, changed = textfile.place(run_dir, folder, self._task.check_mode)
        return {"path": str(path), "changed": changed}
