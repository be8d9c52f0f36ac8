"""Writes the report of a run on the controller; the work is in plugin_utils/report/writer.py."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters, terminal, writer


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "formats": {"type": "list", "elements": "str", "choices": sorted(exporters.EXPORTERS)},
    }

    def work(self, arguments):
        report = writer.write(Path(arguments["run_dir"]), arguments["formats"] or (), self._task.check_mode)
        result = asdict(report)
        failures = result.pop("failures")
        result["text"] = "\n".join(terminal.lines(report.summary, self._width()))
        page = shlex.quote(writer.page_of(Path(arguments["run_dir"])))
        result["next"] = f"open {page}" if sys.platform == "darwin" else f"Report: {page}"
        if failures:
            result.update(failed=True, msg=f"{'; '.join(failures)}. This is a bug; {result['paths'][0]} is complete.")
        return result

    def _width(self) -> int:
        """Return the width of the summary; a task has no terminal: Ansible's display has measured it, one column less."""
        named = os.environ.get("COLUMNS", "")
        return terminal.bounded(int(named) if named.isdecimal() else self._display.columns + 1)
