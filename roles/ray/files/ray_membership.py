"""Asks the GCS for the watchdog whether this node is alive; runs on the venv's interpreter as the service account.

It reads Ray's settings (RAY_*) from the environment file of the service itself, because root reads nothing that the account may
write. ray_settings_file.py is in the same folder.

Prints JSON lines: {"asking": true} when Ray's client is ready, then {"alive": true or false} or {"unanswered": reason};
{"failed": reason} if the GCS could not be asked. ray_watchdog.py decides what follows.

usage: ray_membership.py HOST:PORT NAME SETTINGS
"""

import json
import os
import sys

TIMEOUT_S = 10


def tell(**event):
    print(json.dumps(event), flush=True)


def main(address, name, settings):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python -I leaves it out
    try:
        import ray_settings_file

        ray_settings_file.apply(settings)
    except Exception as error:
        tell(failed=f"{settings} cannot be read: {error!r}")
        return
    try:
        from ray._raylet import GcsClient
        from ray.exceptions import RayError
    except Exception as error:  # a broken venv proves nothing about the cluster
        tell(failed=f"Ray cannot be imported: {error!r}")
        return
    tell(asking=True)
    try:
        nodes = GcsClient(address=address).get_all_node_info(timeout=TIMEOUT_S).values()
        tell(alive=any(node.node_name == name and node.state == 0 for node in nodes))  # GcsNodeInfo.ALIVE
    except (RayError, OSError, RuntimeError) as error:
        tell(unanswered=str(error)[:300])
    except Exception as error:  # an unknown release of Ray
        tell(failed=f"{error!r}"[:300])


if __name__ == "__main__":
    main(*sys.argv[1:4])
