"""Probe: the cluster as its GCS sees it, without becoming a driver (a driver costs seconds and leaves a job behind)."""

from __future__ import annotations


def main(params, emit):
    """params: address (host:port), timeout (s). Emits one result: nodes, ray_version, python_version, session."""
    import json

    from ray._private.state import GlobalState
    from ray._raylet import GcsClient, GcsClientOptions

    gcs = GcsClient(address=params["address"])
    metadata = gcs.internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster", timeout=params["timeout"])
    session = gcs.internal_kv_get(b"session_name", namespace=b"session", timeout=params["timeout"])
    state = GlobalState()
    state._initialize_global_state(GcsClientOptions.create(params["address"], None, True, False))
    state._really_init_global_state()
    versions = json.loads(metadata) if metadata else {}
    emit(
        "result",
        {
            "nodes": [describe(node) for node in state.node_table()],
            "ray_version": versions.get("ray_version", ""),
            "python_version": versions.get("python_version", ""),
            "session": session.decode() if session else "",
        },
    )


def describe(node):
    """Return one row of the GCS's node table in our names."""
    resources = node.get("Resources", {})
    return {
        "node_id": node["NodeID"],
        "address": node["NodeManagerAddress"],
        "name": node.get("NodeName", ""),
        "alive": node["Alive"],
        "is_head": "node:__internal_head__" in resources,
        "resources": {key: value for key, value in resources.items() if not key.startswith("node:")},
        "death_reason": node.get("DeathReasonMessage", ""),
    }
