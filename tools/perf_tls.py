#!/usr/bin/env python3
"""What TLS costs: round trip of an actor and transfer of 20 MB between two nodes of Ray on this machine, with and without it.

Both are measured in turn, several times, in a separate network namespace over loopback; it prints medians, their ratio and the
load of the machine. The nodes are processes of one machine, so the ratio counts, not the values.

usage: perf_tls.py VENV [REPETITIONS]   VENV: one with Ray; needs root, or user namespaces
"""

from __future__ import annotations

import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "collections"), str(ROOT / "library")]

from tests.support import secured_ray  # noqa: E402

from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import Store  # noqa: E402 the path is set above

SIZE = 20 * 10**6
_DRIVER = """
import json, os, sys, time
import ray_settings_file
ray_settings_file.apply(sys.argv[1])
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On
ray.init(address=sys.argv[2], log_to_driver=False, logging_level=40)
ids = {node["NodeName"]: node["NodeID"] for node in ray.nodes() if node["Alive"]}
@ray.remote(num_cpus=1)
class Far:
    def nothing(self):
        return None
    def get(self, boxed):
        start = time.perf_counter()
        ray.get(boxed[0])
        return time.perf_counter() - start
far = Far.options(scheduling_strategy=On(ids["beta"], soft=False)).remote()
ray.get(far.nothing.remote())
trips = []
for _ in range(300):
    start = time.perf_counter()
    ray.get(far.nothing.remote())
    trips.append(time.perf_counter() - start)
transfers = []
for _ in range(8):
    transfers.append(ray.get(far.get.remote([ray.put(os.urandom(SIZE))])))
print(json.dumps({"trip": sorted(trips)[len(trips) // 2], "transfer": sorted(transfers[1:])[3]}))
"""


def measure(config, settings):
    """Return {trip, transfer} in seconds of one cluster of two nodes."""
    file = secured_ray.settings_file(config, "perf", settings)
    head = secured_ray.Head(config, settings)
    worker = None
    try:
        found, reason = secured_ray.wait(config, file, ["alpha"], 120, head)
        if not found:
            sys.exit(f"Ray did not start: {reason}")
        more = ["--address=127.0.0.1:6380", "--node-ip-address=127.0.0.1", "--node-name=beta", "--num-cpus=1"]
        worker = secured_ray.start(config, settings, *more)
        secured_ray.wait(config, file, ["alpha", "beta"], 120, head)
        script = Path(config["folder"]) / "perf.py"
        script.write_text(_DRIVER.replace("SIZE", str(SIZE)))
        env = secured_ray.environment(config, {"PYTHONPATH": str(ROOT / "module_utils" / "services")})
        argv = [f"{config['venv']}/bin/python", str(script), str(file), secured_ray.GCS]
        done = subprocess.run(argv, env=env, cwd=config["folder"], capture_output=True, text=True, check=False, timeout=240)
        if done.returncode:
            sys.exit(f"The driver failed: {done.stderr[-500:]}")
        return json.loads(done.stdout.splitlines()[-1])
    finally:
        for process in (worker, head.process):
            if process:
                process.terminate()
                process.wait(60)


def inside(venv, repetitions):
    with tempfile.TemporaryDirectory(prefix="saf-tls-") as folder:
        store = Store(Path(folder) / "secrets", "alpha", datetime.datetime.now(datetime.timezone.utc), "")
        with store.locked():
            row = store.certificates({"alpha": ["127.0.0.1"]})["nodes"]["alpha"]
        tls = {"RAY_USE_TLS": "1", "RAY_TLS_SERVER_CERT": row["certificate"], "RAY_TLS_SERVER_KEY": row["key"]}
        tls["RAY_TLS_CA_CERT"] = str(store.folder / "ca.crt")
        config = {"venv": venv, "folder": folder}
        plain = {"RAY_AUTH_MODE": "disabled"}
        found = {"without": [], "with": []}
        for number in range(repetitions):
            for name, settings in (("without", plain), ("with", {**plain, **tls})):
                found[name].append(measure(config, settings))
                print(f"{number + 1}/{repetitions} {name} TLS: {found[name][-1]}", file=sys.stderr, flush=True)
                time.sleep(1)
        for what, unit, show in (("trip", "ms", lambda s: s * 1e3), ("transfer", "Gb/s", lambda s: SIZE * 8 / s / 1e9)):
            values = {name: show(statistics.median(row[what] for row in rows)) for name, rows in found.items()}
            print(
                f"{what}: {values['without']:.2f} {unit} without, {values['with']:.2f} {unit} with TLS, "
                f"ratio {values['with'] / values['without']:.2f}"
            )
        print(f"medians of {repetitions}; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")


def main(arguments):
    venv, repetitions = os.path.abspath(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 5
    if os.environ.get("SAF_PERF_TLS") == "inside":
        inside(venv, repetitions)
        return
    apart = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    apart += ["--map-root-user"] if os.geteuid() else []
    command = f"ip link set lo up && exec {sys.executable} {__file__} {venv} {repetitions}"
    sys.exit(subprocess.run([*apart, "sh", "-c", command], env={**os.environ, "SAF_PERF_TLS": "inside"}, check=False).returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
