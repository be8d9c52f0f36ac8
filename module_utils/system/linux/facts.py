"""Facts of a Linux node: parsers of /proc, /sys and a few commands, and what they are fed."""

from __future__ import annotations

import glob
import os
import platform
import re
import time

from .. import cuda
from ..command import command_output, read
from ..numbers import decimal, whole
from .hardware import cores_limit, glibc

# Cores of ARM by (implementer, part): such a processor has no name in /proc/cpuinfo (lscpu(1) has the whole list).
_ARM = {
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4f"): "Neoverse-V2",
    ("0xc0", "0xac3"): "Ampere-1",
}


def parse_cpuinfo(text):
    """Return ``{model, cores_physical, cores_logical}`` of /proc/cpuinfo; unknown values are None.

    ARM: the name of the board where the kernel reports one, else that of the fastest known core.
    """

    def values(field):
        return [value.strip() for value in re.findall(rf"(?m)^{field}[ \t]*: (.+)$", text)]

    cores = [_ARM[core] for core in zip(values("CPU implementer"), values("CPU part")) if core in _ARM]
    models = values("model name") + values("Model") + sorted(set(cores), key=list(_ARM.values()).index, reverse=True)
    blocks = [dict(re.findall(r"(?m)^(physical id|core id)[ \t]*: (\d+)$", block)) for block in text.split("\n\n")]
    physical = {(block["physical id"], block["core id"]) for block in blocks if len(block) == 2}
    return {
        "model": models[0] if models else None,
        "cores_physical": len(physical) or None,
        "cores_logical": len(re.findall(r"(?m)^processor\s*:", text)) or None,
    }


def parse_os_release(text):
    """Return ``{name, version}`` of /etc/os-release."""
    pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {"name": pairs.get("ID", "").strip('"'), "version": pairs.get("VERSION_ID", "").strip('"')}


def parse_meminfo(text):
    """Return ``{memory_available_bytes, swap_used_bytes}`` of /proc/meminfo."""
    values = {name: int(size) * 1024 for name, size in re.findall(r"(?m)^(\w+):[ \t]+(\d{1,15}) kB$", text)}
    return {
        "memory_available_bytes": values.get("MemAvailable"),
        "swap_used_bytes": values.get("SwapTotal", 0) - values.get("SwapFree", 0),
    }


def parse_cache_size(text):
    """Return the bytes of a cache size as sysfs writes it: 32768K, 8M."""
    match = re.fullmatch(r"(\d{1,12})([KMG])", text.strip())
    return int(match.group(1)) * {"K": 2**10, "M": 2**20, "G": 2**30}[match.group(2)] if match else None


def last_cache_bytes(folder="/sys/devices/system/cpu/cpu0/cache"):
    """Return the bytes of the last level of cache that the first core sees, None where unknown (macOS)."""
    levels = {}
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        level, size = whole(read(f"{folder}/{index}/level")), parse_cache_size(read(f"{folder}/{index}/size"))
        if level and size:
            levels[level] = size
    return levels[max(levels)] if levels else None


def parse_mhz(text):
    """Return the highest "cpu MHz" of /proc/cpuinfo in Hz, None where unknown."""
    clocks = [decimal(value, 0.0) for value in re.findall(r"(?m)^cpu MHz[ \t]*: (.+)$", text)]
    return max(clocks) * 1e6 if any(clocks) else None


def temperature(pattern="/sys/class/thermal/thermal_zone*/temp"):
    """Return the highest temperature of the thermal zones in degrees Celsius, None where there is none."""
    readings = [int(text) / 1000 for text in map(read, glob.glob(pattern)) if re.fullmatch(r"-?[0-9]{1,9}", text.strip())]
    return max(readings) if readings else None


def gpu():
    """Return {kind, name, cores, cuda} of the first CUDA device that nvidia-smi lists; kind is none without one."""
    name = command_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").strip().splitlines()
    if not name:
        return {"kind": "none", "name": None, "cores": None}
    return {"kind": "cuda", "name": name[0], "cores": None, "cuda": cuda.device()}


def describe():
    """Return the facts that differ between operating systems: {os, chip, cpu, gpu, cache_bytes, glibc, virtual, conditions}."""
    cpu = parse_cpuinfo(read("/proc/cpuinfo"))
    cpu["model"] = cpu["model"] or read("/proc/device-tree/model").strip("\0\n ") or None
    return {
        "os": {**parse_os_release(read("/etc/os-release")), "kernel": platform.release()},
        "chip": cpu["model"],
        "cpu": {**cpu, "cores_limit": cores_limit()},
        "gpu": gpu(),
        "cache_bytes": last_cache_bytes(),
        "glibc": glibc(),
        "virtual": command_output("systemd-detect-virt").strip().replace("none", ""),
        "conditions": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load_average": list(os.getloadavg()),
            "uptime_s": decimal(read("/proc/uptime").partition(" ")[0]),
            "power": None,
            "cpu_clock_hz": parse_mhz(read("/proc/cpuinfo")),
            "temperature_c": temperature(),
            **parse_meminfo(read("/proc/meminfo")),
        },
    }
