"""A Mac described: parsers of sysctl, system_profiler, sw_vers, pmset, vm_stat and ifconfig."""

from __future__ import annotations

import json
import os
import re
import time

from .node_state import command_output


def parse_sysctl(text):
    """Return ``{name: value}`` of ``sysctl name ...`` (lines ``name: value``)."""
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def parse_displays(text):
    """Return ``{kind, name, cores}`` of ``system_profiler SPDisplaysDataType -json``; the number of cores is a string there."""
    try:
        displays = json.loads(text)["SPDisplaysDataType"]
    except (ValueError, KeyError):
        displays = []
    for display in displays:
        if display.get("spdisplays_vendor") == "sppci_vendor_Apple" and display.get("sppci_cores"):
            return {"kind": "metal", "name": display.get("sppci_model"), "cores": int(display["sppci_cores"])}
    return {"kind": "none", "name": None, "cores": None}


def parse_sw_vers(text):
    """Return ``{name, version, build}`` of ``sw_vers``."""
    pairs = dict(re.findall(r"(?m)^(\w+):\s+(.+)$", text))
    return {"name": pairs.get("ProductName"), "version": pairs.get("ProductVersion"), "build": pairs.get("BuildVersion")}


def parse_vm_stat(text):
    """Return the bytes that are free or can be freed at once in ``vm_stat``."""
    page = re.search(r"page size of (\d+) bytes", text)
    pages = {name: int(count) for name, count in re.findall(r"(?m)^Pages (free|inactive|speculative):\s+(\d+)\.", text)}
    return int(page.group(1)) * sum(pages.values()) if page else None


def parse_swap(text):
    """Return the bytes in use in the value of ``vm.swapusage``."""
    match = re.search(r"used = ([\d.]+)M", text)
    return int(float(match.group(1)) * 2**20) if match else None


def parse_power(text):
    """Return ``{source}`` of ``pmset -g batt``: AC Power or Battery Power."""
    match = re.search(r"drawing from '([^']+)'", text)
    return {"source": match.group(1) if match else None}


def interface_with(address, text):
    """Return the interface that carries ``address`` in the output of ``ifconfig -a``."""
    name = None
    for line in text.splitlines():
        match = re.match(r"(\S+): flags=", line)
        if match:
            name = match.group(1)
        elif re.match(rf"\s+inet {re.escape(address)} ", line):
            return name
    return None


def describe():
    """Return the facts that differ from system to system (asks the system)."""
    names = ("machdep.cpu.brand_string", "hw.physicalcpu", "hw.logicalcpu", "hw.model", "vm.swapusage", "kern.osrelease")
    values = parse_sysctl(command_output("sysctl", *names))
    chip = values.get("machdep.cpu.brand_string")
    return {
        "os": {**parse_sw_vers(command_output("sw_vers")), "kernel": values.get("kern.osrelease")},
        "chip": chip,
        "cpu": {
            "model": chip,
            "cores_physical": int(values["hw.physicalcpu"]) if "hw.physicalcpu" in values else None,
            "cores_logical": int(values["hw.logicalcpu"]) if "hw.logicalcpu" in values else None,
        },
        "gpu": parse_displays(command_output("system_profiler", "SPDisplaysDataType", "-json")),
        "model": values.get("hw.model"),
        "glibc": "",
        "virtual": "vm" if values.get("hw.model", "").startswith("VirtualMac") else "",
        "conditions": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_average": list(os.getloadavg()),
            "uptime_s": None,
            "power": parse_power(command_output("pmset", "-g", "batt")),
            "memory_available_bytes": parse_vm_stat(command_output("vm_stat")),
            "swap_used_bytes": parse_swap(values.get("vm.swapusage", "")),
        },
    }
