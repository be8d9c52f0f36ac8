"""The responder and the probe of a path, on loopback."""

import contextlib
import os
import socket
import threading

import pytest

import path_probe
import path_responder
from ansible_collections.saf.fabric.plugins.module_utils.services import path_probe as probe
from ansible_collections.saf.fabric.plugins.module_utils.services import path_responder as responder


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as sample:
        sample.bind(("", 0))
        return sample.getsockname()[1]


@pytest.fixture
def tcp_port():
    return free_port(socket.SOCK_STREAM)


@pytest.fixture
def udp_port():
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
def failures(run_module):
    """Return the reasons of the probe's failed targets: failures(port, protocol, size)."""

    def run(port, **options):
        target = {"node": "b", "host": "127.0.0.1", "port": port, **options}
        return [row["reason"] for row in run_module(path_probe, {"targets": [target]})["failed_targets"]]

    return run


def test_a_responder_accepts_connections_until_it_is_stopped(run_module, failures, tcp_port):
    assert "refused" in failures(tcp_port)[0]
    pid = run_module(path_responder, {"tcp_ports": [tcp_port], "seconds": 30})["pid"]
    assert failures(tcp_port) == []
    run_module(path_responder, {"state": "stopped", "pid": pid})
    assert "refused" in failures(tcp_port)[0], "the module waits until the responder is gone"


def test_a_responder_answers_packets_until_it_is_stopped(run_module, failures, udp_port):
    pid = run_module(path_responder, {"udp_ports": [udp_port], "seconds": 30})["pid"]
    assert failures(udp_port, protocol="udp", size=1400) == []
    run_module(path_responder, {"state": "stopped", "pid": pid})
    assert failures(udp_port, protocol="udp", size=1400) == ["no answer to a packet of 1400 bytes"]


def test_a_responder_ends_by_itself(run_module, tcp_port):
    pid = run_module(path_responder, {"tcp_ports": [tcp_port], "seconds": 0})["pid"]
    with contextlib.suppress(ChildProcessError):  # Popen has collected it already
        assert os.waitpid(pid, 0)[0] == pid
    assert not responder.is_responder(pid)


def test_a_probe_by_udp_needs_a_size(run_module):
    answer = run_module(path_probe, {"targets": [{"node": "b", "host": "127.0.0.1", "port": 1, "protocol": "udp"}]})
    assert answer["failed"]
    assert "protocol is udp but all of the following are missing: size" in answer["msg"]


def test_a_tcp_port_in_use_is_skipped(tcp_port):
    with socket.socket() as holder:
        holder.bind(("", tcp_port))
        holder.listen()
        assert responder.start([tcp_port], [], 5) == 0


def test_a_udp_port_in_use_is_an_error(run_module):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        result = run_module(path_responder, {"udp_ports": [port]})
    assert result["failed"]
    wanted = f"UDP port {port} cannot be used to answer the other nodes (Address already in use): free the port and run the"
    assert wanted in result["msg"]


def test_check_mode_starts_no_responder(run_module, tcp_port):
    assert run_module(path_responder, {"tcp_ports": [tcp_port], "seconds": 5}, check=True)["pid"] == 0


def test_only_a_responder_is_ended():
    responder.stop(os.getpid())  # would end this test


def test_all_targets_are_tried_at_once(monkeypatch):
    """One after the other, the second could never meet the first: the barrier would break."""
    barrier = threading.Barrier(8, timeout=20)

    def meet(_address, timeout):
        barrier.wait()
        raise socket.timeout

    monkeypatch.setattr(probe.socket, "create_connection", meet)
    targets = [{"node": f"n{number}", "host": "10.0.0.1", "port": number, "protocol": "tcp"} for number in range(8)]
    failed = probe.failed_targets(targets, 5)
    assert [(row["node"], row["reason"]) for row in failed] == [(target["node"], "no answer") for target in targets]


def test_no_target_is_no_failure():
    assert probe.failed_targets([], 5) == []
