"""The module between this machine and itself, with the real iperf3."""

import json
import os
import shutil
import socket
import threading
import time

import pytest

import network_benchmark
from ansible_collections.saf.fabric.plugins.module_utils.measure import iperf, pair, round_trip
from ansible_collections.saf.fabric.plugins.module_utils.measure.children import Children
from ansible_collections.saf.fabric.plugins.module_utils.probes import link_server

SELF = {
    "node": "a",
    "nodes": ["a"],
    "clients": [{"peer": "a", "host": "127.0.0.1"}],
    "targets": [{"peer": "b", "host": "127.0.0.1"}],
    "port": 5971,
}
QUICK = {"seconds": 1, "omit": 0, "round_trips": 50, "timeout": 60}


def by_name(result):
    found = {}
    for metric in result["measurements"]:
        found.setdefault(metric["name"], []).append(metric)
    return found


def test_everything_of_a_pair_is_measured_and_nothing_is_left(run_module):
    assert shutil.which("iperf3"), "this test needs iperf3: make host installs it"
    options = {"modes": ["forward", "reverse", "both"], "streams": [1, 2], "udp": True}
    result = run_module(network_benchmark, {**SELF, **QUICK, **options})
    assert result["not_measured"] == []
    found = by_name(result)
    assert set(found) == {"net.goodput", "net.goodput_both", "net.rtt.idle", "net.rtt.loaded", "net.udp_jitter", "net.udp_loss"}
    assert [metric["subject"] for metric in found["net.goodput"]] == [["a", "b"], ["b", "a"]] * 2
    assert [metric["params"]["streams"] for metric in found["net.goodput"]] == [1, 1, 2, 2]
    assert len(found["net.goodput_both"]) == 4
    assert len(found["net.rtt.loaded"]) == 2  # forward and reverse of the first number of streams
    assert all(sample >= 0 for metric in result["measurements"] for sample in metric["samples"])
    for metric in found["net.goodput"]:  # the interfaces of the routes at both ends, whoever sends
        assert [metric["context"][side]["kind"] for side in ("from", "to")] == ["loopback", "loopback"]
    with pytest.raises(OSError, match="refused"):
        round_trip.connect("127.0.0.1", SELF["port"], 0)


def test_all_at_once_is_one_sum(run_module):
    result = run_module(network_benchmark, {**SELF, **QUICK, "together": True})
    (metric,) = result["measurements"]
    assert metric["name"] == "net.together"
    assert metric["scope"] == "node"
    assert metric["params"]["flows"] == 1
    assert len(metric["samples"]) >= 1


def test_a_flow_that_stalls_does_not_drop_out_of_the_sum(run_module, monkeypatch):
    monkeypatch.setattr(pair, "_SPREAD_S", 30)  # more than the run has seconds: nothing is left to count
    monkeypatch.setattr(
        iperf,
        "command",
        lambda iperf3, host, port, *_settings: short(iperf3, host, port),
    )
    result = run_module(network_benchmark, {**SELF, **QUICK, "together": True})
    assert result["measurements"] == []
    assert result["not_measured"][0]["reason"] == "to b: too few seconds of it arrived"


def short(iperf3, host, port):
    return [iperf3, "--client", host, "--port", str(port), "--json", "--get-server-output", "--time", "1"]


def test_a_peer_that_does_not_serve_is_one_sentence(run_module, monkeypatch):
    monkeypatch.setattr(pair, "_PATIENCE_S", 0)
    result = run_module(network_benchmark, {**SELF, **QUICK, "clients": []})
    assert result["measurements"] == []
    assert "b does not answer on port 5971 of 127.0.0.1" in result["not_measured"][0]["reason"]


def test_a_port_in_use_is_named(run_module, monkeypatch):
    monkeypatch.setattr(pair, "_PATIENCE_S", 0)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("", 5972))
        taken.listen()
        result = run_module(network_benchmark, {**SELF, **QUICK})
    reasons = " ".join(item["reason"] for item in result["not_measured"])
    assert "iperf3 cannot listen on port 5972" in reasons
    assert "bench_port" in reasons


def test_without_iperf3_the_remedy_is_named(run_module, monkeypatch):
    monkeypatch.setattr(network_benchmark, "iperf3_of", lambda _module: None)
    result = run_module(network_benchmark, {**SELF, "clients": []})
    assert result["measurements"] == []
    assert "install it there" in result["not_measured"][0]["reason"]
    serving = run_module(network_benchmark, {**SELF, "targets": []})
    assert "install it there" in serving["not_measured"][0]["reason"]


def test_check_mode_measures_nothing(run_module):
    result = run_module(network_benchmark, SELF, check=True)
    assert result["measurements"] == []
    assert "check mode" in result["not_measured"][0]["reason"]


def test_progress_and_lease(run_module, tmp_path):
    (tmp_path / "lease").touch()
    old = time.time() - 10
    os.utime(tmp_path / "lease", (old, old))
    run_module(network_benchmark, {**SELF, **QUICK, "job_dir": str(tmp_path)})
    lines = [json.loads(line) for line in (tmp_path / "progress").read_text().splitlines()]
    assert any(line["what"].startswith("default link to b: forward") for line in lines)
    assert any(line["latest"] and line["latest"].endswith("Mb/s") for line in lines)
    assert (tmp_path / "lease").stat().st_mtime > old


def test_thinned_keeps_the_spread():
    assert round_trip.thinned(list(range(10))) == list(range(10))
    kept = round_trip.thinned(list(range(10 * round_trip.KEPT)))
    assert len(kept) == round_trip.KEPT
    assert kept[-1] > 9.9 * round_trip.KEPT


def test_a_server_leaves_when_its_client_never_comes(run_module, monkeypatch):
    monkeypatch.setattr(network_benchmark.budgets, "ARRIVAL_S", 1)
    begun = time.monotonic()
    result = run_module(network_benchmark, {**SELF, **QUICK, "targets": [], "timeout": 100})
    assert result["not_measured"] == []
    assert time.monotonic() - begun < 60  # a bound of the test, far from the timeout


def test_a_server_leaves_when_its_client_is_gone():
    visits = link_server.Visits(["a", "b"])
    visits.arrived("a")
    visits.arrived("stranger")
    visits.left("a")
    visits.wait(time.monotonic() - 1)  # b has not come in time, a has left: it returns
    visits.arrived("b")
    threading.Timer(0.2, visits.left, ["b"]).start()
    visits.wait(time.monotonic() + 100)


def test_a_client_that_ends_without_goodbye_has_left():
    ours, theirs = socket.socketpair()
    visits = link_server.Visits(["a"])
    thread = threading.Thread(target=link_server.echo, args=(tcp(theirs), visits, {}), daemon=True)
    thread.start()
    ours.sendall(link_server.END + b"a\n")
    assert ours.recv(100) == b"{}\n"
    ours.close()
    visits.wait(time.monotonic() + 100)
    thread.join(10)
    assert not thread.is_alive()


class tcp:
    """A local pair takes no options of TCP."""

    def __init__(self, connection):
        self._connection = connection

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._connection.close()

    def setsockopt(self, *_option):
        pass

    def __getattr__(self, name):
        return getattr(self._connection, name)


def test_nothing_listens_beyond_the_address_of_the_link():
    listener, datagrams = link_server.listen(link_server.bindable("127.0.0.1"), 5971)
    with listener, datagrams:
        assert listener.getsockname() == datagrams.getsockname() == ("127.0.0.1", 5971)
        with pytest.raises(RuntimeError, match=r"the echo cannot listen on port 5971 .*: free the port or set bench_port"):
            link_server.listen("127.0.0.1", 5971)
    assert link_server.bindable("192.0.2.1") == ""


def test_who_serves_and_measures_is_the_account(run_module, monkeypatch):
    asked = []
    monkeypatch.setattr(network_benchmark, "run_probe", lambda *arguments, **options: asked.append(options["user"]))
    monkeypatch.setattr(pair, "_PATIENCE_S", 0)
    run_module(network_benchmark, {**SELF, **QUICK, "user": "nobody"})
    assert asked == ["nobody"]
    with Children("nobody") as children:
        out, _error = children.run(["id", "-un"], 10)
    assert out.strip() == "nobody"


def test_round_trips_end_with_their_time():
    class Slow:
        def sendall(self, _message):
            time.sleep(0.02)

        def recv(self, size):
            return b"x" * size

    assert 1 <= len(round_trip.samples(Slow(), 10**6, 0.1)) < 100
