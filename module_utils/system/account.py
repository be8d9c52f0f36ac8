"""Accounts: their names, and children that run as one, so that root does only root's work."""

from __future__ import annotations

import os
import pwd


def popen_arguments(user):
    """Return the arguments of subprocess.Popen that make a child run as ``user``.

    user: account name, or None. Returns {} unless the caller is root and ``user`` is another account.
    Raises KeyError where the account does not exist: the child must then not run at all.
    """
    if not user or os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(user)
    if entry.pw_uid == 0:
        return {}
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def name_of(uid):
    """Return an account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
