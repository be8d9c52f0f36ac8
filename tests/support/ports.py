"""The rows of data/listeners.yml with their port numbers."""

from __future__ import annotations

import yaml


def rows(root, when=("always", "bench.yml")):
    """Return the TCP rows that some commands open, each with its ``number``, the first port; for ports at their defaults."""
    values = {}
    for path in root.glob("roles/*/defaults/main.yml"):
        values.update(yaml.safe_load(path.read_text()) or {})
    listeners = yaml.safe_load((root / "data/listeners.yml").read_text())["listeners"]
    return [
        {**row, "number": values[row["port"]]} for row in listeners if row.get("protocol", "tcp") == "tcp" and row["when"] in when
    ]
