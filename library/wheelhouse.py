#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: everything that a locked venv needs, in one archive on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Fetch the wheels of a lock for one kind of node into one archive
version_added: "0.1.0"
description:
  - Runs on the controller. Picks the entries of a universal lock that apply to a node's platform and Python,
    fetches their wheels once, checked against the lock's hashes, and packs them with the installer into one archive.
  - An archive that is there already is used as it is; its name carries the digest of what it holds.
attributes:
  check_mode:
    support: full
    description: Says whether the archive would be made; fetches nothing.
  diff_mode:
    support: none
    description: The archive is a cache; C(locked_venv) shows what changes on a node.
options:
  lock:
    description: Universal, hash-checked lock (requirements format).
    type: path
    required: true
  installer_lock:
    description: Lock of the installer (uv) that builds the venv on the node.
    type: path
    required: true
  cache:
    description: Folder on the controller for wheels and archives.
    type: path
    required: true
  target:
    description: The kind of node.
    type: dict
    required: true
    suboptions:
      system:
        description: Kernel name.
        type: str
        choices: [Linux, Darwin]
        required: true
      machine:
        description: Machine name as C(uname -m) gives it.
        type: str
        required: true
      python_version:
        description: Exact Python version of the node.
        type: str
        required: true
      glibc:
        description: Version of glibc on a Linux node.
        type: str
      macos:
        description: Version of macOS on a Darwin node.
        type: str
  index_url:
    description: Package index to fetch from; pip's own settings when empty. A password in it is shown nowhere.
    type: str
    default: ""
  environment:
    description:
      - Environment of pip, for instance of a proxy. Given here and not by the keyword of the task, which would show it in the
        list of processes.
    type: dict
    default: {}
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Fetch the wheels once
  saf.fabric.wheelhouse:
    lock: stacks/studio-2025/requirements.lock
    installer_lock: data/installer.lock
    cache: .cache
    target: {system: Linux, machine: x86_64, python_version: 3.11.2, glibc: "2.36"}
  delegate_to: localhost
  throttle: 1
"""

RETURN = r"""
archive:
  description: Path of the archive (tar) on the controller.
  type: str
  returned: success
digest:
  description: SHA-256 of the lock's entries that apply to the target.
  type: str
  returned: success
size:
  description: Size of the archive in bytes, 0 when it is not there (check mode).
  type: int
  returned: success
"""

import fcntl
import hashlib
import os
import sys
import tarfile
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.saf.fabric.plugins.module_utils import lock as locks
from ansible_collections.saf.fabric.plugins.module_utils.system import bounded
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact, secrets_in

try:
    import packaging  # noqa: F401

    HAS_PACKAGING = True
except ImportError:
    HAS_PACKAGING = False

# pip gives up a silent index after six times 15 s; this ends one that trickles.
_FETCH_SECONDS = 3600
_LOCK_SECONDS = 1800


def environment_of(module):
    """Return what is added to pip's environment. The index as well: arguments are in the list of processes."""
    given = {name: str(value) for name, value in module.params["environment"].items()}
    index = {"PIP_INDEX_URL": module.params["index_url"]} if module.params["index_url"] else {}
    return {**given, **index, "LC_ALL": "C", "PIP_NO_INPUT": "1"}


def download(module, resolved, target, wheels):
    """Bring the wheels of ``resolved`` into the folder ``wheels``; pip checks the hashes."""
    requirements = os.path.join(wheels, "requirements.txt")
    with open(requirements, "w") as stream:
        stream.write(resolved["requirements"])
    python = "".join(target["python_version"].split(".")[:2])
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", requirements, "--dest", wheels]
    # The whole version: some distributions want 3.9.2 or newer, and "39" would stand for 3.9.0.
    command += ["--implementation", "cp", "--python-version", target["python_version"]]
    for abi in (f"cp{python}", "abi3", "none"):
        command += ["--abi", abi]
    for tag in locks.platform_tags(target):
        command += ["--platform", tag]
    # Wheels that an earlier archive brought are taken from the cache instead of the network.
    command += ["--cache-dir", os.path.join(module.params["cache"], "pip")]
    try:
        rc, _out, err = bounded.run(command, _FETCH_SECONDS, environment=environment_of(module))
    except bounded.TimedOut as error:
        rc, err = 1, f"ERROR: {error}"
    if rc != 0:
        err = redact(err)
        errors = [line for line in err.splitlines() if line.startswith("ERROR")] or err.splitlines()[-1:]
        module.fail_json(
            msg=f"The wheels for {locks.target_key(target)} could not be fetched: {' '.join(errors[-2:])} "
            "Check the controller's way to its package index (index_url, proxy_env, ca_bundle), then run again.",
            cmd=command,
        )


def for_everybody(member):
    """Return a member of the archive as its reader needs it: neither the controller's umask nor its accounts travel."""
    member.mode = 0o755 if member.isdir() else 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def pack(module, resolved, installer, target, archive):
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as folder:
        for name, part in (("wheels", resolved), ("installer", installer)):
            wheels = os.path.join(folder, name)
            os.mkdir(wheels)
            download(module, part, target, wheels)
        partial = archive + ".partial"
        with tarfile.open(partial, "w") as tar:
            tar.add(folder, arcname=".", filter=for_everybody)
        os.replace(partial, archive)


def wait_for(module, guard):
    """Lock the open file ``guard``: a run beside this one may be fetching the same."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                module.fail_json(
                    msg=f"Another run on this controller has been fetching wheels for {_LOCK_SECONDS} s: "
                    "end it or wait, then repeat."
                )
            time.sleep(1)


def main():
    module = AnsibleModule(
        argument_spec={
            "lock": {"type": "path", "required": True},
            "installer_lock": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "target": {
                "type": "dict",
                "required": True,
                "options": {
                    "system": {"type": "str", "choices": ["Linux", "Darwin"], "required": True},
                    "machine": {"type": "str", "required": True},
                    "python_version": {"type": "str", "required": True},
                    "glibc": {"type": "str"},
                    "macos": {"type": "str"},
                },
                "required_if": [("system", "Linux", ["glibc"]), ("system", "Darwin", ["macos"])],
            },
            "index_url": {"type": "str", "default": ""},
            "environment": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    # Not the option's no_log: every short value of a dict ("1") would then be blotted out of all results.
    module.no_log_values.update(secrets_in(module.params["index_url"], module.params["environment"]))
    if not HAS_PACKAGING:
        module.fail_json(msg=missing_required_lib("packaging"))
    target = module.params["target"]
    try:
        with open(module.params["lock"]) as stream:
            resolved = locks.resolve(stream.read(), target)
        with open(module.params["installer_lock"]) as stream:
            installer = locks.resolve(stream.read(), target)
    except (OSError, locks.LockError) as error:
        module.fail_json(msg=str(error))
    content = hashlib.sha256((resolved["digest"] + installer["digest"]).encode()).hexdigest()
    folder = os.path.join(module.params["cache"], "wheelhouse")
    archive = os.path.join(folder, f"{locks.target_key(target)}-{content[:16]}.tar")
    changed = not os.path.exists(archive)
    if changed and not module.check_mode:
        os.makedirs(folder, exist_ok=True)
        with open(archive + ".lock", "w") as guard:
            wait_for(module, guard)
            if not os.path.exists(archive):
                pack(module, resolved, installer, target, archive)
    size = os.path.getsize(archive) if os.path.exists(archive) else 0
    module.exit_json(changed=changed, archive=archive, digest=resolved["digest"], size=size)


if __name__ == "__main__":
    main()
