"""The client of a node's echo: round trips over TCP, and whether a datagram of a given size passes unfragmented."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from ..probes.link_server import DONE, END, NO_FRAGMENTS
from ..system import documents

MESSAGE = b"x" * 64
_MOST_ANSWER = 1 << 16
KEPT = 2000  # samples in a result; a profile may ask for more round trips than a raw file should carry


def connect(host, port, patience):
    """Return a connection to a node's echo, waiting up to ``patience`` seconds for the node to serve; raises OSError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection = socket.create_connection((host, port), timeout=5)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def samples(connection, count, seconds=None):
    """Return up to ``count`` round-trip times in seconds, one message at a time; after ``seconds`` no further one is started."""
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < count:
        start = time.perf_counter()
        if times and seconds is not None and start - started > seconds:
            break
        connection.sendall(MESSAGE)
        left = len(MESSAGE)
        while left:
            data = connection.recv(left)
            if not data:
                raise OSError("the peer closed the connection")
            left -= len(data)
        times.append(time.perf_counter() - start)
    return times


def thinned(times):
    """Return at most KEPT of the samples, evenly taken."""
    step = max(1, -(-len(times) // KEPT))
    return times[::step]


@contextlib.contextmanager
def under_load(host, port, delay, pause=0.005):
    """Take round trips in the background, from ``delay`` seconds on, while the caller loads the link; yields the growing list.

    pause: seconds between two, so that the ping-pong itself takes next to nothing of the link.
    """
    times, ended = [], threading.Event()

    def run():
        with contextlib.suppress(OSError), contextlib.closing(connect(host, port, 5)) as connection:
            if ended.wait(delay):
                return
            while not ended.wait(pause):
                times.extend(samples(connection, 1))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join(5)


def passes(host, port, size):
    """Return whether an IP packet of ``size`` bytes gets to the node, and back if it is sent back, unfragmented; three tries."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagrams:
        datagrams.settimeout(1)
        datagrams.setsockopt(socket.IPPROTO_IP, *NO_FRAGMENTS)
        datagrams.connect((host, port))
        for _attempt in range(3):
            try:
                datagrams.send(b"x" * (size - 28))  # IPv4 20, UDP 8
                datagrams.recv(64)
            except OSError:  # too long for this interface, or no answer
                continue
            return True
    return False


def far_end(connection, name):
    """Return the facts of the interface by which the peer answers the node ``name``; raises OSError when it gives none."""
    connection.sendall(END + name.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        data = connection.recv(65536)
        if not data:
            raise OSError("the peer closed the connection")
        answer += data
        if len(answer) > _MOST_ANSWER:
            raise OSError("the peer's answer has no end")
    try:
        return documents.mapping(answer.decode())
    except ValueError as error:
        raise OSError(f"the peer's answer cannot be read: {error}") from None


def close(connection):
    """End the conversation with the node's echo, so that it need not wait for a timeout."""
    with contextlib.suppress(OSError):
        connection.sendall(DONE)
    connection.close()
