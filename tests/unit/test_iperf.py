"""iperf3's answers, recorded."""

import json

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.measure import iperf

FIXTURES = "tests/fixtures"


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


def test_a_udp_run_is_one_even_at_no_rate():
    assert "--udp" in iperf.command("/usr/bin/iperf3", "10.0.0.2", 5202, "forward", 1, 10, 2, 0)


def holes(value, path=()):
    """Return the paths of everything in a document of JSON that can be missing or of another kind."""
    found = [path] if path else []
    if isinstance(value, dict):
        found += [hole for key in value for hole in holes(value[key], (*path, key))]
    elif isinstance(value, list):
        found += [hole for index in range(min(len(value), 2)) for hole in holes(value[index], (*path, index))]
    return found


def damaged(text, path, value):
    document = json.loads(text)
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize("value", [None, "x", [], {}, -1, float("nan"), True])
@pytest.mark.parametrize(("name", "mode"), [("forward", "forward"), ("reverse", "reverse"), ("bidir", "both"), ("udp", None)])
def test_an_answer_that_lacks_something_is_a_sentence_or_still_numbers(root, name, mode, value):
    text = (root / FIXTURES / f"iperf3-{name}.json").read_text()
    read = (lambda answer: iperf.parse(answer, mode)) if mode else iperf.parse_udp
    refused = 0
    for path in holes(json.loads(text)):
        answer = read(damaged(text, path, value))
        if answer["error"]:
            assert answer["error"].endswith("; try another release.") or path[0] == "error"
            refused += 1
            continue
        figures = (
            [number for one in answer["directions"].values() for number in (*one["samples"], one["goodput"])] if mode else []
        )
        figures += [] if mode else [answer["jitter_s"], answer["loss"]]
        assert all(isinstance(figure, float) and figure >= 0 for figure in figures), (path, figures)
    assert refused > 0 or value is True


@pytest.mark.parametrize("text", ["[]", "1", "null", "[" * 100_000])
def test_json_of_another_kind_is_a_sentence(text):
    assert "iperf3 gave no JSON" in iperf.parse(text, "forward")["error"]
    assert "iperf3 gave no JSON" in iperf.parse_udp(text)["error"]
