"""Interfaces and routes."""

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import interfaces
from ansible_collections.saf.fabric.plugins.module_utils.system.darwin import interfaces as darwin
from ansible_collections.saf.fabric.plugins.module_utils.system.linux import interfaces as linux

FIXTURES = "tests/fixtures"


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
    assert darwin.media_speed(text) == speed


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
    assert darwin.parse_ifconfig_interface(MAC_EN0) == {"mtu": 1500, "negotiated_bps": 10 * 10**9}
    assert darwin.parse_hardware_ports(HARDWARE_PORTS) == {"bridge0": "Thunderbolt Bridge", "en0": "Wi-Fi"}
    assert [darwin.port_kind(name) for name in ("Wi-Fi", "Thunderbolt Bridge", "Ethernet")] == [
        "wifi",
        "thunderbolt",
        "ethernet",
    ]
    assert darwin.parse_valid_media("autoselect\n100baseTX <full-duplex>\n10Gbase-T <full-duplex>\nnone\n") == 10 * 10**9


def test_routes():
    assert linux.parse_ip_route("10.89.0.3 dev eth0 src 10.89.0.2 uid 0 \\    cache ") == "eth0"
    assert linux.parse_ip_route("") is None
    assert darwin.parse_route_get("   route to: 192.168.1.9\n  interface: en7\n      flags: <UP>\n") == "en7"


@pytest.mark.parametrize(
    ("facts", "installed", "words"),
    [
        ({"kind": "ethernet", "capable_bps": 10**10}, True, ""),
        ({"kind": "ethernet", "capable_bps": None}, False, "ethtool is not installed; install it"),
        ({"kind": "ethernet", "capable_bps": None}, True, "its driver lists no link modes"),
        ({"kind": "virtual", "capable_bps": None}, False, ""),
        ({"kind": "loopback", "capable_bps": None}, False, ""),
    ],
)
def test_a_capability_that_is_unknown_has_its_reason(monkeypatch, facts, installed, words):
    monkeypatch.setattr(linux, "ethtool", lambda: "/usr/sbin/ethtool" if installed else None)
    reason = interfaces.unknown_capability({"interface": "eth0", **facts})
    assert words in reason
    assert bool(reason) == bool(words)


def test_ethtool_reports_both_ends():
    assert linux.parse_ethtool(ETHTOOL) == {"capable_bps": 10**10, "partner_bps": 10**9}
    assert linux.parse_ethtool("") == {"capable_bps": None, "partner_bps": None}
