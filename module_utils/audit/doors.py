"""Which ports of other machines answer from here, and whether their job servers take a job from whoever asks.

What is posted can start nothing: it has no entrypoint. A server that asks for a token refuses it before it reads it.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import socket

_MAX_THREADS = 64
# No entrypoint: Ray answers that the request is invalid, if it takes requests at all.
# No such port or name: what the socket module raises for them besides OSError.
_IMPOSSIBLE = (OSError, OverflowError, TypeError, ValueError)
_EMPTY_JOB = b'{"saf_audit": true}'


def try_door(door, seconds):
    """Return {answers, reason, source, status} of a door {address, port, post}; source: our own address towards it.

    status: of the HTTP answer to the empty job where ``post`` names a path, 0 without an answer.
    """
    try:
        with socket.create_connection((door["address"], door["port"]), timeout=seconds) as made:
            source = made.getsockname()[0]
    except _IMPOSSIBLE as error:  # no such port, no such name
        reason = "no answer" if isinstance(error, socket.timeout) else (getattr(error, "strerror", "") or str(error))
        return {"answers": False, "reason": reason, "source": own_address(door["address"], door["port"]), "status": 0}
    return {"answers": True, "reason": "", "source": source, "status": posted(door, seconds) if door.get("post") else 0}


def own_address(address, port):
    """Return the address that this machine uses towards another, "" where there is no way; nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            made.connect((address, port))
            return made.getsockname()[0]
    except _IMPOSSIBLE:
        return ""


def posted(door, seconds):
    """Return the status of the answer to a job without an entrypoint, 0 without an answer."""
    connection = http.client.HTTPConnection(door["address"], door["port"], timeout=2 * seconds)
    try:
        # Ray answers 500 to a request that does not say what sends it.
        headers = {"Content-Type": "application/json", "User-Agent": "saf-audit"}
        connection.request("POST", door["post"], body=_EMPTY_JOB, headers=headers)
        return connection.getresponse().status
    except (http.client.HTTPException, *_IMPOSSIBLE):
        return 0
    finally:
        connection.close()


def by_address(door):
    """Return a door for each address of a name, at most 8; an address is itself, and a name that leads nowhere stays."""
    try:
        found = socket.getaddrinfo(door["address"], door["port"], type=socket.SOCK_STREAM)
    except _IMPOSSIBLE:
        return [door]
    # A link-local address needs its interface, which only the name's resolver knows.
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))[:8]
    return [{**door, "address": address} for address in addresses if not address.startswith("fe80")] or [door]


def try_all(doors, seconds):
    """Return each door with what try_door() found; all are tried at once, a name by each of its addresses."""
    doors = [one for door in doors for one in by_address(door)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(len(doors), _MAX_THREADS))) as pool:
        found = list(pool.map(lambda door: try_door(door, seconds), doors))
    return [{**door, **answer} for door, answer in zip(doors, found)]
