"""Whether the service account can use a venv that root has built: tried as that account, never derived from modes.

Access control lists, root squashing and mandatory access control make modes an unreliable answer.
"""

from __future__ import annotations

import os

from .system import bounded

_SECONDS = 120
# Prints the first folder or program that the account may not use.
_ASK_PATHS = 'for path; do test -x "$path" || { printf "%s" "$path"; exit 0; }; done'
# Prints how many files and folders below a folder the account cannot read, and the first of them. Byte code is left out: Python
# does not need it.
_ASK_TREE = """
import os, sys
count, first = 0, ""
def note(path):
    global count, first
    count += 1
    first = first or path
def refused(error):
    note(error.filename)
for folder, folders, files in os.walk(sys.argv[1], onerror=refused):
    folders[:] = [name for name in folders if name != "__pycache__"]
    for name in files:
        path = os.path.join(folder, name)
        if os.path.exists(path) and not os.access(path, os.R_OK):
            note(path)
print(count, first)
"""


def path_chain(path):
    """Return every folder on the path to the program ``path``, links resolved, in that order, and the program."""
    found, current, pending, hops = [], "/", path.split("/"), 40  # the number of links that a kernel follows
    while pending:
        part = pending.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            current = os.path.dirname(current)
            continue
        current = os.path.join(current, part)
        if os.path.islink(current) and hops:
            hops -= 1
            target = os.readlink(current)
            current = "/" if target.startswith("/") else os.path.dirname(current)
            pending = target.split("/") + pending
        else:
            found.append(current)
    return list(dict.fromkeys(found))


def closed(program, user):
    """Return the outermost folder or file that prevents ``user`` from running ``program``, "" without one."""
    paths = path_chain(program)
    _rc, out, _err = bounded.run(["/bin/sh", "-c", _ASK_PATHS, "sh", *paths], _SECONDS, user=user, cwd="/")
    return out


def unreadable(venv, user):
    """Return a sentence, without its full stop, about what ``user`` cannot read of a venv; "" when it can read and run all of it.

    Raises KeyError where the account does not exist.
    """
    python = os.path.join(venv, "bin", "python")
    rc, out, err = bounded.run([python, "-I", "-B", "-c", _ASK_TREE, venv], _SECONDS, user=user, cwd="/")
    if rc != 0:
        barrier = closed(python, user)
        if barrier:
            return f"{barrier} is closed to {user}: open it (chmod o+x {barrier}), or choose another venv_root or interpreter"
        return f"{user} cannot run {python}: {(err or out).strip()[-200:]}"
    count, _space, first = out.strip().partition(" ")
    return f"{user} cannot read {count} of its files, the first is {first}" if int(count) else ""
