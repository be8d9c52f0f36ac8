#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the mark of the run that changes a node, so that two controllers do not change it at the same time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_lock
short_description: Let one run at a time change a node
version_added: "0.2.0"
description:
  - Writes who changes the node into a small file, or returns who does so already. It never waits.
  - The mark of another run is ignored if that run has ended. The action plugin knows that of a run on its own controller. The
    module knows it if the SSH connection of the other run has ended, or if there is none and the mark is older than O(bound).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
attributes:
  check_mode:
    details: Takes nothing; returns who changes the node.
options:
  path:
    description: The file. A folder that a reboot empties is best.
    type: path
    required: true
  state:
    description: Whether this run changes the node from now on, or does so no more.
    type: str
    choices: [taken, released]
    default: taken
  holder:
    description: This run; set by the action plugin.
    type: dict
    default: {}
  gone:
    description: Mark of a run that has ended, which is replaced; set by the action plugin.
    type: str
    default: ""
  force:
    description: Replace the mark of any other run.
    type: bool
    default: false
  bound:
    description: Age in seconds from which the mark of a run without an SSH connection is ignored.
    type: int
    default: 10800
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Mark the node
  saf.fabric.run_lock:
    path: /run/saf-run.lock
"""

RETURN = r"""
taken:
  description: Whether this run may change the node.
  type: bool
  returned: always
holder:
  description: The other run that changes it; empty without one.
  type: dict
  returned: always
  contains:
    mark: {description: What distinguishes it from every other run., type: str, returned: when there is one}
    who: {description: Account and controller., type: str, returned: when there is one}
    pid: {description: Its process on that controller., type: int, returned: when there is one}
    seconds: {description: Its age., type: int, returned: when there is one}
"""

import contextlib
import errno
import fcntl
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import login

_MOST_BYTES = 4096
_ATTEMPTS = 100  # each of 0.1 s


@contextlib.contextmanager
def opened(path, create):
    """Open the file for this process alone; yields its descriptor, None where there is none and ``create`` is not set."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    while True:
        try:
            handle = os.open(path, flags, 0o600)  # whoever may open it could hold it
        except FileNotFoundError:
            yield None
            return
        try:
            hold(handle)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(path)):
                    yield handle
                    return
        finally:
            os.close(handle)


def hold(handle):
    """Take the file's own lock, which others hold for the time of a few system calls; raises OSError after a while."""
    for _attempt in range(_ATTEMPTS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.1)
    raise BlockingIOError(errno.EAGAIN, "another process holds it")


def read(handle):
    """Return the mark in an open file, {} where it holds none."""
    try:
        found = json.loads(os.pread(handle, _MOST_BYTES, 0))
        return found if isinstance(found, dict) and isinstance(found.get("mark"), str) else {}
    except ValueError:
        return {}


def has_ended(found, now, bound):
    """Return whether a mark can be known here to be of a run that has ended; found: as take() writes it."""
    since = found.get("since")
    if found.get("login"):
        return not login.is_alive(found["login"])
    return not isinstance(since, (int, float)) or not 0 <= now - since < bound


def take(handle, params, now):
    """Write the mark of this run; return that of another run which keeps it from doing so, {} without one."""
    found, mine = read(handle), params["holder"]
    same = found.get("mark") == mine["mark"]
    # A run of the same controller is alive or not, which the action plugin has found out: its connection proves nothing, since
    # all runs of an account share one, and an idle one is closed.
    neighbor = found.get("place") == mine["place"]
    ended = found.get("mark") == params["gone"] or (not neighbor and has_ended(found, now, params["bound"]))
    if found and not (same or ended or params["force"]):
        return found
    text = json.dumps({**mine, "since": found["since"] if same else now, "login": login.of(os.getpid())}).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, text, 0)
    return {}


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["taken", "released"], "default": "taken"},
            "holder": {"type": "dict", "default": {}},
            "gone": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            "bound": {"type": "int", "default": 10800},
        },
        supports_check_mode=True,
    )
    params, path, now = module.params, module.params["path"], time.time()
    other = {}
    try:
        if params["state"] == "taken" and not module.check_mode:
            with opened(path, create=True) as handle:
                other = take(handle, params, now)
        elif params["state"] == "released" and not module.check_mode:
            with opened(path, create=False) as handle:
                if handle is not None and read(handle).get("mark") == params["holder"]["mark"]:
                    os.unlink(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            module.fail_json(msg=f"{path} cannot be written: {error.strerror or error}.", taken=False, holder={})
        # A full disk is reported by what needs the disk.
    holder = {}
    if other:
        seconds = int(max(now - other["since"], 0)) if isinstance(other.get("since"), (int, float)) else 0
        pid = other["pid"] if isinstance(other.get("pid"), int) else 0
        holder = {"mark": other["mark"], "who": str(other.get("who")), "pid": pid, "seconds": seconds}
    module.exit_json(changed=False, taken=not other, holder=holder)


if __name__ == "__main__":
    main()
