"""Probe: drains a node and waits until the GCS reports it as dead."""

from __future__ import annotations

_ALIVE = 0  # GcsNodeInfo.ALIVE
_PREEMPTION = 2  # DRAIN_NODE_REASON_PREEMPTION: running tasks may end until the deadline


def main(params, emit):
    """params: address, name, deadline, more (s after the deadline), ask (s), environment_file, dry. Emits one result.

    It has changed, drained, reason.
    """
    import time

    import ray_settings_file

    ray_settings_file.apply(params["environment_file"])
    from ray._raylet import GcsClient

    gcs = GcsClient(address=params["address"])

    def living():
        nodes = gcs.get_all_node_info(timeout=params["ask"])
        return [node.node_id for node in nodes.values() if node.node_name == params["name"] and node.state == _ALIVE]

    found = living()
    if not found or params["dry"]:
        reason = "" if found else f"{params['name']} is not alive in the cluster."
        emit("result", {"changed": bool(found), "drained": False, "reason": reason})
        return
    deadline = int((time.time() + params["deadline"]) * 1000)
    for node in found:
        identity = node.hex() if hasattr(node, "hex") else node
        accepted, why = gcs.drain_node(identity, _PREEMPTION, "maintenance", deadline)
        if not accepted:
            emit("result", {"changed": False, "drained": False, "reason": f"Ray refuses to drain it: {why}"})
            return
    until = time.monotonic() + params["deadline"] + params["more"]
    while time.monotonic() < until:
        if not living():
            emit("result", {"changed": True, "drained": True, "reason": ""})
            return
        time.sleep(1)
    reason = f"It was still alive {params['more']} s after its deadline of {params['deadline']} s."
    emit("result", {"changed": True, "drained": False, "reason": reason})
