"""Runs `ray start --block`, which here ends as well when its raylet or its GCS has ended by SIGTERM or with 0.

Ray takes that for the work of `ray stop` and waits on: a running service without a node (a foreign `ray stop`, a drained raylet).
The supervisor (systemd, launchd) starts again what ends. In maintenance a node that has left stays away.

A worker first waits until its head accepts connections: `ray start` asks in pauses that grow to half a minute, so that a node
would come back that much later than its head.

Runs as the service account in the venv, which has Ray. A Ray without that method is started unchanged: the watchdog
then finds the lost node later.

usage: ray_start.py MAINTENANCE_FILE RAY start OPTION...
"""

import os
import runpy
import socket
import sys
import time

DAEMONS = ("raylet", "gcs_server")
HEAD_SECONDS = 60


def guarded(dead_processes, maintenance, leave=os._exit):
    """Return Node.dead_processes() that ends this process once a daemon of Ray is gone; Ray calls it each second.

    maintenance: file that exists while the node is in maintenance; leave: what ends the process.
    """

    def look(node):
        dead = dead_processes(node)
        gone = [(name, process.returncode) for name, process in dead if name in DAEMONS]
        if gone and not os.path.lexists(maintenance):
            told = ", ".join(f"{name} with {code}" for name, code in gone)
            print(f"Ended: {told}. Remaining processes are killed, and the service starts again.", file=sys.stderr, flush=True)
            try:
                node.kill_all_processes(check_alive=False, allow_graceful=False)
            finally:
                leave(1)
        return dead

    return look


def wait_for_head(options, seconds=HEAD_SECONDS, pause=0.5):
    """Return once the head of a worker accepts connections; raise SystemExit after some seconds, so that the log says why."""
    address = next((option[len("--address=") :] for option in options if option.startswith("--address=")), "")
    if not address:
        return
    host, _, port = address.rpartition(":")
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() - begun >= seconds:
                raise SystemExit(f"The head at {address} cannot be reached, for {seconds:.0f} s now: {error}") from error
            time.sleep(pause)


def main(maintenance, program, *options):
    try:
        from ray._private.node import Node

        Node.dead_processes = guarded(Node.dead_processes, maintenance)
    except (ImportError, AttributeError) as error:
        print(f"The end of a raylet by SIGTERM is noticed late: {error}", file=sys.stderr, flush=True)
    wait_for_head(options)
    sys.argv = [program, *options]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    sys.path.pop(0)  # this folder is none of Ray's
    main(*sys.argv[1:])
