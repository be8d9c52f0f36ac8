"""Keeping passwords of proxies and indexes out of what people and logs see: pure functions."""

from __future__ import annotations

import re

# user:password@ or token@ of a URL; a password may hold an unescaped @, the last one before the host counts.
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)([^\s/?#'\"<>]*)@")
_HIDDEN = "***"


def redact(text: str) -> str:
    """Return the text with the user part of each URL replaced: ``https://***@host/``."""
    return _USERINFO.sub(rf"\1{_HIDDEN}@", text)


def secrets_in(*values: object) -> set[str]:
    """Return what must not be shown of URLs (or dicts of them): each ``user:password`` and each password, as they stand."""
    found = set()
    for value in values:
        texts = value.values() if isinstance(value, dict) else [value]
        for _scheme, userinfo in (match for text in texts for match in _USERINFO.findall(str(text or ""))):
            found |= {userinfo, userinfo.partition(":")[2]}
    return {one for one in found if one}
