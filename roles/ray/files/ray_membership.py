"""Asks the GCS for the watchdog whether this node is alive; runs on the venv's interpreter as the service account.

It reads Ray's settings (RAY_*) from the environment file of the service itself, because root reads nothing that the account may
write. ray_settings_file.py is in the same folder.

Prints JSON lines: {"asking": true} when Ray's client is ready, then {"alive": true or false} or {"unanswered": reason};
{"failed": reason} if the GCS could not be asked. With the word head also {"used": jobs and detached actors that a restart of the
head would end}. ray_watchdog.py decides what follows.

usage: ray_membership.py HOST:PORT NAME SETTINGS [head]
"""

import json
import os
import sys

TIMEOUT_S = 10


def tell(**event):
    print(json.dumps(event), flush=True)


def in_use(client):
    """Return how many jobs run and detached actors live, None if this release of Ray cannot be asked."""
    import asyncio

    async def detached():
        actors = await client.async_get_all_actor_info(timeout=TIMEOUT_S)
        return sum(actor.is_detached and actor.state != 4 for actor in actors.values())  # ActorTableData.DEAD

    try:
        jobs = client.get_all_job_info(
            skip_submission_job_info_field=True, skip_is_running_tasks_field=True, timeout=TIMEOUT_S
        ).values()
        running = sum(not job.is_dead and not job.config.ray_namespace.startswith("_ray_internal") for job in jobs)
        return running + asyncio.run(detached())
    except Exception:
        return None


def main(address, name, settings, role=""):
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
        client = GcsClient(address=address)
        nodes = client.get_all_node_info(timeout=TIMEOUT_S).values()
        tell(alive=any(node.node_name == name and node.state == 0 for node in nodes))  # GcsNodeInfo.ALIVE
        if role == "head":
            tell(used=in_use(client))
    except (RayError, OSError, RuntimeError) as error:
        tell(unanswered=str(error)[:300])
    except Exception as error:  # an unknown release of Ray
        tell(failed=f"{error!r}"[:300])


if __name__ == "__main__":
    main(*sys.argv[1:5])
