"""One Mac Studio from recorded samples: sw_vers, sysctl, vm_stat, system_profiler, ioreg, powermetrics, pmset and others."""

from __future__ import annotations

import json
import os
import re
import sys

from doubles import host
from doubles.refuse import Unknown

# M2 Ultra with 76 GPU cores.
SYSCTL = {
    "hw.memsize": "206158430208",
    "hw.ncpu": "24",
    "hw.physicalcpu": "24",
    "hw.logicalcpu": "24",
    "hw.perflevel0.logicalcpu": "16",
    "hw.perflevel1.logicalcpu": "8",
    "hw.nperflevels": "2",
    "hw.model": "Mac14,14",
    "hw.pagesize": "16384",
    "machdep.cpu.brand_string": "Apple M2 Ultra",
    "machdep.cpu.core_count": "24",
    "kern.osrelease": "25.1.0",
    "kern.osversion": "25B78",
    "kern.maxfiles": "122880",
    "kern.maxfilesperproc": "61440",
    "kern.boottime": "{ sec = 1763900000, usec = 0 } Sun Nov 23 12:13:20 2025",
    "vm.swapusage": "total = 1024.00M  used = 0.00M  free = 1024.00M  (encrypted)",
    "iogpu.wired_limit_mb": "0",
    "net.inet.tcp.sendspace": "131072",
    "net.inet.tcp.recvspace": "131072",
    "net.inet.tcp.autosndbufmax": "4194304",
    "net.inet.tcp.autorcvbufmax": "4194304",
    "kern.ipc.maxsockbuf": "8388608",
}
_WRITABLE = {"iogpu.wired_limit_mb", "net.inet.tcp.autosndbufmax", "net.inet.tcp.autorcvbufmax", "kern.ipc.maxsockbuf"}
_PMSET = {
    "Sleep On Power Button": "1",
    "autorestartatconnect": "0",
    "standby": "0",
    "ttyskeepawake": "1",
    "powernap": "1",
    "displaysleep": "20",
    "womp": "1",
    "networkoversleep": "0",
    "sleep": "10",
    "tcpkeepalive": "1",
    "autorestart": "0",
    "disksleep": "10",
}
# A laptop has a second source, whose settings differ (settings: laptop). A desktop's restart after a power cut is not among them.
_PMSET_BATTERY = {**{name: value for name, value in _PMSET.items() if name != "autorestart"}, "womp": "0", "sleep": "1"}
_SOURCES = {"-b": "Battery Power", "-c": "AC Power", "-u": "UPS Power"}


def sw_vers(argv):
    version = host.setting("macos", "26.1")
    if argv in (["-productVersion"], ["--productVersion"]):
        print(version)
    elif not argv:
        print(f"ProductName:\t\tmacOS\nProductVersion:\t\t{version}\nBuildVersion:\t\t25B78")
    else:
        raise Unknown
    return 0


def sysctl(argv):
    values = {**SYSCTL, "hw.optional.arm64": host.setting("arm64", "1"), **host.read("sysctl")}
    plain = "-n" in argv
    rc = 0
    for word in (word for word in argv if word not in ("-n", "-w")):
        name, equals, value = word.partition("=")
        if name not in values:
            sys.stderr.write(f"sysctl: unknown oid '{name}'\n")
            rc = 1
        elif equals and os.geteuid() != 0:
            sys.stderr.write(f"sysctl: {name}={value}: Operation not permitted\n")
            rc = 1
        elif equals and name not in _WRITABLE:
            raise Unknown
        elif equals:
            print(f"{name}: {values[name]} -> {value}")
            host.update("sysctl", {name: value})
        else:
            print(values[name] if plain else f"{name}: {values[name]}")
    return rc


def vm_stat(argv):
    if argv:
        raise Unknown
    with open("/proc/meminfo") as stream:
        free = int(re.search(r"MemAvailable:\s+(\d+)", stream.read()).group(1)) * 1024 // 16384
    print(f"Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:{free:>40}.\nPages active:{1000:>38}.")
    print(f"Pages inactive:{0:>36}.\nPages speculative:{0:>33}.\nPages wired down:{5000:>34}.")
    return 0


def system_profiler(argv):
    if argv != ["SPDisplaysDataType", "-json"]:
        raise Unknown
    display = {
        "_name": "Apple M2 Ultra",
        "spdisplays_mtlgpufamilysupport": "spdisplays_metal4",
        "spdisplays_vendor": "sppci_vendor_Apple",
        "sppci_bus": "spdisplays_builtin",
        "sppci_cores": "76",
        "sppci_device_type": "spdisplays_gpu",
        "sppci_model": "Apple M2 Ultra",
    }
    print(json.dumps({"SPDisplaysDataType": [display]}, indent=2))
    return 0


def ioreg(argv):
    if argv == ["-r", "-w0", "-c", "AppleARMIODevice", "-n", "pmgr"]:
        words = b"".join(clock.to_bytes(4, "little") + (700).to_bytes(4, "little") for clock in (0, 444000000, 1398000000))
        print(f'+-o pmgr  <class AppleARMIODevice>\n    {{\n      "voltage-states9" = <{words.hex()}>\n    }}')
    elif argv == ["-r", "-d", "1", "-w", "0", "-c", "IOAccelerator"]:
        print(
            '+-o AGXAcceleratorG14D  <class AGXAcceleratorG14D>\n    {\n      "PerformanceStatistics" = '
            '{"In use system memory (driver)"=0,"Alloc system memory"=52967440384,"Tiler Utilization %"=10,'
            '"Renderer Utilization %"=78,"Device Utilization %"=79,"In use system memory"=2363801600}\n    }'
        )
    else:
        raise Unknown
    return 0


def powermetrics(argv):
    if argv[:2] != ["--samplers", "gpu_power"] or argv[2:] != ["-i", "1000", "-n", "1"]:
        raise Unknown
    if os.geteuid() != 0:
        sys.stderr.write("powermetrics must be invoked as the superuser\n")
        return 1
    print(
        "**** GPU usage ****\n\nGPU HW active frequency: 1296 MHz\nGPU HW active residency:  78.50% (444 MHz: 0% 1398 MHz:  78%)"
    )
    print("GPU idle residency:  21.50%\nGPU Power: 41234 mW")
    return 0


def _pmset_sources():
    """Return {source: {name: value}}; what was set is kept for each source."""
    sources = {"Battery Power": _PMSET_BATTERY} if host.setting("laptop", False) else {}
    return {name: {**values, **host.read(f"pmset {name}")} for name, values in {**sources, "AC Power": _PMSET}.items()}


def _pmset_set(flag, wanted):
    sources = _pmset_sources()
    if os.geteuid() != 0:
        sys.stderr.write("'pmset' must be run as root...\n")
        return 77
    if not set(wanted) <= {name for values in sources.values() for name in values}:
        raise Unknown
    for source in sources if flag == "-a" else [_SOURCES[flag]]:
        if source in sources:
            host.update(f"pmset {source}", {name: value for name, value in wanted.items() if name in sources[source]})
    return 0


def pmset(argv):
    sources = _pmset_sources()
    values = sources["AC Power"]  # what is in use
    if argv == ["-g", "custom"]:
        for source, settings in sources.items():
            print(f"{source}:")
            for name, value in settings.items():
                print(f" {name:<20} {value}" if len(name) <= 20 else f" {name} {value}")
    elif argv == ["-g"]:
        print("System-wide power settings:\nCurrently in use:")
        for name, value in values.items():
            remark = " (sleep prevented by coreaudiod, powerd)" if name == "sleep" else ""
            print(f" {name:<20} {value}{remark}")
    elif argv == ["-g", "cap"]:
        names = [name for name in values if " " not in name]
        print("Capabilities for AC Power:\n " + "\n ".join(names))
    elif argv == ["-g", "batt"]:
        print("Now drawing from 'AC Power'")
    elif argv == ["-g", "therm"]:
        print("Note: No thermal warning level has been recorded\nNote: No performance warning level has been recorded")
    elif argv[:1] in (["-a"], ["-b"], ["-c"], ["-u"]) and len(argv) % 2 == 1:
        return _pmset_set(argv[0], dict(zip(argv[1::2], argv[2::2])))
    else:
        raise Unknown
    return 0


def fdesetup(argv):
    if argv != ["status"]:
        raise Unknown
    print(f"FileVault is {host.setting('filevault', 'Off')}.")
    return 0


def socketfilterfw(argv):
    state = int(host.setting("firewall", 0))
    apps = host.read("firewall_apps")
    if argv == ["--getglobalstate"]:
        print(f"Firewall is {'enabled' if state else 'disabled'}. (State = {state})")
    elif argv == ["--listapps"]:
        print(f"Total number of apps = {len(apps)} \n")
        for number, (path, rule) in enumerate(sorted(apps.items()), 1):
            print(f"{number} : {path} \n\t\t ( {rule} incoming connections ) \n")
    elif len(argv) == 2 and argv[0] in ("--add", "--remove", "--unblockapp"):
        if os.geteuid() != 0:
            sys.stderr.write("Must be root to change settings.\n")
            return 1
        if argv[0] == "--add" and not os.path.exists(argv[1]):
            print("The file path you specified does not exist")
            return 1
        # A program in a bundle is known, and listed, by its bundle.
        path = re.sub(r"\.app/.*", ".app", argv[1])
        host.update("firewall_apps", {path: None if argv[0] == "--remove" else "Allow"})
        print(f"Application at path ( {path} ) {'removed from' if argv[0] == '--remove' else 'added to'} firewall")
    else:
        raise Unknown
    return 0
