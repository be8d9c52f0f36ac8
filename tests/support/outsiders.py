"""Machines on the network of a scenario that are no nodes of its cluster, and what they reach."""

from __future__ import annotations

import json
import shlex
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

# What whoever has no secret gets there: a state of SCAN, or "token" or "certificate" where one is asked for.
ASK = """
import json, socket, ssl, sys, urllib.error, urllib.request
PREFACE = b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
def speaks_grpc(connection):
    connection.settimeout(5)
    try:
        connection.sendall(PREFACE)
        return connection.recv(9)[3:4] == b"\\x04"
    except OSError:
        return False
def by_http(address, port, path):
    asked = urllib.request.Request(f"http://{address}:{port}{path}", None if path == "/metrics" else b"{}")
    try:
        urllib.request.urlopen(asked, timeout=10)
    except urllib.error.HTTPError as error:
        return "token" if error.code in (401, 403) else "open"
    except OSError as error:
        return str(error)
    return "open"
def by_tls(address, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with socket.create_connection((address, port), timeout=5) as plain, context.wrap_socket(plain) as secured:
            return "open" if speaks_grpc(secured) else "certificate"
    except OSError as error:
        return str(error)
def state(address, port, path):
    try:
        connection = socket.create_connection((address, port), timeout=1.5)
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "dropped"
    with connection:
        if path:
            return by_http(address, port, path)
        if speaks_grpc(connection):
            return "open"
    return by_tls(address, port)
print(json.dumps([state(*one) for one in json.loads(sys.argv[1])]))
"""


def podman(*arguments):
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def scan_from(node, targets):
    """Return the state of each (address, port), seen from a node."""
    return _from(node, SCAN, targets)


def ask_from(node, targets):
    """Return what a program of a node that has no secret gets, as Outsider.ask()."""
    return _from(node, ASK, targets)


def _from(node, program, targets):
    return json.loads(node.check(" ".join(map(shlex.quote, ["/usr/bin/python3", "-c", program, json.dumps(targets)]))))


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

    def ask(self, targets):
        """Return what a machine without any secret gets at each (address, port, path of HTTP or "" for gRPC)."""
        return json.loads(self.run("python3", "-c", ASK, json.dumps(targets)))

    def post(self, url, seconds):
        """Return the HTTP status of a job that nobody allowed, or "no connection"."""
        return self.run("python3", "-c", POST, url, str(seconds))

    def remove(self):
        podman("rm", "--force", "--time=0", self.container)
