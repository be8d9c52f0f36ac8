"""Facts of a Mac: parsers of sysctl, system_profiler, sw_vers, pmset, vm_stat and ioreg, and what they are fed."""

from __future__ import annotations

import os
import re
import time

from .. import documents
from ..command import command_output
from ..numbers import whole

_SYSCTL_NAMES = (
    "machdep.cpu.brand_string",
    "hw.physicalcpu",
    "hw.logicalcpu",
    "hw.model",
    "vm.swapusage",
    "kern.osrelease",
    "iogpu.wired_limit_mb",
)


def parse_sysctl(text):
    """Return ``{name: value}`` of ``sysctl name ...`` (lines ``name: value``)."""
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def parse_displays(text):
    """Return ``{kind, name, cores, metal}`` of ``system_profiler SPDisplaysDataType -json``; cores is a string there.

    metal: the feature family as the system names it ("metal4"), None where unknown.
    """
    try:
        displays = documents.mapping(text)["SPDisplaysDataType"]
    except (ValueError, KeyError):
        displays = []
    for display in displays if isinstance(displays, list) else []:
        if not isinstance(display, dict) or display.get("spdisplays_vendor") != "sppci_vendor_Apple":
            continue
        cores = whole(str(display.get("sppci_cores", "")))
        if cores:
            name, family = display.get("sppci_model"), display.get("spdisplays_mtlgpufamilysupport")
            return {
                "kind": "metal",
                "name": name if isinstance(name, str) else None,
                "cores": cores,
                "metal": family.replace("spdisplays_", "") or None if isinstance(family, str) else None,
            }
    return {"kind": "none", "name": None, "cores": None, "metal": None}


def parse_sw_vers(text):
    """Return ``{name, version, build}`` of ``sw_vers``."""
    pairs = dict(re.findall(r"(?m)^(\w+):\s+(.+)$", text))
    return {"name": pairs.get("ProductName"), "version": pairs.get("ProductVersion"), "build": pairs.get("BuildVersion")}


def parse_vm_stat(text):
    """Return the bytes that are free or can be freed immediately, from ``vm_stat``."""
    page = re.search(r"page size of (\d{1,9}) bytes", text)
    pages = {name: int(count) for name, count in re.findall(r"(?m)^Pages (free|inactive|speculative):[ \t]+(\d{1,15})\.", text)}
    return int(page.group(1)) * sum(pages.values()) if page else None


def parse_swap(text):
    """Return the bytes in use in the value of ``vm.swapusage``."""
    match = re.search(r"used = (\d{1,12}(?:\.\d{1,12})?)M", text)
    return int(float(match.group(1)) * 2**20) if match else None


def parse_power(text):
    """Return ``{source}`` of ``pmset -g batt``: AC Power or Battery Power."""
    match = re.search(r"drawing from '([^']+)'", text)
    return {"source": match.group(1) if match else None}


def parse_power_mode(text):
    """Return the power mode of ``pmset -g``: "low", "high" or "automatic"; None where the Mac has no such setting.

    Laptops since macOS 12 and newer desktops report powermode (0, 1 low, 2 high), older ones lowpowermode (0, 1).
    """
    match = re.search(r"(?m)^[ \t]*(lowpowermode|powermode)[ \t]+(\d)", text)
    return {"0": "automatic", "1": "low", "2": "high"}.get(match.group(2)) if match else None


def parse_thermal(text):
    """Return the CPU speed limit of ``pmset -g therm`` in percent: 100 is no limit, None where the Mac has recorded nothing."""
    match = re.search(r"CPU_Speed_Limit[ \t]*=[ \t]*(\d{1,9})\b", text)
    return int(match.group(1)) if match else None


def parse_clock_tables(text):
    """Return ``{key: highest clock in Hz}`` of the DVFS tables in ``ioreg -r -w0 -c AppleARMIODevice -n pmgr``.

    A table is pairs of 32-bit little-endian words (clock, voltage). Clocks are in Hz up to M3, in kHz for some tables of later
    chips; the unit is derived from the magnitude, since keys and units differ between chips.
    """
    tables = {}
    for key, data in re.findall(r'"(voltage-states\d+(?:-sram)?)" = <([0-9a-f]+)>', text):
        raw = bytes.fromhex(data[: len(data) // 16 * 16])
        clocks = [int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 8)]
        hertz = [clock * 1000 if clock < 10_000_000 else clock for clock in clocks if clock >= 100_000]
        if hertz:
            tables[key] = max(hertz)
    return tables


def describe():
    """Return the facts that differ between operating systems: {os, chip, cpu, gpu, model, glibc, virtual, conditions}."""
    values = parse_sysctl(command_output("sysctl", *_SYSCTL_NAMES, partial=True))  # not every Mac has all of them
    chip = values.get("machdep.cpu.brand_string")
    wired = whole(values.get("iogpu.wired_limit_mb", ""))
    settings = command_output("pmset", "-g")
    return {
        "os": {**parse_sw_vers(command_output("sw_vers")), "kernel": values.get("kern.osrelease")},
        "chip": chip,
        "cpu": {
            "model": chip,
            "cores_physical": whole(values.get("hw.physicalcpu", "")),
            "cores_logical": whole(values.get("hw.logicalcpu", "")),
        },
        "gpu": {
            **parse_displays(command_output("system_profiler", "SPDisplaysDataType", "-json")),
            "clock_tables_hz": parse_clock_tables(command_output("ioreg", "-r", "-w0", "-c", "AppleARMIODevice", "-n", "pmgr")),
            # 0 is the system's default: two thirds to three quarters of the memory
            "wired_limit_bytes": wired * 2**20 if wired else None,
        },
        "model": values.get("hw.model"),
        "glibc": "",
        "virtual": "vm" if values.get("hw.model", "").startswith("VirtualMac") else "",
        "conditions": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_average": list(os.getloadavg()),
            "uptime_s": None,
            "power": {**parse_power(command_output("pmset", "-g", "batt")), "mode": parse_power_mode(settings)},
            "cpu_speed_limit_percent": parse_thermal(command_output("pmset", "-g", "therm")),
            "memory_available_bytes": parse_vm_stat(command_output("vm_stat")),
            "swap_used_bytes": parse_swap(values.get("vm.swapusage", "")),
        },
    }
