"""Probe: what a node serves while others measure against it: iperf3 on a port for each client, and an echo over TCP and UDP.

The clients say when they are done ("bye"); then, or when its standard input closes, all of it ends.
"""

from __future__ import annotations

BYE = b"bye\n"


def main(params, emit):
    """params: iperf3 (path), port (echo, TCP and UDP), iperf3_ports [one for each client]. Emits "ready" or raises."""
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
        datagrams.bind(("", params["port"]))
        threading.Thread(target=echo_datagrams, args=(datagrams,), daemon=True).start()
        wait_for(children, params["iperf3_ports"])
        emit("ready", {})
        farewell = threading.Semaphore(0)

        def accept():
            while True:
                connection, _address = listener.accept()
                threading.Thread(target=echo, args=(connection, farewell), daemon=True).start()

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


def echo(connection, farewell):
    """Send back whatever comes, at once; count a connection that says goodbye."""
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
            connection.sendall(data)


def echo_datagrams(datagrams):
    while True:
        data, address = datagrams.recvfrom(65536)
        datagrams.sendto(data[:16], address)
