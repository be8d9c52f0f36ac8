"""Filters for units and environment files; the work is in module_utils/saf."""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
_SHARED = str(Path(__file__).resolve().parents[2] / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import environment, proxies, systemd  # noqa: E402


class FilterModule:
    def filters(self):
        return {
            "environment_line": environment.line,
            "proxy_environment": proxies.environment,
            "systemd_path": systemd.path,
            "systemd_quote": systemd.quote,
            "systemd_word": systemd.word,
        }
