"""Interfaces, routes, iperf3's answers and the schedule of a mesh."""

import json
import shutil
from itertools import combinations

import pytest
from ansible.module_utils.saf import network

import network_benchmark

FIXTURES = "tests/unit/fixtures"


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("autoselect (10Gbase-T <full-duplex,flow-control>)", 10e9),
        ("autoselect (1000baseT <full-duplex>)", 1e9),
        ("autoselect (2500Base-T <full-duplex>)", 2.5e9),
        ("autoselect (100baseTX <full-duplex>)", 1e8),
        ("autoselect", None),
        ("autoselect (none)", None),
        ("autoselect <full-duplex>", None),
        ("none", None),
        ("<unknown type>", None),
    ],
)
def test_media(text, speed):
    assert network.media_speed(text) == speed


MAC_EN0 = """\
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\toptions=567<RXCSUM,TXCSUM,VLAN_MTU,TSO4,TSO6,AV,CHANNEL_IO>
\tinet 10.254.100.2 netmask 0xffff0000 broadcast 10.254.255.255
\tmedia: autoselect (10Gbase-T <full-duplex,flow-control>)
\tstatus: active
"""
HARDWARE_PORTS = """

Hardware Port: Thunderbolt Bridge
Device: bridge0
Ethernet Address: 36:45:32:36:80:00

Hardware Port: Wi-Fi
Device: en0
Ethernet Address: c0:c7:db:25:b8:a1
"""
ETHTOOL = """\
Settings for eth0:
\tSupported ports: [ TP ]
\tSupported link modes:   100baseT/Full
\t                        1000baseT/Full
\t                        10000baseT/Full
\tSupported pause frame use: Symmetric
\tLink partner advertised link modes:  100baseT/Full
\t                                     1000baseT/Full
\tSpeed: 1000Mb/s
"""


def test_macs_interface():
    assert network.parse_ifconfig_interface(MAC_EN0) == {"mtu": 1500, "negotiated_bps": 10 * 10**9}
    assert network.parse_hardware_ports(HARDWARE_PORTS) == {"bridge0": "Thunderbolt Bridge", "en0": "Wi-Fi"}
    assert [network.port_kind(name) for name in ("Wi-Fi", "Thunderbolt Bridge", "Ethernet")] == [
        "wifi",
        "thunderbolt",
        "ethernet",
    ]
    assert network.parse_valid_media("autoselect\n100baseTX <full-duplex>\n10Gbase-T <full-duplex>\nnone\n") == 10 * 10**9


def test_routes():
    assert network.parse_ip_route("10.89.0.3 dev eth0 src 10.89.0.2 uid 0 \\    cache ") == "eth0"
    assert network.parse_ip_route("") is None
    assert network.parse_route_get("   route to: 192.168.1.9\n  interface: en7\n      flags: <UP>\n") == "en7"


def test_ethtool_tells_both_ends():
    assert network.parse_ethtool(ETHTOOL) == {"capable_bps": 10**10, "partner_bps": 10**9}
    assert network.parse_ethtool("") == {"capable_bps": None, "partner_bps": None}


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_iperf3_counts_what_the_receiver_got_after_slow_start(root, direction):
    text = (root / FIXTURES / f"iperf3-{direction}.json").read_text()
    document = json.loads(text)
    answer = network.parse_iperf3(text, reverse=direction == "reverse")
    assert answer["error"] == ""
    assert answer["goodput"] == document["end"]["sum_received"]["bits_per_second"]
    assert len(answer["samples"]) == 2  # two seconds, the omitted one and the sliver at the end left out
    assert all(0.5 < sample / answer["goodput"] < 2 for sample in answer["samples"])
    if direction == "forward":
        sender = [item["sum"]["bits_per_second"] for item in document["intervals"]]
        assert not set(answer["samples"]) & set(sender)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"error": "unable to connect to server: Connection refused"}', "unable to connect to server: Connection refused"),
        ("iperf3: parameter error", "iperf3 gave no JSON: iperf3: parameter error"),
    ],
)
def test_iperf3_errors_are_sentences(text, error):
    assert network.parse_iperf3(text, reverse=False) == {"error": error}


@pytest.mark.parametrize("count", range(9))
def test_every_pair_meets_once_and_no_node_twice_in_a_round(count):
    nodes = [f"n{number}" for number in range(count)]
    schedule = network.rounds(nodes)
    met = [tuple(sorted(pair)) for pairs in schedule for pair in pairs]
    assert sorted(met) == sorted(combinations(nodes, 2))
    assert all(len({node for pair in pairs for node in pair}) == 2 * len(pairs) for pairs in schedule)
    if count > 1:
        assert len(schedule) == (count - 1 if count % 2 == 0 else count)


def test_links_are_measured_where_both_ends_have_them():
    links = {
        "a": {"default": "10.0.0.1", "thunderbolt": "10.9.0.1"},
        "b": {"default": "10.0.0.2", "thunderbolt": "10.9.0.2"},
    }
    assert network.measurements(network.rounds(["a", "b"]), links) == [
        [{"from": "a", "to": "b", "link": "default", "host": "10.0.0.2"}],
        [{"from": "a", "to": "b", "link": "thunderbolt", "host": "10.9.0.2"}],
    ]
    del links["b"]["thunderbolt"]
    assert [pairs for pairs in network.measurements(network.rounds(["a", "b"]), links) if pairs] == [
        [{"from": "a", "to": "b", "link": "default", "host": "10.0.0.2"}]
    ]


def test_without_iperf3_the_remedy_is_named(run_module, monkeypatch):
    monkeypatch.setattr(network_benchmark, "iperf3_of", lambda _module: None)
    result = run_module(network_benchmark, {"state": "measured", "node": "a", "peer": "b", "host": "127.0.0.1"})
    assert result["measurements"] == []
    assert "install it there" in result["not_measured"][0]["reason"]


def test_serve_measure_and_stop_on_loopback(run_module, tmp_path):
    assert shutil.which("iperf3"), "this test needs iperf3: make host installs it"
    common = {"node": "b", "run_dir": str(tmp_path), "port": 5987}
    assert run_module(network_benchmark, {"state": "serving", "life_time": 60, **common})["changed"]
    try:
        client = {"state": "measured", "node": "a", "peer": "b", "host": "127.0.0.1", "port": 5987, "seconds": 1, "omit": 0}
        result = run_module(network_benchmark, client)
        assert [metric["subject"] for metric in result["measurements"]] == [["a", "b"], ["b", "a"]]
        assert all(sample > 0 for metric in result["measurements"] for sample in metric["samples"])
        assert result["measurements"][0]["context"]["from"]["kind"] == "loopback"
    finally:
        assert run_module(network_benchmark, {"state": "stopped", **common})["changed"]
    assert list(tmp_path.iterdir()) == []
    assert "refused" in run_module(network_benchmark, client)["not_measured"][0]["reason"]
