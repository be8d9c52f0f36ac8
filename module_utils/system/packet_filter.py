"""Trying, confirming and removing the rules of this node's packet filter; system/{linux,darwin}/packet_filter.py render and load.

What is tried is loaded from a folder that a reboot empties. The files of the boot are written once it is confirmed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from . import rollback
from .current import system

FILES = system.packet_filter.FILES
TOOL = system.packet_filter.TOOL
NAME = system.packet_filter.NAME
_TRIAL = system.packet_filter.TRIAL
_PENDING = f"{_TRIAL}/pending"


class FilterError(Exception):
    """Rules that could not be loaded or removed; the message is for the user."""


def render(rules):
    """Return the rules as text for this node's packet filter."""
    return system.packet_filter.render(rules)


def of_node(run, tool):
    """Return the packet filter of this node; run: argv -> (exit status, output, errors); tool: path of its program."""
    return system.packet_filter.Filter(run, tool, read)


def read(path):
    """Return the text of a file, None without one."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return stream.read()
    except OSError:
        return None


def write(path, text):
    """Replace a file of root that everybody may read; None removes it."""
    if text is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".saf-")
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.chmod(partial, 0o644)
    os.replace(partial, path)


def is_present():
    """Return whether this node loads managed rules at boot."""
    return all(os.path.exists(path) for path in FILES)


def admitted():
    """Return the members in the rules of the boot."""
    return system.packet_filter.members(read(FILES[0]) or "")


def is_right(node, text):
    """Return whether the rules are loaded and will be at the next boot."""
    return all(read(path) == wanted for path, wanted in node.boot_files(text).items()) and node.is_current(text)


def attempt(node, text, seconds):
    """Load rules that the node drops again after ``seconds`` unless they are confirmed."""
    restore = f"{_TRIAL}/restore.sh"
    files = node.trial_files(text)
    os.makedirs(_TRIAL, mode=0o700, exist_ok=True)
    undo = {path: files.pop(path) for path in list(files) if path in (restore, f"{_TRIAL}/before")}
    for path, content in files.items():
        write(path, content)
    complaint = node.validate()
    if complaint:
        raise FilterError(f"The packet filter refuses the rules ({complaint}), nothing was changed")
    # A trial of an interrupted run may be pending: what was before that one is what comes back.
    if rollback.claim(_PENDING) is None:
        for path, content in undo.items():
            write(path, content)
    rollback.arm(_PENDING, seconds, ["/bin/sh", restore], "")
    complaint = node.load()
    if complaint:
        raise FilterError(f"The rules could not be loaded ({complaint}); the previous ones come back within {seconds} s")


def confirm(node, text):
    """Keep the rules that are tried; raises FilterError where the rollback has run, or where others are loaded."""
    was_pending = rollback.claim(_PENDING) is not None
    if not was_pending or not node.is_current(text):
        why = "something else has changed them since" if was_pending else "they were not confirmed in time and were rolled back"
        raise FilterError(f"The rules are not loaded: {why}. Run the playbook again with a larger firewall_patience")
    for path, content in node.boot_files(text).items():
        if read(path) != content:
            write(path, content)
    forget()


def forget():
    """Remove what a trial has left."""
    shutil.rmtree(_TRIAL, ignore_errors=True)


def remove(node):
    """Remove the rules, loaded and at boot; raises FilterError."""
    rollback.claim(_PENDING)
    for path, content in node.cleaned().items():
        write(path, content)
    complaint = node.unload()
    if complaint:
        raise FilterError(f"The rules could not be removed ({complaint})")
    forget()


def has_leftovers(node):
    """Return whether anything managed is loaded or would be at the next boot."""
    files = any(read(path) not in (content, None) for path, content in node.cleaned().items())
    return files or os.path.isdir(_TRIAL) or node.is_loaded()
