"""Listening and connecting, on loopback."""

import os
import socket
import time

import pytest
from ansible.module_utils.saf import reachability

import port_reachability


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
