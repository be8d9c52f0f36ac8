"""The MTU of an interface: what it may be, setting it with a way back, and whether packets of that size reach the other nodes."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import socket
import subprocess
import sys
import time

from . import facts_darwin, facts_linux, network
from .command import command_output

# In the background of the node: takes the change back unless somebody confirms it. Whoever set an MTU that the path does not
# carry may not be able to log in any more.
# Whoever renames the file first decides: the node that takes the change back, or who confirms or restores it.
_WAY_BACK = """
import os, subprocess, sys, time
pending, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
end = time.monotonic() + seconds
while os.path.exists(pending) and time.monotonic() < end:
    time.sleep(0.2)
try:
    os.rename(pending, pending + ".reverted")
except OSError:
    sys.exit()
subprocess.run(command, check=False)
os.unlink(pending + ".reverted")
"""


def interface_of(address):
    """Return the interface that carries one of our own addresses, None without one (asks the system)."""
    if platform.system() == "Darwin":
        return facts_darwin.interface_with(address, command_output("ifconfig", "-a"))
    return facts_linux.interface_with(address, command_output("ip", "-o", "-4", "addr"))


def parse_link_range(text):
    """Return [least, most] of ``ip -details link show``, None where the driver tells none."""
    match = re.search(r"minmtu (\d+) maxmtu (\d+)", text)
    return [int(match.group(1)), int(match.group(2))] if match and int(match.group(2)) else None


def allowed(interface):
    """Return [least, most] of an interface, None where unknown (asks the system)."""
    if platform.system() == "Darwin":
        return network.parse_mtu_range(command_output("networksetup", "-listValidMTURange", interface))
    return parse_link_range(command_output("ip", "-details", "link", "show", interface))


def command(interface, mtu):
    """Return the argv that sets an MTU. On Linux it holds until the next boot."""
    if platform.system() == "Darwin":
        return ["networksetup", "-setMTU", interface, str(mtu)]
    return ["ip", "link", "set", interface, "mtu", str(mtu)]


def refusal(wanted, bounds):
    """Return why an MTU cannot be set, "" when it can."""
    if bounds and not bounds[0] <= wanted <= bounds[1]:
        return f"it may be {bounds[0]} to {bounds[1]}"
    return ""


def arrange_way_back(pending, seconds, interface, before):
    """Set the MTU to ``before`` after some seconds, in the background, unless nobody needs it any more.

    The file ``pending`` holds that figure; whoever confirms the change removes the file.
    """
    with open(pending, "w", encoding="utf-8") as stream:
        stream.write(f"{before}\n")
    subprocess.Popen(
        [sys.executable, "-c", _WAY_BACK, pending, str(seconds), *command(interface, before)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def claim(pending):
    """Take the way back over; return the MTU of before, None where there is none to take any more (it has been gone)."""
    taken = pending + ".taken"
    try:
        os.rename(pending, taken)
        with open(taken, encoding="utf-8") as stream:
            before = int(stream.read())
        os.unlink(taken)
    except (OSError, ValueError):
        return None
    return before


def echo_for(port, seconds, marker):
    """Answer datagrams in the background for some seconds, or until the file ``marker`` is gone; return when it listens."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", port))
    datagrams.settimeout(0.5)
    with open(marker, "w", encoding="utf-8"):
        pass
    if os.fork():
        datagrams.close()
        return
    # Ansible waits until the module's streams are closed: none of them may stay open here.
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    end = time.monotonic() + seconds
    while os.path.exists(marker) and time.monotonic() < end:
        with contextlib.suppress(OSError):  # nothing came for half a second
            data, address = datagrams.recvfrom(65536)
            datagrams.sendto(data[:16], address)
    os._exit(0)
