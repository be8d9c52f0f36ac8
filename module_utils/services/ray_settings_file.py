"""Ray's own settings (RAY_*) from the environment file of the service.

Whoever talks to Ray needs those that the service has: certificates, token, timeouts. The service account may write the file, so
only the process that talks to Ray as that account reads it. Standard library alone and no import of this collection: the file is
copied beside probes and beside the watchdog's question.
"""

from __future__ import annotations

import os
import re

_MOST = 1 << 20  # characters of the file
_LINE = re.compile(r'(?ms)^[ \t]*(?:export[ \t]+)?(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\n]*))[ \t]*$')
_ESCAPE = re.compile(r'\\(["\\`$])')


def parse(text):
    """Return ``{name: value}`` of the RAY_* variables among NAME="value" lines, as system/environment.py writes them."""
    pairs = ((name, plain.strip() if plain else _ESCAPE.sub(r"\1", quoted)) for name, quoted, plain in _LINE.findall(text))
    return {name: value for name, value in pairs if name.startswith("RAY_") and "\0" not in value}


def read(path):
    """Return what parse() returns for a file; raises OSError if it cannot be read."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return parse(stream.read(_MOST))


def apply(path):
    """Set the variables in this process, which must not have imported Ray yet; ``path`` may be empty."""
    if path:
        os.environ.update(read(path))
