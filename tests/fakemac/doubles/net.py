"""ifconfig, route and networksetup over the container's real interface, called en0 here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from doubles import host
from doubles.refuse import Unknown

_REAL = "eth0"
_MEDIA = [
    "autoselect",
    "100baseTX <full-duplex>",
    "1000baseT <full-duplex>",
    "2500Base-T <full-duplex>",
    "10Gbase-T <full-duplex>",
    "none",
]


def _ip(*arguments):
    answer = subprocess.run(["/usr/sbin/ip", "-json", *arguments], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def _name(real):
    return {_REAL: "en0", "lo": "lo0"}.get(real, real)


def _block(link):
    loopback = link["ifname"] == "lo"
    lines = [f"{_name(link['ifname'])}: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu {link['mtu']}"]
    for address in link["addr_info"]:
        if address["family"] == "inet":
            bits = address["prefixlen"]
            mask = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
            lines.append(f"\tinet {address['local']} netmask {mask:#010x}")
    if not loopback:
        lines += [
            f"\tether {link['address']}",
            f"\tmedia: {host.setting('media', 'autoselect (10Gbase-T <full-duplex,flow-control>)')}",
            "\tstatus: active",
        ]
    return "\n".join(lines)


def ifconfig(argv):
    links = {_name(link["ifname"]): link for link in _ip("address")}
    if argv == ["-a"]:
        for link in links.values():
            print(_block(link))
        print(
            "bridge0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n"
            "\tmedia: <unknown type>\n\tstatus: inactive"
        )
    elif len(argv) == 1 and argv[0] in links:
        print(_block(links[argv[0]]))
    elif len(argv) == 1 and not argv[0].startswith("-"):
        sys.stderr.write(f"ifconfig: interface {argv[0]} does not exist\n")
        return 1
    else:
        raise Unknown
    return 0


def route(argv):
    if len(argv) != 3 or argv[:2] != ["-n", "get"]:
        raise Unknown
    found = _ip("route", "get", argv[2])[0]
    print(f"   route to: {argv[2]}\ndestination: {argv[2]}\n  interface: {_name(found['dev'])}\n      flags: <UP,HOST,DONE>")
    return 0


def networksetup(argv):
    mtu = next(link["mtu"] for link in _ip("address") if link["ifname"] == _REAL)
    if argv == ["-listallhardwareports"]:
        ports = (("Ethernet", "en0"), ("Thunderbolt Bridge", "bridge0"), ("Wi-Fi", "en1"))
        for port, device in ports:
            print(f"\nHardware Port: {port}\nDevice: {device}\nEthernet Address: 36:45:32:36:80:00")
        print("\nVLAN Configurations\n===================")
    elif len(argv) == 2 and argv[0] == "-listValidMedia":
        print("\n".join(_MEDIA if argv[1] == "Ethernet" else ["autoselect"]))
    elif len(argv) == 2 and argv[0] == "-getairportpower":
        if argv[1] != "en1":
            print(f"{argv[1]} is not a Wi-Fi interface.\n** Error: Error obtaining wireless information.")
            return 10
        print("Wi-Fi Power (en1): On")
    elif argv == ["-getMTU", "en0"]:
        print(f"Active MTU: {mtu} (Current Setting: {mtu})")
    elif argv == ["-listValidMTURange", "en0"]:
        print(f"Valid MTU Range: {host.setting('mtu_range', '1280-9000')}")
    elif len(argv) == 3 and argv[:2] == ["-setMTU", "en0"]:
        if os.geteuid() != 0:
            print("You must run this tool as root.")
            return 14
        subprocess.run(["/usr/sbin/ip", "link", "set", _REAL, "mtu", argv[2]], check=True)
    else:
        raise Unknown
    return 0


def ping(argv):
    """ping -D (do not fragment) -c 1 -s bytes [-t seconds] address, over the real path."""
    options = {}
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        options[flag] = True if flag == "-D" else rest.pop(0)
    if set(options) - {"-D", "-c", "-s", "-t"} or len(rest) != 1:
        raise Unknown
    # The image has no ping. One datagram with "do not fragment" to the peer's discard port gives the same result.
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        try:
            sender.sendto(b"x" * int(options.get("-s", 56)), (rest[0], 9))
        except OSError:
            sys.stderr.write("ping: sendto: Message too long\n")
            return 2
    print("1 packets transmitted, 1 packets received, 0.0% packet loss")
    return 0
