"""The machine that runs the tests, as the modules describe it."""

import os
import subprocess
import sys

import node_hardware_info
from ansible_collections.saf.fabric.plugins.module_utils.system import busiest
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import processes as linux


def test_this_machine_can_be_described(run_module, tmp_path):
    facts = run_module(node_hardware_info, {"node": "here", "venv_root": str(tmp_path), "links": {"default": "127.0.0.1"}})[
        "facts"
    ]
    assert facts["links"]["default"]["address"] == "127.0.0.1"
    assert facts["memory_bytes"] > 0
    assert facts["venv"] is None
    assert len(facts["conditions"]["load_average"]) == 3
    assert all(one["cpu_percent"] > 0 for one in facts["conditions"]["busiest"])


def test_a_process_that_spins_is_found_on_this_machine(monkeypatch):
    monkeypatch.setattr(busiest, "_MAX_PROCESSES", 1000)
    monkeypatch.setattr(busiest, "_MIN_PERCENT", 1)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            with open(f"/proc/{spinning.pid}/stat") as stream:
                name, _seconds, _parent = linux.parse_stat(stream.read(), 100)
            now = busiest.now()
            assert name in [one["command"] for one in now["busiest"]]
            assert now["busy_cores"] > 0
        finally:
            spinning.kill()
    assert not {os.getpid(), os.getppid()} & set(busiest._sample())
