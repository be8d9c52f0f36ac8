"""Probe: what a node serves while others measure against it: iperf3 on a port for each client, and an echo over TCP and UDP.

The clients say when they are done ("bye"); then, or when its standard input closes, all of it ends. A client may ask by which
interface its own packets come back ("end <name>"); the answer is one line of JSON.
"""

from __future__ import annotations

import sys

BYE = b"bye\n"
END = b"end "
# (option, value) that forbids fragments. Linux: IP_MTU_DISCOVER, IP_PMTUDISC_DO; macOS: IP_DONTFRAG. Python's socket module
# names neither everywhere.
NO_FRAGMENTS = (28, 1) if sys.platform == "darwin" else (10, 2)


def main(params, emit):
    """params: iperf3 (path), port (echo, TCP and UDP), iperf3_ports [one for each client], ends {client: interface to it}.

    Emits "ready" or raises.
    """
    import socket
    import subprocess
    import threading

    children = [
        subprocess.Popen(
            [params["iperf3"], "--server", "--json", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for port in params["iperf3_ports"]
    ]
    try:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", params["port"]))
        listener.listen(64)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.setsockopt(socket.IPPROTO_IP, *NO_FRAGMENTS)
        datagrams.bind(("", params["port"]))
        threading.Thread(target=echo_datagrams, args=(datagrams,), daemon=True).start()
        wait_for(children, params["iperf3_ports"])
        emit("ready", {})
        farewell = threading.Semaphore(0)

        def accept():
            while True:
                connection, _address = listener.accept()
                threading.Thread(target=echo, args=(connection, farewell, params["ends"]), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        for _client in children:
            farewell.acquire()
    finally:
        for child in children:
            child.terminate()


def wait_for(children, ports):
    """Wait until every iperf3 listens: one that cannot bind ends at once, and then its port is named."""
    import time

    time.sleep(0.5)
    for child, port in zip(children, ports):
        if child.poll() is not None:
            raise RuntimeError(f"iperf3 cannot listen on port {port}: free the port or set bench_port.")


def echo(connection, farewell, ends):
    """Send back whatever comes, at once; count a connection that says goodbye; tell a client its end of the link."""
    import json
    import socket

    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            if data == BYE:
                farewell.release()
                return
            if data.startswith(END):
                data = json.dumps(ends.get(data[len(END) :].decode().strip(), {})).encode() + b"\n"
            connection.sendall(data)


def echo_datagrams(datagrams):
    """Send back whole datagrams, unfragmented: what comes back has passed in both directions."""
    import contextlib

    while True:
        data, address = datagrams.recvfrom(65536)
        with contextlib.suppress(OSError):  # longer than our own interface carries
            datagrams.sendto(data, address)
