"""Quoting for systemd units, and the state of a unit's process: pure functions."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")


def quote(argument):
    """Return one argument quoted for ExecStart (systemd.service(5), "Command lines"): there $ is expanded as well."""
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


def directives(settings):
    """Return the lines of a section: of each setting one, and where its value is a list, one for each element."""
    pairs = ((name, value if isinstance(value, list) else [value]) for name, value in settings.items())
    return [f"{name}={value}" for name, values in pairs for value in values]


def parse_show(text):
    """Return ``{property: value}`` of ``systemctl show --property=...``; the order of its lines is undefined."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def runs(shown, started, definition):
    """Return ``{active, pid, current}``: whether a service is active and whether its process is of this definition.

    shown: as from parse_show, with ActiveState and MainPID; started: text that the unit wrote when it was started last, "" where
    there is none; definition: what the unit that is on disk would write. No time is compared: clocks are set, and the options
    that tell times in numbers are newer than some systems (--timestamp=unix: systemd 251).
    """
    pid = shown.get("MainPID", "0")
    return {
        "active": shown.get("ActiveState") in ("active", "reloading"),
        "pid": int(pid) if pid.isdigit() else 0,
        "current": bool(definition) and started.strip() == definition,
    }
