"""Inputs of the world outside, rewritten after public captures: one row of the table each; the names are those of the inputs.

Rows R10 and R11 (what brew says) are in test_homebrew.py.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.manifest import kinds_darwin as manifest_kinds_darwin
from ansible_collections.saf.fabric.plugins.module_utils.measure import iperf
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd, process, service_state
from ansible_collections.saf.fabric.plugins.module_utils.system import (
    command,
    interfaces,
    interpreters,
    processes,
)
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as interfaces_darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as processes_darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import sockets as sockets_darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import facts as facts_linux
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import hardware as hardware_linux
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as interfaces_linux
from ansible_collections.saf.fabric.plugins.plugin_utils import run_document
from ansible_collections.saf.fabric.plugins.plugin_utils.analysis import ceilings
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import interpreter, preflight, ray_on_node

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "realworld"
PLATFORMS = [
    {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
    {"system": "Darwin", "machine": "arm64", "macos": "13.0"},
]
WITHOUT_MLX = [{"system": "Linux", "machine": "aarch64", "glibc": "2.17"}]
STACK = {"platforms": PLATFORMS, "without_mlx": WITHOUT_MLX}


def text(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def data(name):
    return json.loads(text(name))


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a shell script in front of PATH: stand_in(name, script)."""

    def add(name, script):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")

    return add


@pytest.fixture
def sysfs(tmp_path, monkeypatch):
    """Describe an interface of a made /sys/class/net: sysfs({name: {speed, mtu, device, lower}}, name)."""

    def describe(interfaces, name, tree="net"):
        for key, value in interfaces.items():
            folder = tmp_path / tree / key
            folder.mkdir(parents=True)
            for file in ("speed", "mtu", "operstate"):
                (folder / file).write_text(value.get(file, "up") + "\n")
            if value["device"]:
                (folder / "device").mkdir()
                (folder / "device" / "driver").symlink_to(f"/sys/bus/x/drivers/{value['device']}")
            for folder_name in value.get("has", []):
                (folder / folder_name).mkdir()
            for lower in value.get("lower", []):
                (folder / f"lower_{lower}").symlink_to(f"../{lower}")
        monkeypatch.setattr(interfaces_linux, "_SYS", str(tmp_path / tree))
        monkeypatch.setattr(interfaces_linux, "ethtool", lambda: None)
        return {"interface": name, **interfaces_linux.interface_facts(name)}

    return describe


def findings(end, goodput, virtual=""):
    """The verdicts of a run of two nodes that have such an interface."""
    plan = {
        "run_id": "x",
        "started": "2026-01-01T00:00:00Z",
        "profile": "quick",
        "playbook": {"commit": "c", "dirty": False},
        "stack": {"name": "s", "pins": {}, "lock_sha256": "x"},
        "head": "a",
        "nodes": ["a", "b"],
        "parts": {},
    }
    fixed = {"system": "Linux", "machine": "x", "venv": None, "gpu": {"kind": "none"}, "conditions": {}, "virtual": virtual}
    raws = [
        {"node": node, "part": "10-facts", "facts": {**fixed, "cpu": {"cores_logical": 8}, "links": {"default": end}}}
        for node in "ab"
    ]
    params = {"streams": 1, "seconds": 3, "direction": "forward", "iperf3": "iperf 3.16"}
    common = {"name": "net.goodput", "scope": "pair", "link": "default", "params": params, "unit": "bit/s", "better": "higher"}
    context = {"from": end, "to": end, "retransmits": 0, "whole_run": goodput}
    raws += [
        {
            "node": "a",
            "part": "30-x",
            "measurements": [{**common, "subject": pair, "samples": [goodput] * 3, "flags": [], "context": context}],
        }
        for pair in (["a", "b"], ["b", "a"])
    ]
    data_files = {"peaks": {}, "cuda": {}, "switches": []}
    document = run_document.assemble(plan, raws, data_files, "2026-01-01T00:01:00Z")
    return [f"{item['severity']} {item['kind']}" for item in document["findings"]]


def darwin_interface(monkeypatch, name, ports, ifconfig, power_of=""):
    """Describe an interface of a Mac from the outputs of its tools."""

    def answer(*command):
        if command == ("networksetup", "-listallhardwareports"):
            return ports
        if command[:2] == ("networksetup", "-getairportpower"):
            return power_of if command[2] in power_of else f"{command[2]} is not a Wi-Fi interface.\n"
        if command[0] == "ifconfig":
            found = re.search(rf"(?ms)^{command[1]}: .*?(?=^\S|\Z)", ifconfig)
            return found.group(0) if found else ""
        return ""

    monkeypatch.setattr(interfaces_darwin, "command_output", answer)
    return interfaces_darwin.interface_facts(name)


def peaks(root):
    return ceilings.read_peaks((root / "data" / "apple_silicon_peaks.csv").read_text())


def test_r01_iperf_before_3_11_repeats_the_keys_of_both_directions():
    answer = iperf.parse(text("R01-iperf39-bidir.json"), "both")
    assert answer["error"] == ""
    assert {key: value["goodput"] for key, value in answer["directions"].items()} == {"forward": 941e6, "reverse": 913e6}
    assert {key: value["samples"] for key, value in answer["directions"].items()} == {"forward": [941e6], "reverse": [913e6]}
    assert {key: value["retransmits"] for key, value in answer["directions"].items()} == {"forward": 12, "reverse": 7}


def test_r02_the_output_of_a_command_that_failed_is_no_answer(stand_in):
    stand_in("nvidia-smi", f"cat {FOLDER}/R02-nvidia-smi-no-driver.txt\nexit 9\n")
    assert facts_linux.gpu() == {"kind": "none", "name": None, "cores": None}
    stand_in("partly", "echo 'a: 1'\nexit 1\n")
    assert command.command_output("partly") == ""
    assert command.command_output("partly", partial=True) == "a: 1\n"


@pytest.mark.parametrize(
    ("address", "interface"),
    [
        ("10.77.0.1", "thunderbolt0"),
        ("10.77.0.2", None),  # the peer's
        ("10.8.0.6", "tun0"),
        ("198.51.100.20", "ppp0"),
        ("192.0.2.10", "eth0"),
        ("192.0.2.1", None),
    ],
)
def test_r03_an_address_with_a_peer_is_an_address(address, interface):
    assert interfaces_linux.parse_interface_of(address, text("R03-ip-o-4-addr-peer.txt")) == interface


def test_r04_an_ethernet_adapter_on_thunderbolt_is_ethernet():
    ports = interfaces_darwin.parse_hardware_ports(text("R04-hardwareports-thunderbolt-ethernet.txt"))
    kinds = {device: interfaces_darwin.port_kind(name) for device, name in ports.items()}
    assert kinds == {"en7": "ethernet", "en9": "ethernet", "en0": "wifi", "en1": "thunderbolt", "bridge0": "thunderbolt"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("en0", "wifi"), ("utun4", "virtual"), ("vnic0", "unknown"), ("bridge100", "unknown"), ("lo0", "loopback")],
)
def test_r05_what_a_mac_does_not_list_as_a_port_is_not_ethernet(monkeypatch, name, kind):
    facts = darwin_interface(monkeypatch, name, text("R05-hardwareports.txt"), text("R05-ifconfig-vpn-and-vm.txt"))
    assert facts["kind"] == kind


@pytest.mark.parametrize(("name", "kind"), [("en0", "wifi"), ("en8", "ethernet")])
def test_wifi_is_told_by_the_device_not_by_the_name_of_its_port(monkeypatch, name, kind):
    ports = "Hardware Port: Drahtlos\nDevice: en0\n\nHardware Port: Wi-Fi-Schreibtisch\nDevice: en8\n"
    assert darwin_interface(monkeypatch, name, ports, "", "Wi-Fi Power (en0): On\n")["kind"] == kind


def test_a_vlan_of_a_mac_is_the_port_beneath(monkeypatch):
    ports = "Hardware Port: Ethernet\nDevice: en0\n"
    ifconfig = (
        "vlan0: flags=8843<UP,BROADCAST> mtu 1496\n\tvlan: 10 parent interface: en0\n\tmedia: autoselect\n"
        "en0: flags=8863<UP> mtu 1500\n\tmedia: autoselect (2500Base-T <full-duplex>)\n\tstatus: active\n"
    )
    facts = darwin_interface(monkeypatch, "vlan0", ports, ifconfig)
    assert (facts["kind"], facts["negotiated_bps"], facts["mtu"], facts["lower"]) == ("ethernet", 2.5e9, 1496, "en0")


# R06 is in test_power.py.


def test_r07_a_job_that_a_signal_ended_says_which():
    job = launchd.parse_print(text("R07-launchctl-print-killed.txt"))
    assert job["last_exit"] == "Killed: 9"
    daemon = launchd.Daemon(
        "org.example.svc", lambda argv: (0, text("R07-launchctl-print-killed.txt"), ""), lambda _seconds: None
    )
    with pytest.raises(launchd.LaunchdError, match=r"does not run after 1 s \(last end: Killed: 9\)"):
        daemon.wait_running(1)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "activating"),
        ({"state": "spawning", "pid": 0}, "activating"),
        ({"state": "a word of another release"}, "activating"),  # it has a process
        ({"state": "running"}, "active"),
        ({"state": "not running", "pid": 0}, "inactive"),
    ],
)
def test_r08_a_job_between_fork_and_exec_is_on_its_way(changed, state):
    job = {**launchd.parse_print(text("R08-launchctl-print-xpcproxy.txt")), **changed}
    assert service_state.launchd_state(job)["state"] == state


@pytest.mark.parametrize("variable", ["LC_TIME", "LC_ALL", "LANG", "TZ"])
def test_r09_a_process_is_known_in_every_language_and_zone(stand_in, monkeypatch, variable):
    case = data("R09-ps-lstart-by-locale.json")
    answers = {"Asia/Tokyo": "Thu Jul 30 00:37:10 2026"} if variable == "TZ" else case["answers"]
    words = "".join(f"{key}) echo '{answer}';;\n" for key, answer in answers.items())
    plain = case["answers"]["C"]
    asked = "${TZ:-UTC}" if variable == "TZ" else "${LC_ALL:-${LC_TIME:-${LANG:-C}}}"
    stand_in("ps", f"case {asked} in\n{words}*) echo '{plain}';;\nesac\n")

    def no_proc(*_arguments, **_options):
        raise OSError

    isdir = os.path.isdir
    monkeypatch.setattr(process, "open", no_proc, raising=False)
    monkeypatch.setattr(os.path, "isdir", lambda path: path != "/proc/self" and isdir(path))
    for key in ("LC_ALL", "LC_TIME", "LANG", "TZ"):
        monkeypatch.delenv(key, raising=False)
    record = {"pid": case["pid"], "started": process.start_time(case["pid"])}
    for key in answers:
        monkeypatch.setenv(variable, key)
        assert process.alive(record), key


def test_a_record_that_an_earlier_release_made_on_a_mac_is_still_known(stand_in, monkeypatch):
    words = "C) echo 'Wed Jul 29 15:37:10 2026';; *) echo 'Mi. 29 Juli 17:37:10 2026';;"
    stand_in("ps", f"case ${{LC_ALL:-$LC_TIME}} in {words} esac\n")
    monkeypatch.setattr(process, "start_time", lambda pid: process._ps_start(pid, {"LC_ALL": "C", "TZ": "UTC"}))
    isdir = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: path != "/proc/self" and isdir(path))
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LC_TIME", "de_DE.UTF-8")
    assert process.alive({"pid": 4242, "started": "Mi. 29 Juli 17:37:10 2026"})
    assert not process.alive({"pid": 4242, "started": "Di. 28 Juli 17:37:10 2026"})


def test_r12_the_remedy_names_addresses_that_another_node_can_reach():
    addresses = sockets_darwin.parse_ifconfig_addresses(text("R12-ifconfig-real-address-after-vm.txt"))
    (row,) = preflight.address_problems({"addresses": addresses}, {"address": "192.0.2.99"})
    assert "(192.0.2.205, " in row["fix"]
    assert "127.0.0.1" not in row["fix"]
    assert "169.254" not in row["fix"]


@pytest.mark.parametrize(
    ("without", "model"),
    [("", "Raspberry Pi 3 Model B Rev 1.2"), ("Model\t\t: .*\n", "Cortex-A53"), ("(Model\t\t|CPU part\t): .*\n", None)],
)
def test_r13_an_arm_processor_has_a_name(without, model):
    assert facts_linux.parse_cpuinfo(re.sub(without, "", text("R13-cpuinfo-arm64-pi.txt")))["model"] == model


@pytest.mark.parametrize(("bits", "found"), [({"bits": 32}, ["a 32-bit system (Linux aarch64)"]), ({"bits": 64}, [])])
def test_r14_a_32_bit_system_on_a_64_bit_kernel_has_no_wheels(bits, found):
    observed = {**data("R14-userland-32bit.json")["observed"], **bits}
    assert [row["found"] for row in preflight.platform_problems(observed, STACK)] == found


def test_r15_an_interpreter_of_the_machines_own_architecture_is_chosen():
    found = data("R15-interpreters-two-architectures.json")["found"]
    assert interpreters.choose(found, "3.9.23")["machine"] == "arm64"
    assert interpreters.choose(found, "3.9.23", "arm64")["machine"] == "arm64"
    assert interpreters.choose(found[:1], "3.9.23", "arm64") is None
    observed = {"interpreters": found[:1], "machine": "arm64"}
    (row,) = interpreter.python_problems(observed, {"python_version": "3.9.23", "python_provider": "system"})
    assert "x86_64" in row["found"]


@pytest.mark.parametrize("changed", [{}, {"machine": "aarch64"}])
def test_r16_musl_has_no_wheels(changed):
    observed = {**data("R16-musl.json")["observed"], "bits": 64, **changed}
    (row,) = preflight.platform_problems(observed, STACK)
    assert row["found"] == "no glibc"


def cgroup(tmp_path, files):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return str(tmp_path)


LIMIT = "268435456"


@pytest.mark.parametrize(
    ("member_of", "files", "limit"),
    [
        ("0::/box/inner\n", {"box/memory.max": LIMIT, "box/inner/memory.max": "max"}, int(LIMIT)),
        ("0::/\n", {"memory.max": LIMIT}, int(LIMIT)),  # in a container with a separate name space
        ("0::/../other\n", {"memory.max": LIMIT}, int(LIMIT)),  # its parent's group, seen from inside
        ("9:memory:/box\n0::/\n", {"memory/box/memory.limit_in_bytes": LIMIT}, int(LIMIT)),
        ("9:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": LIMIT}, int(LIMIT)),  # the mount starts at the container
        ("9:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, None),  # v1's word for none
        ("0::/box\n", {"box/memory.max": "max"}, None),
        # The limits of a login do not hold for a service.
        ("0::/user.slice/user-7.slice/session-1.scope\n", {"user.slice/user-7.slice/memory.max": LIMIT}, None),
        ("", {}, None),
    ],
)
def test_r17_a_container_has_no_more_memory_than_its_limit(tmp_path, member_of, files, limit):
    folder = cgroup(tmp_path, files)
    found = hardware_linux.cgroup_memory_limit(member_of, folder)
    assert (found if limit else found is None or found > 2**60) == (limit or True)
    if limit:
        rows = preflight.memory_problems({"memory_bytes": found}, {"memory_bytes": 4 * 2**30})
        assert [row["check"] for row in rows] == ["memory"]


@pytest.mark.parametrize(
    ("member_of", "files", "cores"),
    [
        ("0::/box\n", {"box/cpu.max": "150000 100000"}, 1.5),
        ("0::/box\n", {"box/cpu.max": "max 100000"}, None),
        (
            "4:cpu,cpuacct:/box\n",
            {"cpu,cpuacct/box/cpu.cfs_quota_us": "50000", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        ("4:cpu,cpuacct:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
    ],
)
def test_a_container_has_no_more_cores_than_its_limit(tmp_path, member_of, files, cores):
    assert hardware_linux.cgroup_cores_limit(member_of, cgroup(tmp_path, files)) == cores


def test_r18_a_bridge_is_the_port_beneath(sysfs):
    end = sysfs(data("R18-sysfs-bridge.json"), "br0")
    assert (end["interface"], end["kind"], end["lower"], end["driver"]) == ("br0", "ethernet", "eth0", "igc")
    assert "limit low_share" in findings(end, 300e6)


PORT = {"speed": "1000", "mtu": "1500", "device": "igc"}
TAP = {"speed": "10000", "mtu": "1500", "device": None}


def over(*names, speed="1000", **more):
    return {"speed": speed, "mtu": "1500", "device": None, "lower": names, **more}


@pytest.mark.parametrize(
    ("interfaces", "name", "expected"),
    [
        # a bridge with a virtual machine on it
        ({"br0": over("eth0", "vnet0"), "eth0": PORT, "vnet0": TAP}, "br0", ("ethernet", 1e9, "eth0", False)),
        # a VLAN on a bond on two ports, one of them without a cable
        (
            {
                "bond0.7": over("bond0"),
                "bond0": over("eth0", "eth1", speed="1000"),
                "eth0": PORT,
                "eth1": {**PORT, "speed": "-1", "operstate": "down"},
            },
            "bond0.7",
            ("ethernet", 1e9, "eth0", False),
        ),
        # two ports together: their sum is a speed that no connection has
        (
            {"bond0": over("eth0", "eth1", speed="2000", has=["bonding"]), "eth0": PORT, "eth1": PORT},
            "bond0",
            ("ethernet", 2e9, "eth0, eth1", True),
        ),
        # a bridge over unlike ports: which of them is used is not told
        (
            {"br0": over("eth0", "eth1"), "eth0": PORT, "eth1": {**PORT, "speed": "10000"}},
            "br0",
            ("ethernet", None, "eth0, eth1", False),
        ),
        (
            {"br0": over("wlan0"), "wlan0": {**PORT, "has": ["phy80211"], "device": "iwlwifi"}},
            "br0",
            ("wifi", 1e9, "wlan0", False),
        ),
        ({"br0": over("ens1"), "ens1": {**PORT, "device": "virtio_net"}}, "br0", ("ethernet", 1e9, "ens1", True)),
        ({"br0": over("veth1"), "veth1": TAP}, "br0", ("virtual", 1e9, None, False)),
        ({"br0": over("br0")}, "br0", ("virtual", 1e9, None, False)),  # never, and it must end
        ({"tb": {**PORT, "device": "thunderbolt-net"}}, "tb", ("thunderbolt", 1e9, None, False)),
        ({"thunderbolt0": {**PORT, "device": "igc"}}, "thunderbolt0", ("ethernet", 1e9, None, False)),
    ],
)
def test_kind_and_speed_are_those_of_the_port_that_carries_it(sysfs, interfaces, name, expected):
    end = sysfs(interfaces, name)
    told = (end["kind"], end["negotiated_bps"], end.get("lower"), bool(end.get("speed_is_nominal")))
    assert told == expected


def test_r19_the_speed_of_a_paravirtual_interface_is_a_name(sysfs):
    case = data("R19-sysfs-vmxnet3.json")
    end = sysfs({"ens192": case["ens192"]}, "ens192")
    assert (end["driver"], end["speed_is_nominal"], end["capable_bps"]) == ("vmxnet3", True, None)
    assert "fault above_ceiling" not in findings(end, case["goodput_bps"], case["systemd-detect-virt"])
    assert interfaces.unknown_capability(end) == ""


@pytest.mark.parametrize(("hypervisor", "nominal"), [(True, True), (False, False)])
def test_an_emulated_card_has_a_speed_only_as_hardware(sysfs, monkeypatch, hypervisor, nominal):
    monkeypatch.setattr(interfaces_linux, "_is_virtual_machine", lambda: hypervisor)
    assert bool(sysfs({"eth0": {**PORT, "device": "e1000"}}, "eth0").get("speed_is_nominal")) is nominal


def test_r20_a_ray_is_seen_in_a_path_with_a_blank():
    rows = processes_darwin.parse_ps_args(text("R20-ps-ray-path-with-blank.txt"))
    assert [processes.is_ray(row["command"]) for row in rows] == [True, True]
    problems = ray_on_node.foreign_ray_problems({"processes": rows}, {"venv_root": "/opt/saf"})
    assert "/Users/me/Library/Application Support/" in problems[0]["found"]


@pytest.mark.parametrize(
    "command",
    [
        "vim /x/raylet",
        "/usr/bin/vim /x/raylet",
        "/usr/bin/vim raylet",
        "tail --follow /tmp/ray/raylet",
        "/opt/My raylet/x --raylet",
    ],
)
def test_what_only_names_a_ray_is_none(command):
    assert not processes.is_ray(command)


class Firewall:
    """socketfilterfw; what is removed is gone, unless it is ``stubborn``."""

    def __init__(self, listing, stubborn=False):
        self.listing, self.stubborn, self.removed = listing, stubborn, []

    def run_command(self, argv, **_options):
        if argv[1] == "--remove":
            self.removed.append(argv[2])
            if not self.stubborn:
                self.listing = re.sub(rf"(?m)^\d+ : {re.escape(argv[2])} *\n.*\n", "", self.listing)
        return 0, self.listing, ""


BUNDLE = (
    "/opt/homebrew/Cellar/python@3.9/3.9.23_1/Frameworks/Python.framework/Versions/3.9/Resources/Python.app"  # as it is listed
)


@pytest.mark.parametrize(
    ("name", "removed"),
    [
        (f"{BUNDLE}/Contents/MacOS/Python", [BUNDLE]),
        ("/usr/libexec/remoted", ["/usr/libexec/remoted"]),
        ("/usr/libexec/remote", []),  # the beginning of another one's name
    ],
)
def test_r21_the_firewall_lists_a_bundle_for_the_program_in_it(name, removed):
    firewall = Firewall(text("R21-socketfilterfw-listapps.txt"))
    kind = manifest_kinds_darwin.FirewallApplication(firewall, {"kind": "firewall_application", "name": name})
    assert kind.exists() is bool(removed)
    assert kind.undo() == ""
    assert firewall.removed == removed
    assert not kind.exists()


def test_a_firewall_that_keeps_its_entry_is_told():
    firewall = Firewall(text("R21-socketfilterfw-listapps.txt"), stubborn=True)
    kind = manifest_kinds_darwin.FirewallApplication(firewall, {"kind": "firewall_application", "name": "/usr/libexec/remoted"})
    assert "keeps its entry for /usr/libexec/remoted" in kind.undo()


@pytest.mark.parametrize(("gib", "bandwidth"), [(16, 153e9), (24, 170e9), (32, 170e9), (48, None)])
def test_r22_bandwidth_by_the_size_of_the_memory(root, gib, bandwidth):
    facts = {**data("R22-m6-16gb.json"), "memory_bytes": gib * 2**30}
    assert ceilings.memory(facts, {"backend": "gpu"}, {"peaks": peaks(root)})[0] == bandwidth


def test_r22_an_older_reader_finds_what_it_found(root):
    import csv

    with open(root / "data" / "apple_silicon_peaks.csv") as stream:
        rows = {(row["chip"], int(row["gpu_cores"])): row for row in csv.DictReader(stream)}
    assert rows[("M6", 12)]["mem_bw_gb_s"] == "170"


def test_r23_the_a18_pro_has_a_row_and_no_invented_bandwidth(root):
    facts = data("R23-a18-pro.json")
    row = ceilings.apple_row(facts, peaks(root))
    assert (row["gpu_clock_mhz"], row["mem_bw_gb_s"]) == ("1470", "")
    assert ceilings.gemm(facts, {"backend": "gpu"}, {"peaks": peaks(root)})[0] == 5 * 256 * 1.47e9
    assert "no bandwidth for Apple A18 Pro" in ceilings.memory(facts, {"backend": "gpu"}, {"peaks": peaks(root)})[1]
