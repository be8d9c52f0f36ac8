"""Brings a half-dead Ray node back: one look, started by launchd or systemd every so often.

`ray start --block` outlives its children when they end by SIGTERM: the supervisor sees a running process, the cluster has
lost the node. So the raylet's port is tried, and the GCS is asked when that port is closed (and now and then when it is open,
for a raylet that hangs). A node that is gone on two looks in a row is started again. Nothing is done while the service is
stopped or young, while a worker's head is away (its raylet ends by itself then, and the supervisor starts it again), or while
a measurement runs.

usage: ray_watchdog.py CONFIG     JSON: {name, head, host, port, gcs, state_file, pid: argv, restart: argv}
"""

import glob
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

GRACE_S = 90  # a node joins within this time after its start
ASK_S = 300  # how often the GCS is asked about a node whose port answers: a start of Python with Ray each time
STRIKES = 2


def decide(state, seen, now):
    """Return (new state, whether to restart).

    state: {pid, since, asked, strikes} of the last look; seen: {pid, head, gcs}, gcs one of "alive", "gone", "silent", or None
    when it was not asked; now: seconds.
    """
    if not seen["pid"]:
        return {}, False
    if state.get("pid") != seen["pid"]:
        return {"pid": seen["pid"], "since": now, "asked": now, "strikes": 0}, False
    if now - state["since"] < GRACE_S:
        return state, False
    # The head's GCS is one of its own children: its silence is the head's fault.
    lost = seen["gcs"] == "gone" or (seen["gcs"] == "silent" and seen["head"])
    strikes = state["strikes"] + 1 if lost else 0
    asked = now if seen["gcs"] in ("alive", "gone") else state["asked"]
    if strikes >= STRIKES:
        return {"pid": seen["pid"], "since": now, "asked": now, "strikes": 0}, True
    return {**state, "asked": asked, "strikes": strikes}, False


def must_ask(state, port_open, now):
    """Tell whether this look includes a question to the GCS."""
    return not port_open or state.get("strikes", 0) > 0 or now - state.get("asked", now) >= ASK_S


def answers(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
        return True
    except OSError:
        return False


def ask_gcs(config):
    """Return "alive", "gone" or "silent"."""
    host, _, port = config["gcs"].rpartition(":")
    if not answers(host, int(port)):
        return "silent"
    # In a child: Ray's client ends its process where the GCS goes away meanwhile.
    source = (
        "import json, sys, cluster_nodes\n"
        "cluster_nodes.main({'address': sys.argv[1], 'timeout': 10}, lambda _event, found: print(json.dumps(found['nodes'])))"
    )
    folder = os.path.dirname(os.path.abspath(__file__))
    try:
        answer = subprocess.run(
            [sys.executable, "-c", source, config["gcs"]], cwd=folder, capture_output=True, text=True, timeout=60, check=True
        )
        nodes = json.loads(answer.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError):
        return "silent"
    return "alive" if any(node["name"] == config["name"] and node["alive"] for node in nodes) else "gone"


def service_pid(argv):
    """Return the pid in the supervisor's answer (launchctl print, systemctl show --property=MainPID), 0 without a process."""
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = re.search(r"(?m)^(?:\tpid = |MainPID=)(\d+)$", text)
    return int(found.group(1)) if found else 0


def measuring():
    """Tell whether a measurement of bench.yml runs here: it renews its lease."""
    leases = glob.glob(os.path.join(tempfile.gettempdir(), "saf-job-*", "lease"))
    return any(time.time() - os.stat(path).st_mtime < 30 for path in leases if os.path.exists(path))


def main(path):
    with open(path, encoding="utf-8") as stream:
        config = json.load(stream)
    try:
        with open(config["state_file"], encoding="utf-8") as stream:
            state = json.load(stream)
    except (OSError, ValueError):
        state = {}
    if measuring():
        return
    # Not the clock of the wall: it may be set while we sleep.
    now = time.monotonic()
    if state.get("since", 0) > now:
        state = {}  # the machine was started anew
    seen = {"pid": service_pid(config["pid"]), "head": config["head"], "gcs": None}
    port_open = bool(seen["pid"]) and answers(config["host"], config["port"])
    young = state.get("pid") != seen["pid"] or now - state["since"] < GRACE_S
    if seen["pid"] and not young and must_ask(state, port_open, now):
        seen["gcs"] = ask_gcs(config)
    before = state
    state, restart = decide(state, seen, now)
    if state != before or not os.path.exists(config["state_file"]):
        partial = config["state_file"] + ".new"
        with open(partial, "w", encoding="utf-8") as stream:
            json.dump(state, stream)
        os.replace(partial, config["state_file"])
    if restart:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(f"{stamp} {config['name']} is gone from the cluster ({seen['gcs']}) while its service runs: restart", flush=True)
        subprocess.run(config["restart"], check=False)


if __name__ == "__main__":
    main(sys.argv[1])
