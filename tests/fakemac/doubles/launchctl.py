"""launchctl: hands its arguments to process 1 and prints what comes back."""

from __future__ import annotations

import json
import os
import socket
import sys

from doubles.launchd import SOCKET


def main(argv):
    if not argv:
        sys.stderr.write("Usage: launchctl <subcommand> ...\n")
        return 64
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(SOCKET)
        channel.sendall((json.dumps({"argv": argv, "uid": os.geteuid()}) + "\n").encode())
        answer = json.loads(channel.makefile().readline())
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return answer["rc"]
