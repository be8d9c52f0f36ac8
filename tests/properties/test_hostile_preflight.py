"""Whatever a node observes, its evaluation is rows: each value in turn is another one, of a wrong type, or missing."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_any_value import ODD, change, places

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import preflight, problem
from ansible_collections.saf.fabric.plugins.plugin_utils.text import table
from ansible_collections.saf.fabric.plugins.plugin_utils.trust import border

RAY = "/home/me/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet --x"
LINUX = {
    "system": "Linux",
    "machine": "x86_64",
    "bits": 64,
    "glibc": "2.36",
    "cuda": "13.0",
    "stack": "",
    "membership": {},
    "macos": "",
    "memory_bytes": 8 * 2**30,
    "shared_memory_bytes": 2**31,
    "disk": {"path": "/opt", "free_bytes": 9 * 2**30, "total_bytes": 10**12, "inodes_free": 10**6},
    "has_venvs": False,
    "open_files_limit": 524288,
    "addresses": ["127.0.0.1", "10.0.0.2"],
    "maintenance": "",
    "service_managers": ["systemd", "process"],
    "systemd": 252,
    "processes": [{"pid": 7, "user": "saf", "command": "/opt/saf/current/bin/python ray start"}],
    "listeners": [{"port": 6380, "user": "saf", "pid": 7, "command": "/opt/saf/current/bin/python ray start"}],
    "interpreters": [
        {
            "path": "/usr/bin/python3",
            "real_path": "/usr/bin/python3.9",
            "version": "3.9.23",
            "implementation": "cpython",
            "machine": "x86_64",
            "bits": 64,
            "libc": "glibc",
            "missing": [],
        }
    ],
    "conda": None,
    "homebrew": None,
    "sudo_without_password": None,
    "time": 1.8e9,
    "clock_offset": {"min": -0.2, "max": 0.3},
}
# A Mac at which everything is wrong, so that each check builds its rows of what the node observed.
WRONG_MAC = {
    **LINUX,
    "system": "Darwin",
    "machine": "arm64",
    "glibc": "",
    "macos": "13.1",
    "memory_bytes": 2**30,
    "shared_memory_bytes": 2**20,
    "disk": {"path": "/opt", "free_bytes": 1, "total_bytes": 1, "inodes_free": 0},
    "open_files_limit": 256,
    "addresses": ["127.0.0.1", "10.9.9.9"],
    "service_managers": ["launchd", "systemd"],
    "systemd": 200,
    "processes": [{"pid": 7, "user": "me", "command": RAY}, {"pid": 8, "user": "you", "command": RAY}],
    "listeners": [{"port": 6380, "user": "redis", "pid": 7, "command": "redis-server *:6380"}],
    "homebrew": {"owner": None, "other_prefix": None, "kegs": {"3.9.25": "homebrew/core"}, "in_use": "3.9.25"},
    "clock_offset": {"min": 100.0, "max": 101.0},
}
WANTED = {
    "platforms": [
        {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
        {"system": "Darwin", "machine": "arm64", "macos": "14.0"},
    ],
    "without_mlx": [],
    "accelerators": {"cuda13": {"system": "Linux", "machines": ["x86_64"], "cuda": "13.0", "disk_gb": 0, "driver": "NVIDIA 580"}},
    "accelerator": "auto",
    "memory_bytes": 4 * 2**30,
    "disk_bytes": 6 * 2**30,
    "open_files": 65536,
    "address": "10.0.0.2",
    "venv_root": "/opt/saf",
    "temp_dir": "/opt/saf/ray/tmp",
    "service_manager": "auto",
    "gcs_store": {"user": "saf-store", "package_manager": "apt"},
    "minimums": {"systemd": 247, "shared_memory_bytes": 10**8},
    "ports": {"ray_port": 6380},
    "python_version": "3.9.23",
    "python_provider": "system",
    "pinned_versions": [],
    "homebrew": {
        "version": "3.9.23",
        "macos": "14",
        "formula": "python@3.9",
        "kegs": ["3.9.23"],
        "tap": "ours",
        "replace": False,
        "way": "script",
        "fallback": "",
    },
    "clock_tolerance": 5.0,
}
SITUATIONS = [
    (LINUX, WANTED),
    (LINUX, {**WANTED, "python_provider": "conda"}),
    (WRONG_MAC, {**WANTED, "service_manager": "process", "temp_dir": "/" + "x" * 90}),
    (WRONG_MAC, {**WANTED, "python_provider": "homebrew"}),
]
# Beside what test_any_value has: numbers that Python cannot convert, and texts that a parser may choke on.
STRANGE = [*ODD, 10**400, -(10**400), "9" * 5000, "1." * 2000, "/" * 300, "\ud800", {1: 2}, [[]], {"free_bytes": []}]


def evaluated(observed, wanted):
    """Return the problems and check what must hold for every table."""
    found = preflight.problems(observed, wanted)
    for row in found:
        assert set(row) <= {"check", "wanted", "found", "fix", "command", "other_root"}
        assert all(isinstance(value, str) for value in row.values())
    rows = problem.rows_of("alpha", found)
    assert table.render(rows, [("node", "node"), ("found", "found")])
    json.dumps(rows)
    return found


def test_the_situations_are_what_they_say():
    assert evaluated(*SITUATIONS[0]) == []
    checks = {row["check"] for situation in SITUATIONS for row in evaluated(*situation)}
    assert checks == {
        "platform",
        "memory",
        "disk",
        "open files",
        "address",
        "path",
        "service manager",
        "systemd",
        "shared memory",
        "GCS store",
        "foreign Ray",
        "port",
        "homebrew",
        "python",
        "conda",
        "clock",
    }


@pytest.mark.parametrize("number", range(len(SITUATIONS)))
def test_each_value_in_turn_may_be_anything(number):
    observed, wanted = SITUATIONS[number]
    for path in places(observed):
        for value in STRANGE:
            changed = copy.deepcopy(observed)
            change(changed, path, value)
            evaluated(changed, wanted)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)
@given(
    st.sampled_from(range(len(SITUATIONS))),
    st.lists(st.tuples(st.sampled_from(sorted(places(WRONG_MAC), key=str)), st.sampled_from(STRANGE)), min_size=2, max_size=6),
)
def test_several_values_at_once_may_be_anything(number, changes):
    observed, wanted = copy.deepcopy(SITUATIONS[number])
    for path, value in changes:
        change(observed, path, value)
    evaluated(observed, wanted)


@pytest.mark.parametrize(
    "answer", [None, [], "text", {}, {"failed": True}, {"failed": True, "msg": ["x"]}, {"unreachable": True}]
)
def test_an_answer_that_is_none_is_a_problem(answer):
    assert evaluated(answer, WANTED)


@pytest.mark.parametrize("name", ["memory_bytes", "disk", "clock_offset", "glibc", "bits", "addresses", "interpreters", "system"])
def test_what_is_unknown_does_not_fit(name):
    """A node that hides what it lacks does not pass."""
    without = {key: value for key, value in LINUX.items() if key != name}
    assert evaluated(without, WANTED)


@pytest.mark.parametrize("name", ["shared_memory_bytes", "systemd", "open_files_limit", "processes", "listeners"])
def test_what_some_systems_do_not_report_is_not_judged(name):
    assert evaluated({**LINUX, name: None}, WANTED) == []


def test_a_failed_module_is_a_row_with_its_message():
    (row,) = evaluated({"failed": True, "msg": "The module ended\nwithout a result"}, WANTED)
    assert (row["check"], row["found"]) == ("node", "The module ended without a result")


def test_the_border_lets_an_observation_pass_unchanged():
    assert border.result("node_preflight_info", "alpha", LINUX) == LINUX


def test_a_list_without_end_is_cut():
    rows = [{"port": 1, "user": str(number), "pid": 1, "command": "raylet"} for number in range(20000)]
    assert len(evaluated({**LINUX, "processes": rows}, WANTED)) == 10000
