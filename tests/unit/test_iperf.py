"""iperf3's answers, recorded."""

import json

import pytest
from ansible.module_utils.saf import iperf

FIXTURES = "tests/unit/fixtures"


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_the_receiver_counts_after_slow_start(root, direction):
    text = (root / FIXTURES / f"iperf3-{direction}.json").read_text()
    document = json.loads(text)
    answer = iperf.parse(text, direction)
    assert answer["error"] == ""
    (figures,) = answer["directions"].values()
    assert figures["goodput"] == document["end"]["sum_received"]["bits_per_second"]
    assert len(figures["samples"]) == 2  # two seconds, the omitted one and the sliver at the end left out
    assert all(0.5 < sample / figures["goodput"] < 2 for sample in figures["samples"])
    if direction == "forward":
        sender = [item["sum"]["bits_per_second"] for item in document["intervals"]]
        assert not set(figures["samples"]) & set(sender)


def test_both_directions_at_once_have_a_receiver_each(root):
    text = (root / FIXTURES / "iperf3-bidir.json").read_text()
    document = json.loads(text)
    answer = iperf.parse(text, "both")
    forward, reverse = answer["directions"]["forward"], answer["directions"]["reverse"]
    assert forward["goodput"] == document["end"]["sum_received"]["bits_per_second"]
    assert reverse["goodput"] == document["end"]["sum_received_bidir_reverse"]["bits_per_second"]
    assert forward["samples"][0] == document["server_output_json"]["intervals"][1]["sum"]["bits_per_second"]
    assert reverse["samples"][0] == document["intervals"][1]["sum_bidir_reverse"]["bits_per_second"]
    assert len(forward["samples"]) == len(reverse["samples"]) == 3


def test_udp_is_what_the_receiver_lost(root):
    document = json.loads((root / FIXTURES / "iperf3-udp.json").read_text())
    document["server_output_json"]["end"]["sum"]["lost_percent"] = 2.5
    answer = iperf.parse_udp(json.dumps(document))
    assert answer["loss"] == 0.025
    assert answer["packets"] == 763
    assert 0 < answer["jitter_s"] < 1e-3


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"error": "unable to connect to server: Connection refused"}', "unable to connect to server: Connection refused"),
        ("iperf3: parameter error", "iperf3 gave no JSON: iperf3: parameter error"),
    ],
)
def test_errors_are_sentences(text, error):
    assert iperf.parse(text, "forward")["error"] == error
    assert iperf.parse_udp(text)["error"] == error


@pytest.mark.parametrize(
    ("mode", "udp", "expected", "missing"),
    [
        ("forward", None, ["--omit", "2", "--parallel", "4"], ["--reverse", "--udp"]),
        ("reverse", None, ["--reverse"], ["--bidir"]),
        ("both", None, ["--bidir"], ["--reverse"]),
        ("forward", 5e8, ["--udp", "--bitrate", "500000000"], ["--omit"]),
    ],
)
def test_command_lines(mode, udp, expected, missing):
    line = iperf.command("/usr/bin/iperf3", "10.0.0.2", 5202, mode, 4, 10, 2, udp)
    assert [word for word in expected if word not in line] == []
    assert [word for word in missing if word in line] == []
