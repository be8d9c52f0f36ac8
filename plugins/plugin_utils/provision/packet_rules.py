"""The rules of the packet filter of one node, from the table of listeners and the inventory: pure functions.

A node gets them as data (library/packet_filter.py) and renders them for its own packet filter.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..trust import untrusted
from . import listeners
from .inventory import Hostvars, address_of
from .options import has_type
from .problem import Row, row

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SOURCES = ("members", "admins")


def is_on(enabled: object, members: Sequence[str]) -> bool:
    """Return whether nodes get rules; enabled: firewall_enabled (auto, or a truth value), members: nodes of the cluster."""
    if str(enabled).strip().lower() == "auto":
        return len(members) > 1
    return str(enabled).strip().lower() in ("true", "yes", "on", "1")


def address(text: object) -> str:
    """Return an IP address in its one spelling, without the interface that a link-local one may name; raises ValueError."""
    found = ipaddress.ip_address(str(text).strip().partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def network(text: object) -> _Network:
    """Return an address or a network; raises ValueError with what is wrong."""
    found = ipaddress.ip_network(str(text).strip(), strict=False)
    if str(text).strip().partition("/")[0].lower() not in (str(found.network_address), found.network_address.exploded):
        raise ValueError(f"the network of {text} is written {found}")
    if found.prefixlen == 0:
        raise ValueError("it is every address there is")
    return found


def member_addresses(members: Iterable[str], hostvars: Hostvars) -> list[str]:
    """Return all addresses of the members, each once; raises ValueError where one is none."""
    found = {address(one) for host in members for _option, one in _addresses_of(host, hostvars)}
    return sorted(found, key=lambda one: (ipaddress.ip_address(one).version, int(ipaddress.ip_address(one))))


def _addresses_of(host: str, hostvars: Hostvars) -> list[tuple[str, object]]:
    """Return [(option, value)] of what is an address of a host by the inventory."""
    links = hostvars[host].get("links") or {}
    named = [(f"links.{name}", value) for name, value in links.items()] if isinstance(links, Mapping) else []
    return [("cluster_address", address_of(host, hostvars)), *named]


def networks(addresses: Iterable[object]) -> list[str]:
    """Return addresses and networks without those that another one contains."""
    all_of_them = [network(one) for one in addresses]
    fours = [one for one in all_of_them if isinstance(one, ipaddress.IPv4Network)]
    sixes = [one for one in all_of_them if isinstance(one, ipaddress.IPv6Network)]
    merged: list[_Network] = [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]
    return [str(one.network_address) if one.prefixlen == one.max_prefixlen else str(one) for one in merged]


def ports(rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any], is_head: bool) -> list[dict[str, Any]]:
    """Return [{protocol, ports: ["first-last" or "port"], sources}] of a node, neighboring ports joined."""
    spans: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = {}
    for listener in rows:
        if (listener["nodes"] == "head" and not is_head) or not listeners.is_opened(listener, values):
            continue
        sources = tuple(one for one in SOURCES if one in listener["peers"])
        spans.setdefault((str(listener.get("protocol", "tcp")), sources), []).append(listeners.span(listener, values))
    return [
        {"protocol": protocol, "ports": [_spelled(*one) for one in _joined(found)], "sources": list(sources)}
        for (protocol, sources), found in sorted(spans.items())
    ]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _spelled(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def rules(
    host: str,
    members: Sequence[str],
    hostvars: Hostvars,
    rows: Iterable[Mapping[str, Any]],
    values: Mapping[str, Any],
    head: str,
) -> dict[str, Any]:
    """Return {members, admins, ports} of a node; raises ValueError.

    rows: of data/listeners.yml; values: {variable: value} with defaults.
    """
    return {
        "members": member_addresses(members, hostvars),
        "admins": networks(values.get("admin_addresses") or []),
        "ports": ports(rows, values, host == head),
    }


def problems(members: Sequence[str], hostvars: Hostvars, values: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return what is wrong with the addresses that go into rules; values: {host: {option: value}} with defaults."""
    found: list[Row] = []
    for host in members:
        enabled = values[host].get("firewall_enabled", "auto")
        if str(enabled).strip().lower() != "auto" and not has_type(enabled, "bool"):
            fix = "Write firewall_enabled: auto, true or false."
            found.append(row(host, "firewall_enabled", "auto, true or false", str(enabled) or "nothing", fix))
        elif is_on(enabled, members):
            found += _member_problems(host, hostvars)
        found += [one for one in _admin_problems(values[host].get("admin_addresses")) if one not in found]
    return found


def _member_problems(host: str, hostvars: Hostvars) -> list[Row]:
    found = []
    for option, value in _addresses_of(host, hostvars):
        try:
            address(value)
        except ValueError:
            # Not resolved: what a name leads to may differ on each node and tomorrow, and who answers for it decides who gets in.
            fix = (
                f"Set {option} to the IP address: rules name no host names. firewall_enabled=false leaves the node without rules."
            )
            found.append(row(host, option, "an IP address, for the packet filter", str(value) or "nothing", fix))
    return found


def _admin_problems(given: object) -> list[Row]:
    if not isinstance(given, (list, tuple)):
        fix = "Write a list, for instance admin_addresses: [192.168.1.20, 10.0.0.0/24]."
        return [] if given is None else [row("-", "admin_addresses", "a list of addresses", str(given) or "nothing", fix)]
    found = []
    for one in given:
        try:
            network(one)
        except ValueError as error:
            why = str(error) if str(error).startswith(("the network", "it is")) else "it is no IP address"
            fix = f"Name IP addresses or networks such as 192.168.1.0/24: {why}."
            found.append(row("-", "admin_addresses", "an address or a network", str(one) or "nothing", fix))
    return found


def refusal_rows(result: Mapping[str, Any], node: str) -> list[Row]:
    """Return a row where a node cannot have rules; result: of packet_filter in check mode."""
    if not result.get("failed"):
        return []
    found, separator, fix = untrusted.clean_text(str(result.get("msg", "")), limit=400).partition(" firewall_enabled=false")
    return [row(node, "packet filter", "rules for the ports of the cluster", found, separator.strip() + fix)]


def closed_to(results: Mapping[str, Mapping[str, Any]], address: str) -> list[str]:
    """Return the nodes whose rules do not admit an address that they will admit; results: of packet_filter in check mode."""
    found = []
    for node, result in results.items():
        admitted = result.get("admitted")
        if result.get("differs") is True and isinstance(admitted, list) and admitted and address not in admitted:
            found.append(node)
    return found
