"""Whatever commands and files say on a node, their parsers answer with what their docstring names.

The seeds are recorded answers, damaged as a cut-off pipe, another language, another release or a broken disk damages them.
"""

from __future__ import annotations

import fuzzing
import pytest
import ray_watchdog
import recorded
from fuzzing import ANY, Pair, fits
from hypothesis import given

import node_preflight_info
import ray_node_info
from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.measure import iperf, probe
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd, service_end, service_log, service_state
from ansible_collections.saf.fabric.plugins.module_utils.services import systemd as systemd_state
from ansible_collections.saf.fabric.plugins.module_utils.system import (
    busiest,
    environment,
    gpu_load,
    homebrew,
    numbers,
    package_managers,
    power,
    processes,
    redaction,
)
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import facts as mac_facts
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as mac_interfaces
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as mac_processes
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import sockets as mac_sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import facts as linux_facts
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as linux_interfaces
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import processes as linux_processes
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import sockets as linux_sockets

MAYBE_INT, MAYBE_FLOAT, MAYBE_TEXT = (int, None), (float, None), (str, None)
ADDRESS = "10.254.100.2"
DIRECTIONS = {
    str: {"samples": [float], "goodput": float, "retransmits": MAYBE_INT},
}
TCP = (
    {"error": str, "directions": {str: ANY}},
    {"error": str, "version": str, "cpu": {str: MAYBE_FLOAT}, "directions": DIRECTIONS},
)
UDP = (
    {"error": str, "directions": {str: ANY}},
    {"error": str, "jitter_s": float, "loss": float, "packets": int},
)
JOB = {"state": str, "pid": int, "runs": int, "last_exit": str, "arguments": [str], "environment": {str: str}}
SERVICE = {"manager": str, "state": str, "restarts": MAYBE_INT, "seconds": MAYBE_INT}

# Name: (parser of a text, recorded texts, shape of its answer).
PARSERS = {
    "cpuinfo": (
        linux_facts.parse_cpuinfo,
        [recorded.CPUINFO, recorded.realworld("R13-cpuinfo-arm64-pi.txt")],
        {"model": MAYBE_TEXT, "cores_physical": MAYBE_INT, "cores_logical": MAYBE_INT},
    ),
    "cpu clock": (linux_facts.parse_mhz, [recorded.CPUINFO], MAYBE_FLOAT),
    "os-release": (linux_facts.parse_os_release, [recorded.OS_RELEASE], {"name": str, "version": str}),
    "meminfo": (
        linux_facts.parse_meminfo,
        [recorded.MEMINFO],
        {"memory_available_bytes": MAYBE_INT, "swap_used_bytes": MAYBE_INT},
    ),
    "cache size": (linux_facts.parse_cache_size, ["32768K\n", "8M\n"], MAYBE_INT),
    "ip route": (linux_interfaces.parse_ip_route, [recorded.IP_ROUTE], MAYBE_TEXT),
    "ip link": (linux_interfaces.parse_mtu_range, [recorded.IP_LINK], ([int], None)),
    "ip addr": (
        lambda text: linux_interfaces.parse_interface_of("10.89.0.2", text),
        [recorded.IP_ADDR, recorded.IP_ADDR + recorded.realworld("R03-ip-o-4-addr-peer.txt")],
        MAYBE_TEXT,
    ),
    "own addresses": (linux_sockets.parse_ip_addresses, [recorded.IP_ADDR], [str]),
    "ethtool": (
        linux_interfaces.parse_ethtool,
        [recorded.ETHTOOL],
        {"capable_bps": MAYBE_INT, "partner_bps": MAYBE_INT},
    ),
    "proc net tcp, accounts": (
        linux_sockets.parse_proc_net_tcp,
        [recorded.PROC_NET_TCP, recorded.PROC_NET_TCP6],
        {int: Pair(str, int)},
    ),
    "proc net tcp, addresses": (
        linux_processes.parse_proc_net,
        [recorded.PROC_NET_TCP, recorded.PROC_NET_TCP6],
        {str: Pair(str, int)},
    ),
    "fib trie": (linux_sockets.parse_fib_trie, [recorded.FIB_TRIE], [str]),
    "open files": (node_preflight_info.parse_open_files_limit, [recorded.LIMITS], MAYBE_INT),
    "systemd version": (node_preflight_info.parse_systemd_version, [recorded.SYSTEMD_VERSION], MAYBE_INT),
    "systemctl show, service": (lambda text: service_state.parse_show(text, 1000.5), [recorded.SYSTEMCTL_SHOW], SERVICE),
    "systemctl show, unit": (
        lambda text: systemd_state.runs(systemd_state.parse_show(text), "ab", "ab"),
        [recorded.SYSTEMCTL_SHOW],
        {"active": bool, "pid": int, "current": bool},
    ),
    "systemctl show, end": (
        lambda text: service_end.Watch("systemd", "x")._systemd(text),
        [recorded.SYSTEMCTL_SHOW.replace("=active", "=failed")],
        str,
    ),
    "command line of Ray": (
        service_state.configured,
        [recorded.SYSTEMCTL_SHOW],
        {"address": MAYBE_TEXT, "head": MAYBE_TEXT},
    ),
    "ps etime": (service_state.parse_etime, [recorded.PS_ETIME, "01:05\n"], MAYBE_INT),
    "ps": (mac_processes.parse_ps, [recorded.PS], {int: Pair(str, float, int)}),
    "ps, busiest": (
        lambda text: busiest.top(busiest.used({}, mac_processes.parse_ps(text), 1.0)),
        [recorded.PS],
        [{"command": str, "cpu_percent": int}],
    ),
    "ps args": (
        mac_processes.parse_ps_args,
        [recorded.PS_ARGS, recorded.realworld("R20-ps-ray-path-with-blank.txt")],
        [{"pid": int, "user": str, "command": str}],
    ),
    "ray daemon": (processes.ray_daemon, [recorded.RAYLET], str),
    "lsof": (mac_processes.parse_lsof, [recorded.LSOF], {Pair(int, str, int)}),
    "lsof, commands": (mac_sockets.parse_lsof, [recorded.LSOF], [{"port": int, "pid": int, "command": str}]),
    "ifconfig, addresses": (
        mac_sockets.parse_ifconfig_addresses,
        [recorded.IFCONFIG, recorded.realworld("R05-ifconfig-vpn-and-vm.txt")],
        [str],
    ),
    "ifconfig, one": (
        mac_interfaces.parse_ifconfig_interface,
        [recorded.IFCONFIG],
        {"mtu": MAYBE_INT, "negotiated_bps": MAYBE_INT},
    ),
    "ifconfig, lower": (mac_interfaces.parse_lower, [recorded.IFCONFIG], [str]),
    "ifconfig, address": (
        lambda text: mac_interfaces.parse_interface_of(ADDRESS, text),
        [recorded.IFCONFIG, recorded.IFCONFIG + recorded.realworld("R12-ifconfig-real-address-after-vm.txt")],
        MAYBE_TEXT,
    ),
    "route": (mac_interfaces.parse_route_get, [recorded.ROUTE], MAYBE_TEXT),
    "valid media": (mac_interfaces.parse_valid_media, [recorded.VALID_MEDIA], MAYBE_INT),
    "hardware ports": (
        mac_interfaces.parse_hardware_ports,
        [recorded.HARDWARE_PORTS, recorded.realworld("R05-hardwareports.txt")],
        {str: str},
    ),
    "mtu range": (mac_interfaces.parse_mtu_range, [recorded.MTU_RANGE], ([int], None)),
    "sysctl": (mac_facts.parse_sysctl, [recorded.SYSCTL], {str: str}),
    "sw_vers": (mac_facts.parse_sw_vers, [recorded.SW_VERS], {"name": MAYBE_TEXT, "version": MAYBE_TEXT, "build": MAYBE_TEXT}),
    "vm_stat": (mac_facts.parse_vm_stat, [recorded.VM_STAT], MAYBE_INT),
    "swap": (mac_facts.parse_swap, ["total = 1024.00M  used = 1.50M  free = 1022.50M"], MAYBE_INT),
    "displays": (
        mac_facts.parse_displays,
        [recorded.DISPLAYS],
        {"kind": str, "name": MAYBE_TEXT, "cores": MAYBE_INT, "metal": MAYBE_TEXT},
    ),
    "displays, cores": (ray_node_info.gpu_cores, [recorded.DISPLAYS], int),
    "printed number": (numbers.whole, ["245760\n"], MAYBE_INT),
    "printed decimal": (numbers.decimal, ["2399.998\n", "2399,5"], MAYBE_FLOAT),
    "pmset, source": (mac_facts.parse_power, [recorded.PMSET_BATT], {"source": MAYBE_TEXT}),
    "pmset, mode": (mac_facts.parse_power_mode, [recorded.PMSET], MAYBE_TEXT),
    "pmset, thermal": (mac_facts.parse_thermal, [recorded.PMSET_THERM], MAYBE_INT),
    "pmset, custom": (power.parse_custom, [recorded.realworld("R06-pmset-custom-laptop.txt")], {str: {str: str}}),
    "clock tables": (mac_facts.parse_clock_tables, [recorded.PMGR], {str: int}),
    "ioreg": (gpu_load.parse_ioreg, [recorded.IOREG], MAYBE_FLOAT),
    "powermetrics": (gpu_load.parse_powermetrics, [recorded.POWERMETRICS], {"clock_hz": MAYBE_INT, "active": MAYBE_FLOAT}),
    "launchctl print": (
        launchd.parse_print,
        [recorded.LAUNCHCTL, *map(recorded.realworld, ("R07-launchctl-print-killed.txt", "R08-launchctl-print-xpcproxy.txt"))],
        JOB,
    ),
    "launchctl print, service": (
        lambda text: service_state.launchd_state(launchd.parse_print(text)),
        [recorded.LAUNCHCTL, recorded.realworld("R08-launchctl-print-xpcproxy.txt")],
        SERVICE,
    ),
    "launchctl print-disabled": (launchd.parse_disabled, [recorded.DISABLED], {str: bool}),
    "iperf3": (lambda text: iperf.parse(text, "forward"), [recorded.fixture("iperf3-forward.json")], TCP),
    "iperf3, both": (
        lambda text: iperf.parse(text, "both"),
        [recorded.fixture("iperf3-bidir.json"), recorded.realworld("R01-iperf39-bidir.json")],
        TCP,
    ),
    "iperf3, UDP": (iperf.parse_udp, [recorded.fixture("iperf3-udp.json")], UDP),
    "probe's last words": (lambda text: probe._error_message("x", 1, None, text.splitlines()), [recorded.RAY_LOG], str),
    "service's log": (service_log.last_error, [recorded.RAY_LOG], str),
    "service's last line": (service_end.last_line, [recorded.RAY_LOG], str),
    "brew": (lambda text: homebrew.explain("python@3.9", text), [recorded.BREW, recorded.realworld("R11-brew-enoent.txt")], str),
    "apt": (lambda text: package_managers.complaint(100, text, text), [recorded.APT], str),
    "dpkg": (
        lambda text: package_managers.is_installed(package_managers.MANAGERS["apt"], 0, text),
        ["installed\n", "not-installed\n"],
        bool,
    ),
    "environment file": (environment.parse, [recorded.RAY_ENV], {str: str}),
    "redaction": (redaction.redact, ["http://me:s3cret@proxy:3128/ https://t@x/ " * 3], str),
    "RECORD": (venv.parse_record, [recorded.RECORD], {str: str}),
    "watchdog's question": (
        lambda text: ray_watchdog.interpret(list(ray_watchdog.parse_lines(text)), 0),
        [recorded.WATCHDOG_ANSWER],
        Pair(str, str),
    ),
}
# Beside its answer a parser may say in one documented exception that it understood nothing.
REFUSALS = {"stat": (ValueError, IndexError)}
PARSERS["stat"] = (lambda text: linux_processes.parse_stat(text, 100), [recorded.STAT], Pair(str, float, int))


def parsed(name, text):
    """Parse a text and check the answer."""
    parse, _samples, shape = PARSERS[name]
    with fuzzing.ends():
        try:
            answer = parse(text)
        except REFUSALS.get(name, ()):
            return None
    assert fits(answer, shape), answer
    assert fuzzing.sizes(answer) <= 8 * len(text) + 2000
    return answer


@pytest.mark.parametrize("name", PARSERS)
def test_a_recorded_answer_is_understood(name):
    for sample in PARSERS[name][1]:
        assert parsed(name, sample) not in (None, {}, [], set(), "")


@pytest.mark.parametrize("name", PARSERS)
def test_an_answer_may_end_anywhere(name):
    for sample in PARSERS[name][1]:
        for length in range(0, len(sample), max(1, len(sample) // 400)):
            parsed(name, sample[:length])


COUNT = 40


@pytest.mark.parametrize("name", PARSERS)
def test_a_damaged_answer_is_read_as_far_as_it_goes(name):
    @fuzzing.inputs("parsers on nodes", COUNT)
    @given(fuzzing.damaged(PARSERS[name][1]))
    def check(text):
        parsed(name, text)

    check()


LENGTH = 2**18  # enough for what takes the square of its length
LONG = {
    "one line": lambda _sample: "a" * LENGTH,
    "digits": lambda _sample: "9" * LENGTH,
    "blanks": lambda _sample: " " * LENGTH,
    "words": lambda _sample: "a " * (LENGTH // 2),
    "dots": lambda _sample: "a.1" * (LENGTH // 3),
    "colons": lambda _sample: "a: " * (LENGTH // 3),
    "quotes": lambda _sample: 'A="\\' * (LENGTH // 4),
    "line ends": lambda _sample: "\n" * LENGTH,
    "brackets": lambda _sample: "[" * LENGTH,
    "objects": lambda _sample: '{"a":' * (LENGTH // 5),
    "again and again": lambda sample: sample * (LENGTH // len(sample)),
    "again without its end": lambda sample: sample[: len(sample) // 2] * (LENGTH // max(1, len(sample) // 2)),
}


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("name", PARSERS)
def test_a_long_answer_is_read_to_its_end(name, kind):
    parsed(name, LONG[kind](PARSERS[name][1][0]))
