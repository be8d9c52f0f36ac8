"""Probe: which peers a process can connect to, run by launchd as the service runs. A refused connection reached its peer."""

from __future__ import annotations


def main(arguments):
    """arguments: output file, then host:port. Writes {target: "open", "unreachable" or "silent"} as JSON."""
    import json

    with open(arguments[0], "w") as stream:
        json.dump({target: attempt(target) for target in arguments[1:]}, stream)


def attempt(target):
    """Return what one connection came to; "unreachable" is what macOS answers where Local Network Privacy forbids it."""
    import errno
    import socket

    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except ConnectionRefusedError:
        return "open"
    except OSError as error:
        return "unreachable" if error.errno == errno.EHOSTUNREACH else "silent"
    return "open"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
