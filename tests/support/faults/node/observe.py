"""What the head sees of the cluster, once a second: who is alive in the GCS, and who answers on which port.

usage: observe.py gcs JOURNAL                     needs the venv's interpreter, and is started again whenever it ends
       observe.py ports JOURNAL NAME=HOST:PORT...  a name that begins with http is asked over HTTP
"""

import concurrent.futures
import json
import os
import socket
import sys
import time


def note(file, event, **more):
    os.write(file, (json.dumps({"t": round(time.time(), 3), "event": event, **more}) + "\n").encode())


def answers(name, host, port):
    """Return whether something accepts the connection, and for HTTP says anything that begins with a status line."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            if not name.startswith("http"):
                return True
            connection.settimeout(3)
            connection.sendall(b"GET /api/version HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def ports(file, *wanted):
    places = {}
    for one in wanted:
        name, _, address = one.partition("=")
        host, _, port = address.rpartition(":")
        places[name] = (host, int(port))
    with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
        while True:
            begun = time.monotonic()
            asked = {name: pool.submit(answers, name, *place) for name, place in places.items()}
            note(file, "ports", closed=sorted(name for name, answer in asked.items() if not answer.result()))
            time.sleep(max(0, begun + 1 - time.monotonic()))


def gcs(file):
    from ray._raylet import GcsClient

    client = GcsClient(address=os.environ["RAY_ADDRESS"])
    while True:
        begun = time.monotonic()
        nodes = client.get_all_node_info(timeout=5)
        alive = {node.node_name: key.hex() for key, node in nodes.items() if node.state == 0}
        note(file, "gcs", alive=alive)
        time.sleep(max(0, begun + 1 - time.monotonic()))


def main(what, journal, *more):
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    {"gcs": gcs, "ports": ports}[what](file, *more)


if __name__ == "__main__":
    main(*sys.argv[1:])
