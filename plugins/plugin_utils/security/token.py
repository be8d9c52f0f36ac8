"""The token of a cluster: one secret that all its nodes and drivers have. Pure functions."""

from __future__ import annotations

import hashlib
import re
import secrets

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,512}")


def make() -> str:
    """Return a new token of 256 bits."""
    return secrets.token_hex(32)


def problem(text: str) -> str:
    """Return why a text is no token that a header of HTTP can carry and nobody guesses, "" where it is one."""
    return "" if _TOKEN.fullmatch(text.strip()) else "must be 32 to 512 letters, digits and ._~+/=-"


def mark(text: str) -> str:
    """Return 16 digits that change with the token and tell nothing of it."""
    return hashlib.sha256(f"saf token {text.strip()}".encode()).hexdigest()[:16]
