"""The watchdog's question to Ray, put by the venv's interpreter as the service account: does the GCS count this node as alive?

Prints JSON lines: {"asking": true} once Ray's client stands, then {"alive": true or false} or {"unanswered": reason};
{"failed": reason} where the question could not be put at all. ray_watchdog.py draws the conclusions.

usage: ray_membership.py HOST:PORT NAME
"""

import json
import sys

TIMEOUT_S = 10


def tell(**event):
    print(json.dumps(event), flush=True)


def main(address, name):
    try:
        from ray._raylet import GcsClient
        from ray.exceptions import RayError
    except Exception as error:  # whatever is wrong with the venv is no word of the cluster
        tell(failed=f"Ray cannot be imported: {error!r}")
        return
    tell(asking=True)
    try:
        nodes = GcsClient(address=address).get_all_node_info(timeout=TIMEOUT_S).values()
        tell(alive=any(node.node_name == name and node.state == 0 for node in nodes))  # GcsNodeInfo.ALIVE
    except (RayError, OSError, RuntimeError) as error:
        tell(unanswered=str(error)[:300])
    except Exception as error:  # another release of Ray than this was written for
        tell(failed=f"{error!r}"[:300])


if __name__ == "__main__":
    main(*sys.argv[1:3])
