"""Writes the report of a run on the controller; the work is in plugin_utils/report/writer.py."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters, writer


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "formats": {"type": "list", "elements": "str", "choices": sorted(exporters.EXPORTERS)},
    }

    def work(self, arguments):
        result = asdict(writer.write(Path(arguments["run_dir"]), arguments["formats"] or (), self._task.check_mode))
        failures = result.pop("failures")
        if failures:
            result.update(failed=True, msg=f"{'; '.join(failures)}. This is a bug; {result['paths'][0]} is complete.")
        return result
