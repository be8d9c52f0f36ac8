"""Machines on the network of a scenario that are no nodes of its cluster, and what they reach."""

from __future__ import annotations

import json
import subprocess

# States: open (a program answers), refused (nobody listens, the packet arrived), dropped (no answer).
SCAN = """
import concurrent.futures, json, socket, sys
def state(target):
    try:
        socket.create_connection(target, timeout=1.5).close()
        return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "dropped"
targets = [tuple(one) for one in json.loads(sys.argv[1])]
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(state, targets))))
"""
POST = """
import sys, urllib.error, urllib.request
asked = urllib.request.Request(sys.argv[1], b'{"entrypoint": "true"}', {"Content-Type": "application/json"})
try:
    print(urllib.request.urlopen(asked, timeout=float(sys.argv[2])).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print("no connection")
"""


def podman(*arguments):
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Outsider:
    """A container on the network of the nodes, of the image of one of them."""

    def __init__(self, prefix, name, like):
        self.container = f"{prefix}-{name}"
        subprocess.run(["podman", "rm", "--force", "--time=0", self.container], capture_output=True, check=False)
        image = podman("inspect", f"{prefix}-{like}", "--format", "{{.Image}}")
        options = ["--detach", "--name", self.container, "--network", prefix, "--cap-add=NET_ADMIN", "--systemd=false"]
        podman("run", *options, image, "sleep", "infinity")
        networks = json.loads(podman("inspect", self.container))[0]["NetworkSettings"]["Networks"]
        self.address = networks[prefix]["IPAddress"]

    def run(self, *argv):
        return podman("exec", self.container, *argv)

    def scan(self, targets):
        """Return the state of each (address, port)."""
        return json.loads(self.run("python3", "-c", SCAN, json.dumps(targets)))

    def post(self, url, seconds):
        """Return the HTTP status of a job that nobody allowed, or "no connection"."""
        return self.run("python3", "-c", POST, url, str(seconds))

    def remove(self):
        podman("rm", "--force", "--time=0", self.container)
