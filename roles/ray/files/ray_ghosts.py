"""Reports to the GCS, before a worker's Ray starts, that an earlier one of this node is dead; runs as the service account.

A raylet that was killed cannot report it. The GCS counts it as alive until its checks have failed for ray_network_patience, and
its actors are restarted nowhere. Whoever starts this service knows that it has ended. An unregistration is what a raylet sends
that ends by itself. Every failure ends with a line and status 0: Ray starts in any case.

usage: ray_ghosts.py HOST:PORT NAME SETTINGS
"""

import os
import signal
import socket
import sys

TIMEOUT_S = 5
LIMIT_S = 30  # Ray's client retries for longer
_UNEXPECTED = 2  # NodeDeathInfo.UNEXPECTED_TERMINATION


def channel_to(gcs):
    """Return a channel with the certificates and the token of the environment, by whichever module of Ray makes it."""
    try:
        from ray._private.grpc_utils import init_grpc_channel
    except ImportError:
        from ray._private.utils import init_grpc_channel
    return init_grpc_channel(gcs)


def main(gcs, name, settings):
    host, _, port = gcs.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python -I leaves it out
    import ray_settings_file

    ray_settings_file.apply(settings)
    from ray._raylet import GcsClient

    client = GcsClient(address=gcs)
    nodes = client.get_all_node_info(timeout=TIMEOUT_S).values()
    ghosts = [node.node_id for node in nodes if node.node_name == name and node.state == 0]  # GcsNodeInfo.ALIVE
    if not ghosts:
        return
    from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

    stub = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel_to(gcs))
    cluster = (("ray_cluster_id", client.cluster_id.hex()),)
    for ghost in ghosts:
        request = gcs_service_pb2.UnregisterNodeRequest()
        request.node_id = ghost if isinstance(ghost, bytes) else ghost.binary()
        request.node_death_info.reason = _UNEXPECTED
        request.node_death_info.reason_message = "its service was started again"
        stub.UnregisterNode(request, metadata=cluster, timeout=TIMEOUT_S)
        print(f"{name}: an earlier raylet of this node, {request.node_id.hex()}, is reported as dead.", flush=True)


if __name__ == "__main__":
    signal.alarm(LIMIT_S)
    try:
        main(*sys.argv[1:4])
    except Exception as error:
        print(f"An earlier raylet of this node could not be looked for: {error!r}"[:300], flush=True)
    sys.stdout.flush()
    os._exit(0)
