"""Filters of the status; the work is in module_utils/saf/status.py."""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils

# Controller-side plugins share the modules' code; Ansible puts it on the path for modules only.
_SHARED = str(Path(__file__).resolve().parents[2] / "module_utils")
if _SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(_SHARED)

from ansible.module_utils.saf import status, table  # noqa: E402

_COLUMNS = [(name, name) for name in ("node", "alive", "service", "restarts", "python", "venv", "cpus", "mlx")]


def cluster_status(members, head, hostvars, wanted, now):
    """Return the status document from what the plays registered on each host."""
    observed = {name: _answer(hostvars[name].get("__status_node")) for name in members}
    return status.judge(members, head, observed, _answer(hostvars[head].get("__status_cluster")), wanted, now)


def _answer(result):
    """Return a registered result, None when the host did not answer or the module failed."""
    return None if not result or result.get("unreachable") or result.get("failed") else result


class FilterModule:
    def filters(self):
        return {
            "cluster_status": cluster_status,
            "status_table": lambda document: table.render(status.table_rows(document), _COLUMNS),
        }
