"""Listening and connecting, on loopback."""

import os
import socket
import threading
import time

import pytest

import port_reachability
from ansible_collections.saf.fabric.plugins.module_utils.services import reachability


@pytest.fixture
def free_port():
    with socket.socket() as sample:
        sample.bind(("", 0))
        return sample.getsockname()[1]


def alive(pid):
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def test_listen_connect_and_close(run_module, free_port):
    target = {"node": "b", "host": "127.0.0.1", "port": free_port}
    answer = run_module(port_reachability, {"state": "connected", "targets": [target]})
    assert "refused" in answer["refused"][0]["reason"]
    pid = run_module(port_reachability, {"state": "listening", "ports": [free_port], "seconds": 30})["pid"]
    assert run_module(port_reachability, {"state": "connected", "targets": [target]})["refused"] == []
    run_module(port_reachability, {"state": "closed", "pid": pid})
    for _attempt in range(100):
        if not alive(pid):
            break
        time.sleep(0.05)
    assert run_module(port_reachability, {"state": "connected", "targets": [target]})["refused"]


def test_a_port_that_is_in_use_is_left_alone(free_port):
    with socket.socket() as holder:
        holder.bind(("", free_port))
        holder.listen()
        assert reachability.listen([free_port], 5) == 0


def test_only_a_listener_is_ended():
    reachability.close(os.getpid())  # would end this test


def test_all_targets_are_tried_at_once(monkeypatch):
    """One after the other, the second could never meet the first: the barrier would break."""
    barrier = threading.Barrier(8, timeout=20)

    def meet(_address, timeout):
        barrier.wait()
        raise socket.timeout

    monkeypatch.setattr(reachability.socket, "create_connection", meet)
    targets = [{"node": f"n{number}", "host": "10.0.0.1", "port": number} for number in range(8)]
    refused = reachability.refused(targets, 5)
    assert [(row["node"], row["reason"]) for row in refused] == [(target["node"], "no answer") for target in targets]


def test_no_target_is_no_fault():
    assert reachability.refused([], 5) == []
