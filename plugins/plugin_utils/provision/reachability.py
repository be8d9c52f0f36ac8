"""Which ports the nodes open to each other, and the rows for those that do not answer: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .problem import Row, row


def port_targets(
    nodes: Iterable[str], addresses: Mapping[str, str], ports: Sequence[int], more: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """Return [{node, host, port}]: ports of each of ``nodes``, and for those in ``more`` its ports as well."""
    return [
        {"node": node, "host": addresses[node], "port": int(port)} for node in nodes for port in [*ports, *more.get(node, [])]
    ]


def unreachable_rows(unreachable: Iterable[Mapping[str, Any]], node: str, listening: Sequence[str]) -> list[Row]:
    """Return table rows for the targets that ``node`` could not connect to.

    listening: nodes that opened their ports for the check; on others (--limit) Ray itself has to answer.
    """
    ports: dict[tuple[str, str, str], list[int]] = {}
    for target in unreachable:  # a peer behind a firewall, or whose Ray is stopped, is one row, not one for each port
        ports.setdefault((target["node"], target["host"], target["reason"]), []).append(target["port"])
    rows = []
    for (peer, host, reason), closed in ports.items():
        fix = f"Open the port between {node} and {peer} (firewall, cable, cluster_address)."
        if peer not in listening:
            fix = f"Start Ray on {peer} (playbooks/start.yml), or provision it as well (site.yml without --limit). {fix}"
        wanted = f"{peer} answers at {host}:{', '.join(map(str, closed))}"
        rows.append(row(node, "network", wanted, reason, fix))
    return rows
