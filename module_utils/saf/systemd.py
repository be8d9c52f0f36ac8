"""Writing systemd units: pure functions."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")


def quote(argument):
    """Return one argument as ExecStart wants it (systemd.service(5), "Command lines")."""
    escaped = argument.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(argument):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
