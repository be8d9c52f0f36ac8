"""The inputs that the fuzzed properties found, each shrunk to what was wrong with it (tests/properties/test_fuzz_*.py)."""

from __future__ import annotations

import json

import inventory_problems
import pytest
import ray_watchdog

import launchd_service
import node_leftovers
import node_manifest
import pinned_formula
import ray_node_info
from ansible_collections.saf.fabric.plugins.module_utils import venv
from ansible_collections.saf.fabric.plugins.module_utils.measure import children, iperf
from ansible_collections.saf.fabric.plugins.module_utils.services import launchd, path_probe, process, service_state, systemd
from ansible_collections.saf.fabric.plugins.module_utils.system import command, folders, gpu_load, homebrew, numbers
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import facts as mac_facts
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as mac_interfaces
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import processes as mac_processes
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import sockets as mac_sockets
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import facts as linux_facts
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import hardware as linux_hardware
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import processes as linux_processes
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import sockets as linux_sockets
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import repository

DIGITS = "9" * 5000  # more than Python converts
DEEP = "[" * 200000
GROUPS = {"head": ["alpha"], "workers": ["beta"], "cluster": ["alpha", "beta"]}


@pytest.mark.parametrize("text", ["²", "٣", "-1", "1,5", "0x1f", "", DIGITS])
def test_what_is_no_whole_number_is_unknown(text):
    assert numbers.whole(text) is None


def test_a_decimal_comma_is_a_point():
    assert (numbers.decimal("1,5\n"), numbers.decimal("1.2.3"), numbers.decimal("inf")) == (1.5, None, None)


@pytest.mark.parametrize("first", ["1,5", "PID", DIGITS])
def test_a_line_of_ps_without_a_number_is_left_out(first):
    assert mac_processes.parse_ps(f"{first} 1 0:01.00 a\n7 1 0:01.00 b\n") == {7: ("b", 1.0, 1)}
    assert mac_processes.parse_ps_args(f"{first} me a\n7 me b\n") == [{"pid": 7, "user": "me", "command": "b"}]


def test_a_process_number_of_lsof_that_is_cut_off_is_unknown():
    assert mac_processes.parse_lsof("p\nn*:22\nn*:²\n") == {(0, "*", 22)}
    assert mac_sockets.parse_lsof("p\nn*:22\nn*:²\n") == [{"port": 22, "pid": 0, "command": ""}]


@pytest.mark.parametrize("local", ["0100007F", "0100007F:", "01:18EC", "-100007F:18EC", "0100007F:1,5", "0100007F:18EC0"])
def test_a_socket_with_a_garbled_address_is_left_out(local):
    text = f"head\n 0: {local} 00000000:0000 0A 0:0 00:0 0 999 0 31337 1\n"
    assert linux_sockets.parse_proc_net_tcp(text) == {}
    assert linux_processes.parse_proc_net(text) == {}


@pytest.mark.parametrize("number", [DIGITS, "²", "x", ""])
def test_a_state_with_garbled_numbers_has_none(number):
    shown = (
        f"LoadState=loaded\nActiveState=active\nNRestarts={number}\nActiveEnterTimestampMonotonic={number}\nMainPID={number}\n"
    )
    assert service_state.parse_show(shown, 10.0)["restarts"] is None
    assert systemd.runs(systemd.parse_show(shown), "", "")["pid"] == 0
    assert launchd.parse_print(f"\tpid = {number}\n\truns = {number}\n")["pid"] == 0


def test_garbled_numbers_of_a_mac_are_unknown():
    assert mac_facts.parse_swap("used = 1.2.3M") is None
    assert mac_interfaces.parse_valid_media(f"{DIGITS}baseT\n100baseT") == 10**8
    assert gpu_load.parse_powermetrics("GPU HW active residency: 1.2.3%")["active"] is None
    assert linux_facts.parse_mhz("cpu MHz\t: 1.2.3\n") is None


@pytest.mark.parametrize("answer", ["[]", "7", '{"SPDisplaysDataType": [7]}', '{"SPDisplaysDataType": 7}', DEEP])
def test_displays_of_another_shape_are_none(answer):
    assert mac_facts.parse_displays(answer)["kind"] == "none"
    assert ray_node_info.gpu_cores(answer) == 0


def test_iperf3_with_a_number_without_end_is_an_error():
    answer = {"end": {"sum_received": {"bits_per_second": 10**400}, "sum_sent": {}}}
    assert "lacks what is measured" in iperf.parse(json.dumps(answer), "forward")["error"]


def test_a_control_group_without_colons_or_with_a_period_of_nothing_has_no_limit(tmp_path):
    assert linux_hardware.cgroup_memory_limit("garbled\n0::\n", str(tmp_path)) is None
    (tmp_path / "cpu.max").write_text("150000 0\n")
    assert linux_hardware.cgroup_cores_limit("0::/\n", str(tmp_path)) is None


def test_bytes_that_are_no_text_are_replaced():
    assert command.command_output("/bin/sh", "-c", "printf 'a\\377'") == "a\N{REPLACEMENT CHARACTER}"
    with children.Children() as running:
        assert running.run(["/bin/sh", "-c", "printf 'a\\377'"], 10) == ("a\N{REPLACEMENT CHARACTER}", "")
    assert ray_watchdog.service_pid(["/bin/sh", "-c", "printf 'a\\377\\nMainPID=7\\n'"]) == 7


def test_a_nul_in_a_path_is_no_file():
    assert command.read("/etc/\0") == ""
    assert command.command_output("true", "\0") == ""
    assert folders.matching("/etc/\0*") == []


@pytest.mark.parametrize("content", [b"7", b"[]", b"null", b"\xff", DEEP.encode()])
def test_a_document_of_another_shape_is_none(tmp_path, monkeypatch, content):
    (tmp_path / "record.json").write_bytes(content)
    (tmp_path / venv.MARKER).write_bytes(content)
    (tmp_path / "Cellar" / "x" / "1").mkdir(parents=True)
    (tmp_path / "Cellar" / "x" / "1" / "INSTALL_RECEIPT.json").write_bytes(content)
    monkeypatch.setattr(homebrew, "PREFIX", str(tmp_path))
    assert process.read_record(tmp_path / "record.json") == {}
    assert venv.read_marker(tmp_path) == {}
    assert homebrew.installed("x") == {"1": None}
    assert ray_node_info.recorded(tmp_path / "record.json") == []
    assert ray_watchdog.read_state(tmp_path / "record.json", 10.0) == {}
    assert list(ray_watchdog.parse_lines(DEEP)) == []


@pytest.mark.parametrize("state", ['{"pid": 7}', '{"since": "x"}', '{"since": 1, "asked": null, "strikes": 0}'])
def test_a_damaged_state_of_the_watchdog_is_none(tmp_path, state):
    (tmp_path / "state").write_text(state)
    assert ray_watchdog.read_state(tmp_path / "state", 10.0) == {}


def test_a_pid_file_keeps_what_has_its_type(tmp_path):
    (tmp_path / "ray.json").write_text('{"pid": 7, "argv": "ray", "environment": [], "started": 5, "user": "me"}')
    assert set(process.read_record(tmp_path / "ray.json")) == {"pid", "user", "written_by"}


def test_a_record_that_is_none_makes_its_venv_damaged(tmp_path):
    (tmp_path / "ray-2.49.1.dist-info").mkdir()
    record = tmp_path / "ray-2.49.1.dist-info" / "RECORD"
    record.write_bytes(b"a" * 200000 + b"\xff")  # longer than a field of CSV, and no UTF-8
    assert venv.damaged_files(tmp_path, venv.installed(tmp_path)) == ["ray: its RECORD is missing"]
    record.write_text("ray-2.49.1.dist-info,sha256=ab,1\n")  # a folder
    assert venv.damaged_files(tmp_path, venv.installed(tmp_path)) == ["ray: ray-2.49.1.dist-info was altered"]


@pytest.mark.parametrize(
    "content", ["7", DEEP, '{"version": 1}', '{"version": 1, "entries": [{}]}', '{"version": 1, "entries": [7]}']
)
def test_a_manifest_that_is_none_stops_with_a_sentence(run_module, tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    result = run_module(node_manifest, {"path": str(tmp_path / "manifest.json"), "state": "listed"})
    assert "cannot be read" in result["msg"]
    assert len(result["msg"]) < 500


def test_what_another_release_recorded_is_kept_and_named(run_module, tmp_path):
    entries = [{"kind": "spell", "name": "x"}, {"kind": "file", "name": str(tmp_path / "y"), "previous": {"content": 7}}]
    (tmp_path / "manifest.json").write_text(json.dumps({"version": 1, "entries": entries}))
    result = run_module(node_manifest, {"path": str(tmp_path / "manifest.json"), "state": "undone"})
    assert len(result["left"]) == 2
    assert "another release" in result["left"][1]


def test_a_target_that_is_none_is_a_reason():
    for host, port in (("x" * 300, 22), ("10.0.0.1", 10**400)):
        assert path_probe.connect_error(host, port, 1)
        assert path_probe.error_of({"host": host, "port": port, "protocol": "udp", "size": 100}, 1)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (launchd_service, {"label": "../x", "plist": {}}),
        (pinned_formula, {"name": "python@3.9", "tap": "mine", "content": "", "kegs": []}),
        (node_leftovers, {"venv_root": "/opt/saf", "entries": [{}]}),
    ],
)
def test_an_argument_that_cannot_be_is_a_sentence(run_module, module, arguments):
    result = run_module(module, arguments, check=True)
    assert result["failed"]
    assert result["msg"].endswith(".")


@pytest.mark.parametrize("value", [None, 10**400, [None]])
def test_a_property_list_that_cannot_be_written_is_a_sentence(value):
    with pytest.raises(launchd.LaunchdError, match="cannot be written as a property list"):
        launchd.definition({"Label": value})
    with pytest.raises(launchd.LaunchdError, match="no property list"):
        launchd.parse_definition(b"garbled")


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("links", "-1", "links"),
        ("links", {"fast": None}, "links"),
        ("links", {"fast": "10.0.0.1/24"}, "links"),
        ("cluster_address", "fe80::1%en0", "address"),
        ("cluster_address", "10.0.0.256", "address"),
        ("cluster_address", "10.0.0.1\n", "address"),
        ("bench_overrides", {"mlx": "-1"}, "bench_overrides"),
        ("bench_overrides", {"network": {"seconds": "x"}}, "bench_overrides"),
        ("bench_overrides", {"mlx": {"llm": {"gpu": [{"model": "x"}]}}}, "bench_overrides"),
        ("ray_object_store_memory", DIGITS, "ray_object_store_memory"),
        ("ray_port", "٣", "port"),
        ("stack", "\0", "stack"),
        ("stack", "x" * 5000, "stack"),
        ("proxy_env", "x", "proxy_env"),
    ],
)
def test_a_value_that_cannot_be_is_a_short_row(name, value, check):
    hostvars = {"alpha": {"cluster_address": "10.0.0.1", name: value}, "beta": {"cluster_address": "10.0.0.2", name: value}}
    rows = inventory_problems.problems(GROUPS, hostvars, ["alpha", "beta"], None)
    assert check in [row["check"] for row in rows]
    assert all(
        len(cell) <= 600 and cell.replace("\N{NO-BREAK SPACE}", " ").isprintable() for row in rows for cell in row.values()
    )


def test_a_part_that_the_profile_leaves_out_needs_all_its_settings():
    given = {"bench_profile": "quick", "bench_overrides": {"mlx": {"llm": {"budget": 5}}}}
    hostvars = {host: {"cluster_address": f"10.0.0.{number}", **given} for number, host in enumerate(("alpha", "beta"), 1)}
    rows = inventory_problems.problems(GROUPS, hostvars, ["alpha", "beta"], None)
    assert [row["found"] for row in rows] == ["llm has no repetitions"]


@pytest.mark.parametrize("folder", ["/" + "y" * 5000, "/\0", "/\ud800"])
def test_a_folder_that_no_system_has_is_asked_about(folder):
    assert repository.unwritable({"x": folder}) in ({}, {"x": folder})
