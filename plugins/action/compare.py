"""Compares runs on the controller; the work is in plugin_utils/report/comparison.py."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ansible.utils.display import Display

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.saf.fabric.plugins.plugin_utils.report import comparison, comparison_lines


class ActionModule(ControllerAction):
    ARGUMENTS: ClassVar = {
        "results_dir": {"type": "path", "required": True},
        "runs": {"type": "list", "elements": "str", "default": []},
        "dest": {"type": "path"},
        "width": {"type": "int"},
    }

    def work(self, arguments):
        named = [name.strip() for name in arguments["runs"] if name.strip()]
        folders = runs.to_compare(named, Path(arguments["results_dir"]))
        width = arguments["width"] or Display().columns  # the screen indents a message by one
        table = comparison.side_by_side([runs.read(folder) for folder in folders])
        result: dict = {"runs": [str(folder) for folder in folders], "lines": comparison_lines.lines(table, width)}
        if arguments["dest"]:
            text = comparison.markdown(table)
            result["changed"] = runs.write_text(Path(arguments["dest"]), text, self._task.check_mode)
        return result
