"""Filter for the folders that runs write on the controller; the work is in plugin_utils/workspace.py."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.plugin_utils import workspace


class FilterModule:
    def filters(self):
        return {"in_workspace": workspace.in_workspace}
