"""Filters of the status; the work is in plugins/plugin_utils/provision/status.py."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.module_utils.services import listening, service_log
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import status
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, table

_COLUMNS = [(name, name) for name in ("node", "alive", "service", "restarts", "python", "venv", "cpus", "mlx")]


def cluster_status(members, head, hostvars, wanted, now):
    """Return the status document from what the plays registered on each host."""
    observed = {name: _observed(hostvars[name]) for name in members}
    cluster = hostvars[head].get("__status_cluster")
    if not cluster or cluster.get("unreachable") or cluster.get("failed"):
        cluster = None
    return status.judge(members, head, observed, cluster, wanted, now, command_line.command)


def _observed(variables):
    """Return what a node said, or {"refused": why it said nothing}."""
    ping, answer = variables.get("__status_ping") or {}, variables.get("__status_node")
    if ping.get("unreachable") or (answer and answer.get("unreachable")):
        said = service_log.one_line((ping if ping.get("unreachable") else answer).get("msg", ""))
        return {"refused": f"does not answer over SSH; start it, or look at its network{f' ({said})' if said else ''}."}
    if not answer or answer.get("failed") or variables.get("__status_failed"):
        said = service_log.one_line(variables.get("__status_failed") or (answer or {}).get("msg") or "no message")
        return {"refused": f"answers, but could not be asked: {said}"}
    return status.accept(answer)


class FilterModule:
    def filters(self):
        return {
            "cluster_status": cluster_status,
            "listener_sentence": listening.sentence,
            "status_table": lambda document: table.render(status.table_rows(document), _COLUMNS),
        }
