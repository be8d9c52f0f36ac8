"""Probe: what a node serves while others measure against it: iperf3 on a port for each client, and an echo over TCP and UDP.

A client asks first by which interface its own packets come back ("end <name>"); the answer is one line of JSON. When all have
left ("bye", or a connection that ends), when nobody came in time, or when its standard input closes, all of it ends.
"""

from __future__ import annotations

import sys

DONE = b"bye\n"
END = b"end "
# (option, value) that forbids fragments. Linux: IP_MTU_DISCOVER, IP_PMTUDISC_DO; macOS: IP_DONTFRAG. Python's socket module
# names neither everywhere.
NO_FRAGMENTS = (28, 1) if sys.platform == "darwin" else (10, 2)


def main(params, emit):
    """params: iperf3 (path), port (echo, TCP and UDP), clients [{peer, own, port (of its iperf3)}], ends {client: interface},
    patience (seconds in which a client must come).

    own: this node's address on the link; nothing listens on another, unless it is none of this machine's. Emits "ready" or
    raises.
    """
    import subprocess
    import threading
    import time

    clients = [{**client, "own": bindable(client["own"])} for client in params["clients"]]
    children = [
        subprocess.Popen(
            [
                params["iperf3"],
                "--server",
                "--json",
                "--port",
                str(client["port"]),
                *(["--bind", client["own"]] * bool(client["own"])),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for client in clients
    ]
    try:
        visits = Visits([client["peer"] for client in clients])
        for own in dict.fromkeys(client["own"] for client in clients):
            listener, datagrams = listen(own, params["port"])
            threading.Thread(target=echo_datagrams, args=(datagrams,), daemon=True).start()
            threading.Thread(target=accept, args=(listener, visits, params["ends"]), daemon=True).start()
        wait_for(children, [client["port"] for client in clients])
        emit("ready", {})
        visits.wait(time.monotonic() + params["patience"])
    finally:
        for child in children:
            child.terminate()


class Visits:
    """Which clients are awaited, are here, and have left."""

    def __init__(self, names):
        import threading

        self._awaited, self._here = set(names), set()
        self._changed = threading.Condition()

    def arrived(self, name):
        with self._changed:
            if name in self._awaited:
                self._awaited.discard(name)
                self._here.add(name)
                self._changed.notify_all()

    def left(self, name):
        with self._changed:
            self._here.discard(name)
            self._changed.notify_all()

    def wait(self, deadline):
        """Return when all have left; a node that is absent at ``deadline`` (monotonic) is not waited for."""
        import time

        with self._changed:
            while self._here or (self._awaited and time.monotonic() < deadline):
                self._changed.wait(max(deadline - time.monotonic(), 0.1) if self._awaited else None)


def bindable(address):
    """Return the address, "" (any) where it is none of this machine's: then it is translated on the way."""
    import socket

    try:
        with socket.socket() as trial:
            trial.bind((address, 0))
    except OSError:
        return ""
    return address


def listen(address, port):
    """Return (TCP listener, UDP socket) of the echo; raises RuntimeError with the remedy where the port is taken."""
    import socket

    listener, datagrams = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    datagrams.setsockopt(socket.IPPROTO_IP, *NO_FRAGMENTS)
    try:
        listener.bind((address, port))
        listener.listen(64)
        datagrams.bind((address, port))
    except OSError as error:
        raise RuntimeError(
            f"the echo cannot listen on port {port} ({error.strerror}): free the port or set bench_port."
        ) from None
    return listener, datagrams


def accept(listener, visits, ends):
    import threading

    while True:
        connection, _address = listener.accept()
        threading.Thread(target=echo, args=(connection, visits, ends), daemon=True).start()


def wait_for(children, ports):
    """Wait until every iperf3 listens: one that cannot bind ends at once, and then its port is named."""
    import time

    time.sleep(0.5)
    for child, port in zip(children, ports):
        if child.poll() is not None:
            raise RuntimeError(f"iperf3 cannot listen on port {port}: free the port or set bench_port.")


def echo(connection, visits, ends):
    """Send back whatever comes, at once; tell a client its end of the link. It is here from then on, until it closes,
    closes the connection or is gone (keepalive)."""
    import json
    import socket

    name = None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPALIVE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    with connection:
        while True:
            try:
                data = connection.recv(65536)
                if not data or data == DONE:
                    break
                if data.startswith(END):
                    name = data[len(END) :].decode("utf-8", "replace").strip()
                    visits.arrived(name)
                    data = json.dumps(ends.get(name, {})).encode() + b"\n"
                connection.sendall(data)
            except OSError:
                break
    if name is not None:
        visits.left(name)


def echo_datagrams(datagrams):
    """Send back whole datagrams, unfragmented: what comes back has passed in both directions."""
    import contextlib

    while True:
        data, address = datagrams.recvfrom(65536)
        with contextlib.suppress(OSError):  # longer than our own interface carries
            datagrams.sendto(data, address)
