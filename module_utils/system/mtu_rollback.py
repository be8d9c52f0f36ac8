"""The rollback of an MTU that nobody confirms (rollback.py); its note is the previous MTU."""

from __future__ import annotations

from . import mtu, rollback


def arm(pending, seconds, interface, before):
    """Write the MTU ``before`` to the file ``pending``; set it after ``seconds`` in the background unless the file is claimed."""
    rollback.arm(pending, seconds, mtu.command(interface, before), before)


def claim(pending):
    """Cancel the rollback; return the previous MTU in bytes, None where no rollback is pending (never armed, or it has run)."""
    try:
        return int(rollback.claim(pending) or "")
    except ValueError:
        return None
