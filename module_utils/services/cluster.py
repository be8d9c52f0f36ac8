"""The running cluster compared with that of the inventory: pure functions."""

from __future__ import annotations


def membership(nodes, expected):
    """Compare the GCS's node table with the inventory.

    nodes: [{name, alive, ...}], every incarnation that the GCS remembers; expected: names.
    Returns {missing, dead, unexpected}: names the GCS has never seen, names whose every incarnation is dead,
    and names that are alive and not expected.
    """
    alive = {node["name"] for node in nodes if node["alive"]}
    seen = {node["name"] for node in nodes}
    return {
        "missing": [name for name in expected if name not in seen],
        "dead": [name for name in expected if name in seen and name not in alive],
        "unexpected": sorted(alive - set(expected)),
    }


def latest(nodes):
    """Return one row for each name: the one that is alive, else the last that the GCS lists."""
    rows: dict = {}
    for node in nodes:
        known = rows.get(node["name"])
        if known is None or node["alive"] or not known["alive"]:
            rows[node["name"]] = node
    return list(rows.values())
