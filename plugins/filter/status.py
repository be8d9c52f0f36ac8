"""Filters of the status; the work is in plugins/plugin_utils/provision/status.py."""

from __future__ import annotations

from ansible_collections.saf.fabric.plugins.module_utils.services import listening
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import status, status_table
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line, width


def cluster_status(members, head, answers, cluster, wanted, now):
    """Return the status document.

    answers: for each of ``members`` what was registered: (ping, node_status_info, failure); cluster: what ray_cluster_info
    returned on the head, empty where it did not run.
    """
    observed = {name: status.observation(*answer) for name, answer in zip(members, answers, strict=True)}
    if not cluster or cluster.get("unreachable") or cluster.get("failed"):
        cluster = None
    return status.judge(members, head, observed, cluster, wanted, now, command_line.command)


class FilterModule:
    def filters(self):
        return {
            "cluster_status": cluster_status,
            "listener_sentence": listening.sentence,
            "status_table": lambda document: status_table.render(document, width.columns()),
        }
