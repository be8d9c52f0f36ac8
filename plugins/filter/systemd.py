"""Filters for units and environment files; the work is in module_utils and plugin_utils."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.module_utils.services import systemd
from ansible_collections.saf.fabric.plugins.module_utils.system import environment
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import proxies


class FilterModule:
    def filters(self):
        return {
            "environment_line": environment.line,
            "proxy_environment": proxies.environment,
            "systemd_directives": systemd.directives,
            "systemd_path": systemd.path,
            "systemd_quote": systemd.quote,
            "systemd_word": systemd.word,
        }
