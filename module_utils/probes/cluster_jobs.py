"""Probe: what would end with the cluster, as its GCS knows it: drivers, and submitted jobs that have none yet.

get_all_job_info() is there from Ray 2.49.1 to 2.60 and has a time limit. Does not become a driver.
"""

from __future__ import annotations

_INTERNAL = "_ray_internal_"  # namespaces of the dashboard's own drivers
_PREFIX = b"_ray_internal_job_info_"
_LIVE = ("PENDING", "RUNNING")


def main(params, emit):
    """params: address, timeout (s), environment_file. Emits one result: jobs [{id, entrypoint, node, since}]."""
    import json

    import ray_settings_file

    ray_settings_file.apply(params["environment_file"])
    from ray._raylet import GcsClient

    gcs = GcsClient(address=params["address"])
    drivers = gcs.get_all_job_info(skip_is_running_tasks_field=True, timeout=params["timeout"]).values()
    jobs, submitted = [], set()
    for driver in drivers:
        if driver.is_dead or driver.config.ray_namespace.startswith(_INTERNAL):
            continue
        name = dict(driver.config.metadata).get("job_submission_id", "")
        submitted.add(name)
        since = int(driver.start_time or driver.timestamp) // 1000
        where = driver.driver_ip_address
        jobs.append({"id": name or driver.job_id.hex(), "entrypoint": driver.entrypoint, "node": where, "since": since})
    for key in gcs.internal_kv_keys(_PREFIX, namespace=b"job", timeout=params["timeout"]):
        name = key[len(_PREFIX) :].decode(errors="replace")
        found = json.loads(gcs.internal_kv_get(key, namespace=b"job", timeout=params["timeout"]) or "{}")
        if found.get("status") in _LIVE and name not in submitted:
            since = int(found.get("start_time") or 0) // 1000
            jobs.append({"id": name, "entrypoint": str(found.get("entrypoint", "")), "node": "", "since": since})
    emit("result", {"jobs": jobs})
