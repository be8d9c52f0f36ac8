"""Filters of role monitoring; the work is in plugins/plugin_utils/provision/monitoring.py."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import monitoring


class FilterModule:
    def filters(self):
        return {
            "link_metrics": monitoring.link_lines,
            "monitoring_refusal": monitoring.refusal,
            "monitoring_rules": monitoring.rules,
            "monitoring_target": monitoring.target,
            "monitoring_targets": monitoring.targets,
        }
