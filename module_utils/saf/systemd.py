"""Writing systemd units, and what runs of them: pure functions."""

from __future__ import annotations

import re

DEFINITION = "SAF_DEFINITION"
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")


def quote(argument):
    """Return one argument as ExecStart wants it (systemd.service(5), "Command lines"): there $ is expanded as well."""
    return word(argument).replace("$", "$$")


def word(argument):
    """Return one word of a setting that takes a list of them (RequiresMountsFor, Environment)."""
    escaped = argument.replace("%", "%%")
    if _PLAIN.fullmatch(argument):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def path(argument):
    """Return a path of a setting that takes one and unquotes nothing (WorkingDirectory, EnvironmentFile)."""
    return argument.replace("%", "%%")


def parse_show(text):
    """Return ``{property: value}`` of ``systemctl show --property=...``; the order of its lines is nobody's promise."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def runs(shown, environ, definition):
    """Return ``{active, pid, current}``: whether a service is active and whether its process is of this definition.

    shown: as from parse_show, with ActiveState and MainPID; environ: bytes of the process's environment as it was started, b""
    where there is none; definition: the value that its unit gives to DEFINITION. No time is compared: clocks are set, and
    options that tell them in numbers are newer than some systems (--timestamp=unix: systemd 251).
    """
    pid = shown.get("MainPID", "0")
    wanted = f"{DEFINITION}={definition}".encode()
    return {
        "active": shown.get("ActiveState") in ("active", "reloading"),
        "pid": int(pid) if pid.isdigit() else 0,
        "current": wanted in environ.split(b"\0"),
    }
