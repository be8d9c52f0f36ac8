"""Runs one empty task on this node for the watchdog; runs on the venv's interpreter as the service account.

The task needs no CPU, so that it runs on a busy node, and is bound to this node. Ray's settings are read as ray_membership.py
reads them. Prints JSON lines: {"submitted": true} once the node has the task, then {"done": true}; {"failed": reason} if it could
not be asked.

usage: ray_task.py HOST:PORT NAME SETTINGS ADDRESS
"""

import json
import os
import sys


def tell(**event):
    print(json.dumps(event), flush=True)


def nothing():
    return None


def main(gcs, name, settings, address):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python -I leaves it out
    try:
        import ray_settings_file

        ray_settings_file.apply(settings)
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ray.init(address=gcs, namespace="saf-watchdog", log_to_driver=False, logging_level="ERROR", _node_ip_address=address)
        node = next(node["NodeID"] for node in ray.nodes() if node["NodeName"] == name and node["Alive"])
        pinned = NodeAffinitySchedulingStrategy(node, soft=False)
        answer = ray.remote(num_cpus=0, max_retries=0)(nothing).options(name="saf-watchdog", scheduling_strategy=pinned).remote()
    except Exception as error:  # proves nothing about the node
        tell(failed=f"{error!r}"[:300])
        return
    tell(submitted=True)
    try:
        ray.get(answer)
        tell(done=True)
    except Exception as error:
        tell(failed=f"{error!r}"[:300])
    # Without Ray's own farewell: the job ends with its connection.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
