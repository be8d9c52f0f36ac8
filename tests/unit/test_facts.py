"""Nodes described from recorded outputs."""

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import hardware, interpreters
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import facts as facts_darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as interfaces_darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import facts as facts_linux
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as interfaces_linux

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
    assert interfaces_linux.parse_interface_of("10.89.0.2", addresses) == "eth0"
    assert interfaces_linux.parse_interface_of("10.89.0.20", addresses) is None


DISPLAYS = """{ "SPDisplaysDataType" : [ { "_name" : "Apple M3 Max", "spdisplays_vendor" : "sppci_vendor_Apple",
  "sppci_bus" : "spdisplays_builtin", "sppci_cores" : "40", "sppci_model" : "Apple M3 Max" } ] }"""
IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK> mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP> mtu 1500
\tinet 10.254.100.2 netmask 0xffff0000 broadcast 10.254.255.255
"""


def test_displays():
    assert facts_darwin.parse_displays(DISPLAYS) == {"kind": "metal", "name": "Apple M3 Max", "cores": 40, "metal": None}
    newer = DISPLAYS.replace('"sppci_cores"', '"spdisplays_mtlgpufamilysupport" : "spdisplays_metal4", "sppci_cores"')
    assert facts_darwin.parse_displays(newer)["metal"] == "metal4"
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
    assert interfaces_darwin.parse_interface_of("10.254.100.2", IFCONFIG) == "en0"
    assert interfaces_darwin.parse_interface_of("10.254.100.20", IFCONFIG) is None


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([("3.9.6", "cpython"), ("3.9.23", "cpython")], "3.9.23"),
        ([("3.9.23", "pypy")], None),
        ([("3.9.2", "cpython")], None),
        ([("3.9.23", "cpython", {"bits": 32}), ("3.9.23", "cpython", {"libc": ""})], None),
        ([("3.9.23", "cpython", {"machine": "x86_64", "bits": 64, "libc": "glibc"})], "3.9.23"),
        ([], None),
    ],
)
def test_only_the_exact_patch_version_is_chosen(found, chosen):
    rows = [{"version": row[0], "implementation": row[1], **dict(*row[2:])} for row in found]
    answer = interpreters.choose(rows, "3.9.23")
    assert (answer["version"] if answer else None) == chosen


def test_an_interpreter_with_its_whole_library_comes_before_one_without():
    row = {"version": "3.9.23", "implementation": "cpython"}
    broken, whole = {**row, "path": "a", "missing": ["ssl"]}, {**row, "path": "b", "missing": []}
    assert interpreters.choose([broken, whole], "3.9.23") is whole
    assert interpreters.choose([broken], "3.9.23") is broken


def test_an_interpreter_tells_what_it_cannot_import(tmp_path):
    """A library of Homebrew has gone: the interpreter starts, and its module does not load."""
    import sys

    (tmp_path / "lib").mkdir()
    for name in ("ssl", "_decimal"):
        (tmp_path / "lib" / f"{name}.py").write_text("raise ImportError('Library not loaded')\n")
    program = tmp_path / "python3"
    first = f"import sys; sys.path.insert(0, '{tmp_path}/lib'); exec(sys.argv[1])"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -c "{first}" "$3"\n')
    program.chmod(0o755)
    assert interpreters.ask(str(program))["missing"] == ["ssl", "_decimal"]
    assert interpreters.ask(sys.executable)["missing"] == []


def test_an_interpreter_is_believed_only_when_it_runs(tmp_path):
    import sys

    broken = tmp_path / "python3.9"
    broken.write_text("#!/bin/sh\necho 'Python 3.9.23'\n")
    broken.chmod(0o755)
    assert interpreters.ask(str(broken)) is None
    assert interpreters.ask(str(tmp_path / "missing")) is None
    answer = interpreters.ask(sys.executable)
    assert answer["version"] == ".".join(str(part) for part in sys.version_info[:3])
    assert (answer["bits"], answer["libc"]) == (64, "glibc")
    assert interpreters.choose([answer], answer["version"], hardware.architecture()) == answer


def test_candidates_come_first_and_once():
    paths = interpreters.places("3.9.23", ["/a/python", "/a/python"], "/opt/saf")
    assert paths[0] == "/a/python"
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("text", "size"),
    [("32768K\n", 32 * 2**20), ("8M", 8 * 2**20), ("1G", 2**30), ("", None), ("unknown", None)],
)
def test_cache_sizes(text, size):
    assert facts_linux.parse_cache_size(text) == size


def test_the_last_cache_counts(tmp_path):
    for index, (level, size) in enumerate([("1", "32K"), ("1", "32K"), ("2", "1024K"), ("3", "32768K")]):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        (folder / "level").write_text(level + "\n")
        (folder / "size").write_text(size + "\n")
    assert facts_linux.last_cache_bytes(str(tmp_path)) == 32 * 2**20
    assert facts_linux.last_cache_bytes(str(tmp_path / "nowhere")) is None


def test_clock_and_temperature(tmp_path):
    assert facts_linux.parse_mhz("cpu MHz\t\t: 2399.998\ncpu MHz\t\t: 3100.5\n") == 3100.5e6
    assert facts_linux.parse_mhz("") is None
    (tmp_path / "thermal_zone0").mkdir()
    (tmp_path / "thermal_zone0" / "temp").write_text("41000\n")
    assert facts_linux.temperature(f"{tmp_path}/thermal_zone*/temp") == 41
    assert facts_linux.temperature(f"{tmp_path}/nothing*") is None


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (" lowpowermode         1\n sleep                0 (sleep prevented by coreaudiod, powerd)\n", "low"),
        (" lowpowermode         0\n", "automatic"),
        (" powermode            2\n", "high"),
        (" Sleep On Power Button 1\n standby              0\n", None),
    ],
)
def test_power_mode(text, mode):
    assert facts_darwin.parse_power_mode(text) == mode


def test_thermal_limit():
    assert facts_darwin.parse_thermal("2026-11-23 CPU_Scheduler_Limit \t= 100\n CPU_Speed_Limit \t= 70\n") == 70
    assert facts_darwin.parse_thermal("Note: No thermal warning level has been recorded\n") is None


def table(*clocks):
    """Write clocks as ioreg shows a table: pairs of 32-bit little-endian words, clock and voltage."""
    return "".join(word.to_bytes(4, "little").hex() for clock in clocks for word in (clock, 700))


def test_clock_tables_by_magnitude():
    text = f"""
    |   "voltage-states9" = <{table(0, 444000000, 1398000000)}>
    |   "voltage-states1-sram" = <{table(600000, 3504000)}>
    |   "voltage-states2" = <{table(1, 2)}>
    |   "clock-frequencies" = <{table(24000000)}>
    """
    tables = facts_darwin.parse_clock_tables(text)
    # Hz up to M3, kHz in CPU tables since M4; indices and other properties are no clocks
    assert tables == {"voltage-states9": 1398000000, "voltage-states1-sram": 3504000000}
    assert facts_darwin.parse_clock_tables("") == {}
