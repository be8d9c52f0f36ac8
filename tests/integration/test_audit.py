"""The audit's modules on the machine that runs the tests: a real listener, a real process, files below a root of the test."""

import os
import pwd
import subprocess
import sys

import pytest

import node_audit_info
import node_doors_info
from ansible_collections.saf.fabric.plugins.module_utils.audit import running

LISTEN = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); time.sleep(600)"


@pytest.fixture
def me():
    return pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def listening():
    """A process that listens on a port of loopback: (process, port)."""
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def test_a_foreign_listener_and_a_foreign_cron_entry_are_seen(run_module, tmp_path, me, listening):
    process, port = listening
    (tmp_path / "etc" / "cron.d").mkdir(parents=True)
    (tmp_path / "etc" / "cron.d" / "dns-filter").write_text(f"*/15 * * * * {me} /var/tmp/dns-filter\n")
    (tmp_path / "saf").mkdir()
    arguments = {"venv_root": str(tmp_path / "saf"), "user": me, "unit": "no-such-unit", "label": "none", "pid_file": "/none"}
    result = run_module(node_audit_info, {**arguments, "root": str(tmp_path)})
    assert [(item["path"], item["reasons"]) for item in result["scheduled"]] == [
        ("/etc/cron.d/dns-filter", ["account", "temporary"])
    ]
    (seen,) = [one for one in result["listeners"] if one["port"] == port and one["protocol"] == "tcp"]
    assert (seen["address"], seen["pid"], seen["user"], seen["of_service"]) == ("127.0.0.1", process.pid, me, False)
    (door,) = run_module(node_doors_info, {"doors": [{"node": "here", "address": "127.0.0.1", "port": port}]})["doors"]
    assert door["answers"]


def test_a_process_outside_the_service_is_a_stranger_and_one_of_its_tree_is_none(me, listening):
    process, _port = listening
    strangers, service = running.strangers(me, [], "/none", 0.1)
    assert process.pid in {one["pid"] for one in strangers}
    assert service == set()
    strangers, service = running.strangers(me, [process.pid], "/none", 0.1)
    assert process.pid not in {one["pid"] for one in strangers}
    assert service == {process.pid}
    assert os.getpid() not in {one["pid"] for one in strangers}
