"""Writes the report of a run on the controller; the work is in plugin_utils/report/writer.py."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.report import exporters, gate, terminal, writer
from ansible_collections.saf.fabric.plugins.plugin_utils.text import width


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "run_dir": {"type": "path", "required": True},
        "results_dir": {"type": "path"},
        "fail_on": {"type": "list", "elements": "str", "choices": list(gate.WORDS), "default": []},
        "formats": {"type": "list", "elements": "str", "choices": sorted(exporters.EXPORTERS)},
    }

    def work(self, arguments):
        folder = Path(arguments["run_dir"])
        if arguments["results_dir"]:
            folder = runs.resolve(Path(arguments["results_dir"]), arguments["run_dir"])
        report = writer.write(folder, arguments["formats"] or (), self._task.check_mode)
        result = asdict(report)
        result["failing"] = gate.failing(result.pop("findings"), arguments["fail_on"])
        failures = result.pop("failures")
        result["text"] = "\n".join(terminal.lines(report.summary, terminal.bounded(width.columns())))
        page = shlex.quote(writer.page_of(folder))
        result["next"] = f"open {page}" if sys.platform == "darwin" else f"Report: {page}"
        if failures:
            result.update(failed=True, msg=f"{'; '.join(failures)}. This is a bug; {result['paths'][0]} is complete.")
        return result
