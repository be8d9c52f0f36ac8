"""Interfaces and routes of a Linux node: parsers of ip and ethtool, /sys/class/net, and what they are fed."""

from __future__ import annotations

import os
import re
import shutil

from .. import ports
from ..command import command_output

_SYS = "/sys/class/net"
_UNKNOWN_SPEED = 2**31 - 1  # Mb/s; old kernels write -1 without its sign

# Drivers of virtual machines: whatever speed they report, the memory of the host carries the packets.
_PARAVIRTUAL = {"vmxnet", "vmxnet3", "virtio_net", "hv_netvsc", "vif", "xen-netfront", "xen_netfront", "ena", "gve", "gvnic"}
# Cards that hypervisors emulate; real ones have the same drivers.
_EMULATED = {"e1000", "e1000e", "8139cp", "8139too", "pcnet32", "tulip", "vlance"}
_THUNDERBOLT = {"thunderbolt-net", "thunderbolt_net"}


def parse_ip_route(text):
    """Return the interface in the output of ``ip -o route get <address>``."""
    match = re.search(r"\bdev (\S+)", text)
    return match.group(1) if match else None


def parse_ethtool(text):
    """Return ``{capable_bps, partner_bps}`` from ethtool's link modes; None where it lists none."""

    def fastest(title):
        block = re.search(rf"{title} link modes:((?:.*\n)(?:\s{{20,}}.*\n)*)", text + "\n")
        speeds = [int(speed) for speed in re.findall(r"(?<!\d)(\d{1,9})base", block.group(1))] if block else []
        return max(speeds) * 10**6 if speeds else None

    return {"capable_bps": fastest("Supported"), "partner_bps": fastest("Link partner advertised")}


def parse_mtu_range(text):
    """Return [minimum, maximum] of ``ip -details link show``, None where the driver reports none."""
    match = re.search(r"minmtu (\d{1,9}) maxmtu (\d{1,9})\b", text)
    return [int(match.group(1)), int(match.group(2))] if match and int(match.group(2)) else None


def parse_interface_of(address, text):
    """Return the interface that has ``address`` in the output of ``ip -o -4 addr``, None without one."""
    # Between two ends ("inet ADDRESS peer OTHER/32") the prefix length is the peer's.
    match = re.search(rf"(?m)^\d+: (\S+)\s+inet {re.escape(address)}(?:/| peer )", text)
    return match.group(1) if match else None


def interface_of(address):
    """Return the name of the interface that has one of this node's addresses, None without one."""
    return parse_interface_of(address, command_output("ip", "-o", "-4", "addr"))


def interface_to(address):
    """Return the name of the interface of the route to ``address``, None without one."""
    return parse_ip_route(command_output("ip", "-o", "route", "get", address))


def mtu_range(interface):
    """Return [minimum, maximum] MTU of an interface in bytes, None where unknown."""
    return parse_mtu_range(command_output("ip", "-details", "link", "show", interface))


def set_mtu_command(interface, mtu):
    """Return the argv that sets an MTU in bytes; it holds until the next boot."""
    return ["ip", "link", "set", interface, "mtu", str(mtu)]


def ethtool():
    """Return the path of ethtool, None where it is not installed; the PATH of an account without root lacks its folder."""
    return shutil.which("ethtool", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")))


def capability_gap(facts):
    """Return why the capable speed of an Ethernet port is unknown; facts: {interface, lower}."""
    installed = ethtool() is not None
    reason = (
        "its driver lists no link modes to ethtool" if installed else "ethtool is not installed; install it and measure again"
    )
    return f"What the port {facts.get('lower') or facts['interface']} could do is unknown: {reason}."


def interface_facts(name):
    """Return {kind, negotiated_bps, capable_bps, partner_bps, driver, mtu, lower, speed_is_nominal} of an interface.

    See system.interfaces.
    """
    facts = {"capable_bps": None, "partner_bps": None, "driver": None, "mtu": _number(os.path.join(_SYS, name, "mtu"))}
    found = _ports(name)
    if name == "lo" or not found:
        return {**facts, "kind": "loopback" if name == "lo" else "virtual", "negotiated_bps": _speed(name)}
    if found == [name]:
        return {**facts, **_port(name)}
    # A port without a cable carries nothing.
    found = [port for port in found if _speed(port)] or found
    return {**facts, **ports.combine([_port(port) for port in found], _speed(name)), "lower": ", ".join(found)}


def _is_virtual_machine():
    """Return whether the system reports that it runs in a virtual machine."""
    return bool(command_output("systemd-detect-virt", "--vm").strip())


def _driver(name):
    """Return the driver of an interface with a device, "" for a device without a driver, None without a device."""
    device = os.path.join(_SYS, name, "device")
    if not os.path.lexists(device):
        return None
    try:
        return os.path.basename(os.readlink(os.path.join(device, "driver")))
    except OSError:
        return ""


def _ports(name, seen=()):
    """Return the interfaces with a device that an interface stands on: itself, or those below a bridge, bond or VLAN."""
    if _driver(name) is not None or name in seen:
        return [] if name in seen else [name]
    try:
        below = sorted(entry[len("lower_") :] for entry in os.listdir(os.path.join(_SYS, name)) if entry.startswith("lower_"))
    except OSError:
        return []
    return list(dict.fromkeys(port for one in below for port in _ports(one, (*seen, name))))


def _port(name):
    """Return {kind, negotiated_bps, capable_bps, partner_bps, driver, speed_is_nominal} of an interface with a device."""
    driver = _driver(name)
    nominal = driver in _PARAVIRTUAL or (driver in _EMULATED and _is_virtual_machine())
    if any(os.path.exists(os.path.join(_SYS, name, entry)) for entry in ("wireless", "phy80211")):
        kind = "wifi"
    else:
        kind = "thunderbolt" if driver in _THUNDERBOLT else "ethernet"
    program = ethtool()
    modes = parse_ethtool(command_output(program, name, partial=True) if program else "")
    facts = {"kind": kind, "negotiated_bps": _speed(name), "driver": driver or None, **modes}
    # Such a driver lists the same nominal speed as its modes.
    return {**facts, "capable_bps": None, "partner_bps": None, "speed_is_nominal": True} if nominal else facts


def _speed(name):
    """Return the speed in bit/s that an interface reports, None where it reports none."""
    speed = _number(os.path.join(_SYS, name, "speed"))
    return speed * 10**6 if speed and 0 < speed < _UNKNOWN_SPEED else None


def _number(path):
    try:
        with open(path) as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None
