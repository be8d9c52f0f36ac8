"""Probe: the cluster as its GCS sees it, without becoming a driver (a driver costs seconds and leaves a job behind).

get_all_node_info() is there from Ray 2.49.1 to 2.60 and has a time limit.
"""

from __future__ import annotations

_ALIVE = 0  # GcsNodeInfo.ALIVE


def main(params, emit):
    """params: address (host:port), timeout (s), environment_file. Emits one result.

    It has nodes, ray_version, python_version, session.
    """
    import json

    import ray_settings_file

    ray_settings_file.apply(params["environment_file"])
    from ray._raylet import GcsClient

    gcs = GcsClient(address=params["address"])
    metadata = gcs.internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster", timeout=params["timeout"])
    session = gcs.internal_kv_get(b"session_name", namespace=b"session", timeout=params["timeout"])
    nodes = gcs.get_all_node_info(timeout=params["timeout"])
    versions = json.loads(metadata) if metadata else {}
    emit(
        "result",
        {
            "nodes": [describe(node) for node in nodes.values()],
            "ray_version": versions.get("ray_version", ""),
            "python_version": versions.get("python_version", ""),
            "session": session.decode() if session else "",
        },
    )


def describe(node):
    """Return one row of the GCS's node table (GcsNodeInfo) in our names."""
    alive = node.state == _ALIVE
    resources = dict(node.resources_total) if alive else {}
    return {
        "node_id": node.node_id.hex(),
        "address": node.node_manager_address,
        "name": node.node_name,
        "alive": alive,
        "is_head": "node:__internal_head__" in resources,
        "resources": {key: value for key, value in resources.items() if not key.startswith("node:")},
        "death_reason": "" if alive else node.death_info.reason_message,
    }
