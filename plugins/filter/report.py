"""Filters of the report; the work is in plugin_utils/runs.py and plugin_utils/report."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.plugin_utils import runs
from ansible_collections.saf.fabric.plugins.plugin_utils.report import comparison, export, markdown, view


class FilterModule:
    def filters(self):
        return {
            "read_json": runs.read_json,
            "measured_document": runs.measured,
            "run_document": runs.assemble,
            "valid_run": runs.validate,
            "report_view": view.prepare,
            "markdown_view": markdown.view,
            "in_workspace": runs.in_workspace,
            "run_dirs": runs.run_dirs,
            "newest_run": runs.newest_run,
            "suspect_groups": runs.suspect_groups,
            "prometheus": export.prometheus,
            "metrics_csv": export.csv_text,
            "read_run": runs.read_document,
            "side_by_side": comparison.side_by_side,
            "comparison_lines": comparison.lines,
            "comparison_markdown": comparison.markdown,
        }
