"""Ray's own settings on a node without what may be secret. Pure functions."""

from __future__ import annotations

import re

_HIDING = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|PROXY|AUTH", re.IGNORECASE)
# They name a way or a file.
_HARMLESS = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_TLS_SERVER_KEY"}


def shown(settings):
    """Return {name: value, or "(set)" where it may be secret} of the variables of the service."""
    return {name: value if name in _HARMLESS or not _HIDING.search(name) else "(set)" for name, value in sorted(settings.items())}
