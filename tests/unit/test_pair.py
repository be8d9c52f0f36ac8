"""One node against another: a run that goes wrong costs its own figure."""

import contextlib
import json

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.measure import pair, round_trip
from ansible_collections.saf.fabric.plugins.module_utils.system import interfaces

FIXTURES = "tests/fixtures"


class Job:
    def report(self, *_progress):
        pass


class Children:
    """iperf3 by its recorded answers; ``bad`` changes the one of a mode."""

    def __init__(self, root, bad):
        self._root, self._bad = root, bad

    def run(self, line, _seconds):
        name = {"--reverse": "reverse", "--bidir": "bidir", "--udp": "udp"}
        name = next((name[word] for word in line if word in name), "forward")
        if name in self._bad:
            return self._bad[name]()
        return (self._root / FIXTURES / f"iperf3-{name}.json").read_text(), ""


@pytest.fixture
def measure(root, monkeypatch):
    monkeypatch.setattr(interfaces, "interface_to", lambda _host: None)
    for name, answer in {"connect": 1, "far_end": {"mtu": 1500}, "samples": [1e-3] * 3, "close": None}.items():
        monkeypatch.setattr(round_trip, name, lambda *_arguments, answer=answer: answer)
    monkeypatch.setattr(round_trip, "under_load", lambda *_arguments: contextlib.nullcontext([1e-3]))
    params = {"node": "a", "nodes": ["a", "b"], "port": 5201, "seconds": 3, "omit": 1, "round_trips": 3, "udp": True}
    params.update(modes=["forward", "reverse", "both"], streams=[1])
    target = {"peer": "b", "host": "10.0.0.2", "link": "default"}
    return lambda **bad: pair.Pair(params, target, "iperf3", Children(root, bad), Job()).measure()


NAMES = ["net.goodput", "net.goodput_both", "net.rtt.idle", "net.rtt.loaded", "net.udp_jitter", "net.udp_loss"]


def names(result, kind="measurements"):
    return sorted({one["name"] for one in result[kind]})


def test_a_pair_without_trouble(measure):
    result = measure()
    assert result["not_measured"] == []
    assert names(result) == NAMES


def broken():
    raise RuntimeError("no such thing")


@pytest.mark.parametrize(
    "bad", [broken, lambda: ("{}", ""), lambda: ("[]", ""), lambda: (None, ""), lambda: ('{"end": {"sum": {}}}', "")]
)
@pytest.mark.parametrize(
    ("run", "lost"),
    [("bidir", ["net.goodput_both"]), ("udp", ["net.udp_jitter", "net.udp_loss"]), ("reverse", [])],
)
def test_one_bad_run_loses_its_own_figure_alone(measure, bad, run, lost):
    plain, result = measure(), measure(**{run: bad})
    assert set(names(plain)) - set(names(result)) == set(lost)
    (row,) = result["not_measured"]
    assert row["name"] == {"bidir": "net.goodput_both", "udp": "net.udp_loss", "reverse": "net.goodput"}[run]
    assert row["reason"]


def test_round_trips_that_break_off_lose_themselves_alone(measure, monkeypatch):
    def sampled(*_arguments):
        raise ValueError("odd")

    monkeypatch.setattr(round_trip, "samples", sampled)
    result = measure()
    assert names(result, "not_measured") == ["net.rtt.idle"]
    assert "net.goodput" in names(result)


def test_nothing_over_tcp_gives_no_datagrams(measure, root):
    document = json.loads((root / FIXTURES / "iperf3-forward.json").read_text())
    document["end"]["sum_received"]["bits_per_second"] = 0
    result = measure(forward=lambda: (json.dumps(document), ""))
    assert [row["name"] for row in result["not_measured"]] == ["net.udp_loss"]
    assert "too little" in result["not_measured"][0]["reason"]
