"""The documented listeners (data/listeners.yml) with the ports of an inventory: pure functions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible.module_utils.parsing.convert_bool import boolean

_PORT_KEYS: Final = ("port", "last", "count")

# `when` of a row that is open only with a setting: "ray_gcs_store: redis".
_SETTING: Final = re.compile(r"(\w+): (.+)")


@dataclass(frozen=True)
class Listener:
    """A row of the table; first and last: its range of ports."""

    name: str
    first: int
    last: int
    protocol: str
    nodes: str
    binds: str
    process: str
    peers: tuple[str, ...]
    tls: bool
    token: bool
    runs_code: bool
    when: str


def variables(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables that the table names."""
    named = {row.get(key) for row in document["listeners"] for key in _PORT_KEYS}
    settings = {match[1] for row in document["listeners"] if (match := _SETTING.fullmatch(row["when"]))}
    return sorted({name for name in named if isinstance(name, str)} | settings)


def span(row: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last port of a row; values: {variable: value}."""

    def number(given: Any) -> int:
        return int(values[given]) if isinstance(given, str) else int(given)

    first = number(row["port"])
    return first, number(row["last"]) if "last" in row else first + number(row.get("count", 1)) - 1


def is_opened(row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Return whether something may listen there; a port that only another setting opens may belong to another program."""
    setting = _SETTING.fullmatch(str(row.get("when", "always")))
    if not setting:
        return True
    given, wanted = values.get(setting[1], ""), setting[2].strip().lower()
    if wanted in ("true", "false"):  # as the role reads it: -e gives "yes" and "1"
        return bool(boolean(given, strict=False)) == (wanted == "true")
    return str(given).strip().lower() == wanted


def resolve(document: Mapping[str, Any], values: Mapping[str, Any]) -> list[Listener]:
    """Return the rows of the table with their ports, without those of settings that are not on; values: {variable: value}."""

    found = []
    for row in document["listeners"]:
        if not is_opened(row, values):
            continue
        first, last = span(row, values)
        found.append(
            Listener(
                name=row["name"],
                first=first,
                last=last,
                protocol=row.get("protocol", "tcp"),
                nodes=row["nodes"],
                binds=row["binds"],
                process=row["process"],
                peers=tuple(row["peers"]),
                tls=row["tls"],
                token=row["token"],
                runs_code=row["runs_code"],
                when=row["when"],
            )
        )
    return found


def row_of(rows: Iterable[Listener], port: int, protocol: str, is_head: bool) -> Listener | None:
    """Return the row that a port of a node belongs to, None for an undocumented one; the narrowest range counts."""
    fitting = [
        row for row in rows if row.protocol == protocol and row.first <= port <= row.last and (is_head or row.nodes == "all")
    ]
    return min(fitting, key=lambda row: row.last - row.first, default=None)


def is_loopback(address: str) -> bool:
    """Return whether only the machine itself reaches an address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    return parsed.is_loopback or bool(getattr(parsed, "ipv4_mapped", None) and parsed.ipv4_mapped.is_loopback)  # type: ignore[union-attr]


def may_listen(row: Listener, address: str, own: str, links: Sequence[str], dashboard_host: str) -> bool:
    """Return whether a row may listen on an address of a node whose cluster_address is ``own``.

    address: "*" for all; links: the node's measured addresses.
    """
    if is_loopback(address):
        return True
    if is_loopback(own):  # one machine: Ray is set to stay there
        return False
    if row.binds == "dashboard" and dashboard_host in ("0.0.0.0", "::", "*"):  # noqa: S104 compared, not bound
        return True
    if row.binds == "all":
        return True
    allowed = {"node": [own], "links": [own, *links], "dashboard": [dashboard_host], "loopback": []}
    return address in allowed.get(row.binds, [])
