"""Files of NAME="value" lines that systemd (EnvironmentFile), a POSIX shell (.) and our modules read the same: pure functions.

Within double quotes both systemd.exec(5) and the shell take a backslash before these four characters as their escape, and
leave everything else alone; without quotes systemd drops backslashes and the shell expands.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r'(["\\`$])')
_ESCAPE = re.compile(r'\\(["\\`$])')
_LINE = re.compile(r'(?ms)^[ \t]*(?:export[ \t]+)?(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\n]*))[ \t]*$')


def line(name, value):
    """Return one line without its end."""
    escaped = _ESCAPED.sub(r"\\\1", str(value))
    return f'{name}="{escaped}"'


def parse(text):
    """Return ``{name: value}``; unquoted values, as earlier releases wrote them, are taken as they stand."""
    found = {}
    for name, quoted, plain in _LINE.findall(text):
        found[name] = plain.strip() if plain else _ESCAPE.sub(r"\1", quoted)
    return found
