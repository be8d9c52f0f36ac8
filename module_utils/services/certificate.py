"""When a certificate ends, with the standard library alone: it has no parser of X.509 for one's own certificate."""

from __future__ import annotations

import calendar
import re
import ssl
import time

_MOST = 1 << 16
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# The field Validity (RFC 5280, 4.1.2.5) of years before 2050: a sequence of two times, each YYMMDDHHMMSSZ.
_VALIDITY = re.compile(rb"\x30\x1e\x17\x0d\d{12}Z\x17\x0d(\d{12}Z)")


def days_left(path, now=None):
    """Return the whole days until a certificate in a PEM file ends by this node's clock, negative after it; None without one."""
    try:
        with open(path, encoding="ascii") as stream:
            block = _BLOCK.search(stream.read(_MOST))
        found = _VALIDITY.search(ssl.PEM_cert_to_DER_cert(block.group())) if block else None
        if not found:
            return None
        end = calendar.timegm(time.strptime(found.group(1).decode(), "%y%m%d%H%M%SZ"))
    except (OSError, ValueError):
        return None
    return int((end - (time.time() if now is None else now)) // 86400)
