"""Nodes described from recorded outputs."""

import pytest
from ansible.module_utils.saf import facts_darwin, facts_linux, interpreters

import node_facts

CPUINFO = """\
processor\t: 0
model name\t: AMD EPYC
physical id\t: 0
core id\t\t: 0

processor\t: 1
model name\t: AMD EPYC
physical id\t: 0
core id\t\t: 1
"""


def test_cpuinfo():
    assert facts_linux.parse_cpuinfo(CPUINFO) == {"model": "AMD EPYC", "cores_physical": 2, "cores_logical": 2}
    assert facts_linux.parse_cpuinfo("") == {"model": None, "cores_physical": None, "cores_logical": None}


def test_linux_files():
    assert facts_linux.parse_os_release('ID=debian\nVERSION_ID="12"\n') == {"name": "debian", "version": "12"}
    memory = facts_linux.parse_meminfo("MemTotal: 9 kB\nMemAvailable:  1024 kB\nSwapTotal: 8 kB\nSwapFree: 6 kB\n")
    assert memory == {"memory_available_bytes": 2**20, "swap_used_bytes": 2048}
    addresses = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.89.0.2/24 brd 10.89.0.255 scope global eth0\n"
    assert facts_linux.interface_with("10.89.0.2", addresses) == "eth0"
    assert facts_linux.interface_with("10.89.0.20", addresses) is None


DISPLAYS = """{ "SPDisplaysDataType" : [ { "_name" : "Apple M3 Max", "spdisplays_vendor" : "sppci_vendor_Apple",
  "sppci_bus" : "spdisplays_builtin", "sppci_cores" : "40", "sppci_model" : "Apple M3 Max" } ] }"""
IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK> mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP> mtu 1500
\tinet 10.254.100.2 netmask 0xffff0000 broadcast 10.254.255.255
"""


def test_displays():
    assert facts_darwin.parse_displays(DISPLAYS) == {"kind": "metal", "name": "Apple M3 Max", "cores": 40}
    assert facts_darwin.parse_displays("")["kind"] == "none"


def test_macs_commands():
    values = facts_darwin.parse_sysctl("machdep.cpu.brand_string: Apple M2 Ultra\nhw.logicalcpu: 24\n")
    assert values == {"machdep.cpu.brand_string": "Apple M2 Ultra", "hw.logicalcpu": "24"}
    version = facts_darwin.parse_sw_vers("ProductName:\t\tmacOS\nProductVersion:\t\t26.1\nBuildVersion:\t\t25B78\n")
    assert version == {"name": "macOS", "version": "26.1", "build": "25B78"}
    stat = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:      2.\nPages active: 9.\nPages inactive: 1.\n"
    )
    assert facts_darwin.parse_vm_stat(stat) == 3 * 16384
    assert facts_darwin.parse_swap("total = 1024.00M  used = 1.50M  free = 1022.50M") == 1572864
    assert facts_darwin.parse_power("Now drawing from 'AC Power'\n") == {"source": "AC Power"}
    assert facts_darwin.interface_with("10.254.100.2", IFCONFIG) == "en0"
    assert facts_darwin.interface_with("10.254.100.20", IFCONFIG) is None


def test_this_machine_can_be_described(run_module, tmp_path):
    facts = run_module(node_facts, {"venv_root": str(tmp_path), "links": {"default": "127.0.0.1"}})["facts"]
    assert facts["links"]["default"]["address"] == "127.0.0.1"
    assert facts["memory_bytes"] > 0
    assert facts["venv"] is None
    assert len(facts["conditions"]["load_average"]) == 3


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([("3.9.6", "cpython"), ("3.9.23", "cpython")], "3.9.23"),
        ([("3.9.23", "pypy")], None),
        ([("3.9.2", "cpython")], None),
        ([], None),
    ],
)
def test_only_the_exact_patch_version_is_chosen(found, chosen):
    rows = [{"version": version, "implementation": implementation} for version, implementation in found]
    answer = interpreters.choose(rows, "3.9.23")
    assert (answer["version"] if answer else None) == chosen


def test_an_interpreter_is_believed_only_when_it_runs(tmp_path):
    import sys

    broken = tmp_path / "python3.9"
    broken.write_text("#!/bin/sh\necho 'Python 3.9.23'\n")
    broken.chmod(0o755)
    assert interpreters.ask(str(broken)) is None
    assert interpreters.ask(str(tmp_path / "missing")) is None
    answer = interpreters.ask(sys.executable)
    assert answer["version"] == ".".join(str(part) for part in sys.version_info[:3])


def test_candidates_come_first_and_once():
    paths = interpreters.places("3.9.23", ["/a/python", "/a/python"], "/opt/saf")
    assert paths[0] == "/a/python"
    assert len(paths) == len(set(paths))
