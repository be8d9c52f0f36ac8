#!/usr/bin/env python3
"""Provision and benchmark an inventory. On this machine alone Ray is stopped at the end, however the run ends; --keep keeps it.

usage: bench.py [--keep] INVENTORY [options of ansible-playbook ...]
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / "inventory" / "local"
# A call from outside ends within this; `stop` itself waits 30 s for Ray.
STOP_SECONDS = 120


def playbook_line(inventory, playbooks, options):
    """Return the words of ansible-playbook's command line."""
    return ["ansible-playbook", "-i", inventory, *playbooks, *options]


def run(command):
    """Run a command to its end and return its exit status; an interrupt reaches it too, and only it decides when it ends."""
    process = subprocess.Popen(command, cwd=ROOT)

    def forward(number, _frame):
        # Ctrl-C is sent to all programs of the terminal; what is sent to this process alone has to be handed on.
        if number != signal.SIGINT:
            process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def stop(inventory, options):
    """Stop Ray and report it; return the exit status. A second Ctrl-C does not leave it running."""
    command = playbook_line(inventory, ["playbooks/stop.yml"], options)
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=STOP_SECONDS,
            start_new_session=True,
        )
        status, said = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:
        status, said = 1, f"{error}\n"
    if status:
        print(f"{said}\nRay could not be stopped and may still run. Stop it:\n{' '.join(command)}", file=sys.stderr)
    else:
        print(" Ray is stopped. KEEP=1 (saf bench --keep) keeps it running.")
    return status


def provision_and_measure(inventory, options, keep):
    """Provision and measure; on this machine alone stop Ray at the end, or say where it listens. Return the exit status."""
    status = run(playbook_line(inventory, ["site.yml", "bench.yml"], options))
    if (ROOT / inventory).resolve() != LOCAL or "--check" in options or "-C" in options:
        return status
    if keep:
        return run(playbook_line(inventory, ["playbooks/listeners.yml"], options)) or status
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return stop(inventory, options) or status


def main(arguments):
    keep = "--keep" in arguments[:1]
    inventory, *options = arguments[1 if keep else 0 :]
    return provision_and_measure(inventory, options, keep)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
