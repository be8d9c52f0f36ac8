"""The client of a responder: which targets do not answer, by TCP connection or by a datagram of a given size."""

from __future__ import annotations

import concurrent.futures
import socket

from ..measure import round_trip

# Three ports of each of 63 peers; further ones wait for a thread.
_MAX_THREADS = 192


def connect_error(host, port, seconds):
    """Return why a TCP connection is not made within ``seconds``, "" when it is."""
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except (OSError, OverflowError, ValueError) as error:  # no port, or no name of a host
        return "no answer" if isinstance(error, socket.timeout) else str(error)
    return ""


def datagram_error(host, port, size):
    """Return why an IP packet of ``size`` bytes is not answered, sent by UDP with fragmentation forbidden; "" when it is."""
    try:
        passes = round_trip.passes(host, port, size)
    except (OSError, OverflowError, ValueError) as error:
        return str(error)
    return "" if passes else f"no answer to a packet of {size} bytes"


def error_of(target, seconds):
    """Return why a target {host, port, protocol, size} does not answer, "" when it does."""
    if target["protocol"] == "udp":
        return datagram_error(target["host"], target["port"], target["size"])
    return connect_error(target["host"], target["port"], seconds)


def failed_targets(targets, seconds):
    """Return the targets that do not answer, with ``reason``; all are tried at once.

    targets: [{node, host, port, protocol (tcp or udp), size (bytes, for udp)}]; seconds: limit of a TCP connection.
    """
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(len(targets), _MAX_THREADS))) as pool:
        reasons = list(pool.map(lambda target: error_of(target, seconds), targets))
    return [{**target, "reason": reason} for target, reason in zip(targets, reasons) if reason]
