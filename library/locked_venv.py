#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a virtual environment that equals a lock file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: locked_venv
short_description: Keep a virtual environment equal to a lock
version_added: "0.1.0"
description:
  - A venv lives in C(<root>/venvs/<id>), where the id follows from the lock's digest and the interpreter, and
    C(<root>/current) is a link to it.
  - A venv that is missing, unfinished, or has a file that differs from its C(RECORD) is rebuilt beside the old one from an
    archive of wheels (see C(wheelhouse)), checked, moved into place, and only then the link is switched. An interrupted build
    leaves the active venv unchanged.
  - The installer is part of the archive; nothing is fetched from a network.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
attributes:
  check_mode:
    details: Reports why the venv would be rebuilt; needs no archive.
options:
  root:
    description: Folder that holds C(venvs) and the link C(current).
    type: path
    required: true
  python:
    description: Interpreter that the venv is created from.
    type: path
    required: true
  python_version:
    description: Exact version that O(python) must report.
    type: str
    required: true
  digest:
    description: Digest of the lock's entries for this node, as C(wheelhouse) returns it.
    type: str
    required: true
  distributions:
    description: Distributions of the lock, name to version.
    type: dict
    required: true
  archive:
    description:
      - Archive on the node with the folders C(wheels) and C(installer).
      - Not needed in check mode, nor when the venv needs no rebuild.
    type: path
  imports:
    description: Modules that must import in the new venv before it becomes active.
    type: list
    elements: str
    default: []
  user:
    description:
      - Account that runs the programs in the venv. A venv that it cannot read is rebuilt, and one that it cannot run does not
        become active.
      - Where the module runs as root, this account imports what O(imports) names. Role node creates the account first.
    type: str
  activate:
    description: Whether the venv becomes the active one. If not, it is only built beside it, and no earlier one is removed.
    type: bool
    default: true
  keep:
    description: Number of earlier venvs to keep for a rollback.
    type: int
    default: 1
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Build the venv of the lock
  saf.fabric.locked_venv:
    root: /opt/saf
    python: /usr/bin/python3.11
    python_version: 3.11.2
    digest: "{{ __venv_wheels.digest }}"
    distributions: {numpy: 2.4.6}
    archive: /opt/saf/wheels/cp311-linux-x86_64-glibc2.36-5ec1f9cae567f0d7.tar
    imports: [numpy]
    user: saf
"""

RETURN = r"""
path:
  description: The venv, below C(venvs).
  type: str
  returned: always
fingerprint:
  description: One digest over the installed distributions and their recorded files; equal on equal nodes.
  type: str
  returned: when the venv exists
in_use:
  description: Whether C(current) pointed at the venv before.
  type: bool
  returned: always
problems:
  description: Problems of the venv before the run, a sentence each.
  type: list
  elements: str
  returned: always
removed:
  description: Earlier venvs that were removed.
  type: list
  elements: str
  returned: always
"""

import contextlib
import errno
import fcntl
import glob
import json
import os
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import venv as venvs
from ansible_collections.saf.fabric.plugins.module_utils import venv_access
from ansible_collections.saf.fabric.plugins.module_utils.system import bounded, folders
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact

_STEP_SECONDS = 1800  # of a slow disk; an import that hangs in a driver ends too
_SHOWN = 20  # problems in a diff; a venv that lost a folder would fill the screen


class BuildError(Exception):
    """A build that did not succeed; the message is for the user."""


def run(command, what, environment=None, user=None):
    """Run a step of the build, as ``user`` where the module runs as root; no step waits for a network."""
    try:
        settings = {"UV_NO_PROGRESS": "1", **(environment or {})}
        rc, out, err = bounded.run(command, _STEP_SECONDS, environment=settings, user=user, cwd="/")
    except bounded.TimedOut as error:
        raise BuildError(f"{what} failed: {error}") from error
    except KeyError as error:
        raise BuildError(f"{what} failed: there is no account {user}.") from error
    if rc != 0:
        tail = redact(" ".join((err or out).split()))[-600:] or f"exit status {rc}"
        raise BuildError(f"{what} failed: {tail}")


def unpack_installer(folder):
    """Extract the uv binary from its wheel and return its path."""
    (wheel,) = glob.glob(os.path.join(folder, "installer", "uv-*.whl"))
    binary = os.path.join(folder, "uv")
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        with archive.open(member) as source, open(binary, "wb") as target:
            shutil.copyfileobj(source, target)
    os.chmod(binary, 0o755)  # noqa: S103 a program
    return binary


def build(params, folder, archive):
    """Build a venv in ``folder`` from ``archive``, prove it, and return its path there."""
    if not archive or not os.path.exists(archive):
        raise BuildError(f"The archive of wheels is not on the node ({archive}); run the whole play, which copies it.")
    try:
        with tarfile.open(archive) as tar:
            # Old interpreters have no filter; the archive is made by the wheelhouse module on the controller.
            safely: dict = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, **safely)  # noqa: S202
    except (tarfile.TarError, EOFError) as error:
        raise BuildError(
            f"The archive of wheels {archive} is damaged ({error}). Delete it and run the playbook again."
        ) from error
    # The archive holds the mode of the folder that it was packed from.
    os.chmod(folder, 0o755)  # noqa: S103 the service account imports from here
    # uv runs the interpreter that the venv is created from, as root where the play does: the venv must belong to root, or the
    # tasks of the cluster could change it. An interpreter of the system, of uv or of conda (below venv_root) belongs to root.
    # Homebrew's keg belongs to the account that installed Homebrew, an administrator of that Mac; this build is the only time
    # that root executes it.
    uv = unpack_installer(folder)
    venv = os.path.join(folder, "venv")
    cache = ["--cache-dir", os.path.join(folder, "cache"), "--offline", "--quiet"]
    run(
        [uv, "venv", "--relocatable", "--no-project", "--python", params["python"], venv, *cache],
        "Creating the venv",
        venvs.environment_of_builder(params["python"]),
    )
    wheels = os.path.join(folder, "wheels")
    install = [uv, "pip", "install", "--python", os.path.join(venv, "bin", "python"), "--no-index", "--no-deps"]
    install += ["--find-links", wheels, "--require-hashes", "--requirement", os.path.join(wheels, "requirements.txt")]
    # The service user cannot write into the venv: without byte code every Ray worker would compile for itself.
    run([*install, "--compile-bytecode", *cache], "Installing the wheels")
    close(venv)
    for name in params["imports"]:
        try_import(os.path.join(venv, "bin", "python"), name, params["user"])
    return venv


def close(venv):
    """Remove write access of every other account: uv creates its lock file with 0666, and a wheel may contain any mode."""
    for folder, names, files in os.walk(venv):
        for path in [folder, *(os.path.join(folder, name) for name in names + files)]:
            mode = os.lstat(path).st_mode
            if mode & 0o022 and not stat.S_ISLNK(mode):
                os.chmod(path, stat.S_IMODE(mode) & ~0o022)


def try_import(python, name, user):
    """Import a package as the service account: root executes nothing of the wheels but the installer, and what that account
    cannot read is found now. In a child, since MLX can abort its process where it finds no device."""
    environment = {"HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    run([python, "-c", f"import {name}"], f"Importing {name} in the new venv", environment, user)


def write_marker(venv, params):
    """Write the marker of a finished venv; return the fingerprint."""
    site = venvs.site_packages(venv, params["python_version"])
    distributions = venvs.installed(site)
    problems = venvs.differences(params["distributions"], distributions) + venvs.damaged_files(site, distributions)
    if problems:
        raise BuildError("The new venv does not equal the lock: " + "; ".join(problems[:5]) + ".")
    marker = {
        "digest": params["digest"],
        "fingerprint": venvs.fingerprint(distributions),
        "python": params["python"],
        "home": venvs.home(venv),
        "python_version": params["python_version"],
        "distributions": {name: found["version"] for name, found in distributions.items()},
        "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with open(os.path.join(venv, venvs.MARKER), "w", encoding="utf-8") as stream:
        json.dump(marker, stream, indent=1, sort_keys=True)
    return marker["fingerprint"]


def barrier(venv, user, repairable):
    """Return (why ``user`` cannot use ``venv``, "" if it can; whether a rebuild removes the reason)."""
    if not user:
        return "", True
    sentence = venv_access.unreadable(venv, user)
    if not sentence:
        return "", True
    closed = venv_access.closed(os.path.join(venv, "bin", "python"), user)
    return sentence, not closed or folders.holds(repairable, closed)


def must_be_usable(venv, user):
    """Raise BuildError where ``user`` cannot run and read all of a new venv."""
    try:
        sentence = barrier(venv, user, venv)[0]
    except KeyError:
        raise BuildError(f"The account {user} does not exist: run site.yml, which creates it.") from None
    if sentence:
        raise BuildError(f"{sentence}.")


def switch(link, target):
    """Point ``link`` at ``target`` in one step."""
    partial = f"{link}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    os.symlink(target, partial)
    os.replace(partial, link)


def difference(root, in_use, venv, problems):
    """Return the diff that Ansible shows."""
    shown = problems[:_SHOWN]
    if len(problems) > _SHOWN:
        shown.append(f"... and {len(problems) - _SHOWN} more")
    before = [f"current -> {os.path.relpath(in_use, root) if in_use else 'nothing'}", *shown]
    return {"before": "\n".join(before) + "\n", "after": f"current -> {os.path.relpath(venv, root)}\n"}


def outdated(folder, current, previous, keep):
    """Return venvs beyond ``keep`` earlier ones, oldest first; the active and the previously active one always stay."""
    others = [path for path in glob.glob(os.path.join(folder, "[0-9a-f]*")) if path not in (current, previous)]
    others.sort(key=os.path.getmtime)
    spare = keep - (1 if previous and previous != current else 0)
    return others[: len(others) - max(spare, 0)]


@contextlib.contextmanager
def builder_lock(folder, module):
    """Allow one builder at a time: a run whose controller was killed may still be building on the node."""
    with open(os.path.join(folder, ".lock"), "w") as guard:
        deadline = time.monotonic() + 300
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    module.fail_json(
                        msg="Another run has been building a venv on this node for 300 s: wait for it or end it, then run again.",
                        path="",
                        problems=[],
                        removed=[],
                    )
                time.sleep(1)
        yield


def explained(error, folder):
    """Return the sentence of an error of a build; where the disk is full, whoever reports it, what to do."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left on device" in str(error) or "os error 28" in str(error):
        return f"The disk at {folder} is full: free space there, then run site.yml again."
    return str(error) if isinstance(error, BuildError) else f"Building the venv failed: {error}."


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "python": {"type": "path", "required": True},
            "python_version": {"type": "str", "required": True},
            "digest": {"type": "str", "required": True},
            "distributions": {"type": "dict", "required": True},
            "archive": {"type": "path"},
            "imports": {"type": "list", "elements": "str", "default": []},
            "user": {"type": "str"},
            "activate": {"type": "bool", "default": True},
            "keep": {"type": "int", "default": 1},
        },
        supports_check_mode=True,
    )
    # The login's umask must not decide who may read the venv: sudo keeps the stricter of two.
    os.umask(0o022)
    params = module.params
    folder = os.path.join(params["root"], "venvs")
    link = os.path.join(params["root"], "current")
    venv = os.path.join(folder, venvs.venv_id(params["digest"], params["python"], params["python_version"]))
    in_use = os.path.realpath(link) if os.path.islink(link) else ""

    opened = os.path.isdir(folder) and os.stat(folder).st_mode & 0o755 != 0o755
    if opened and not module.check_mode:
        os.chmod(folder, 0o755)  # noqa: S103 an earlier release closed it under another umask
    problems, _found, fingerprint = venvs.inspect(venv, params["python_version"], params["distributions"])
    in_place = in_use == os.path.realpath(venv)
    stale = params["activate"] and not in_place
    result = {
        "path": venv,
        "fingerprint": fingerprint,
        "problems": problems,
        "in_use": in_place,
        "removed": [],
        "changed": False,
    }
    if not problems:
        # Role node creates a missing account before the venv is used; check mode may come first.
        with contextlib.suppress(KeyError):
            sentence, repairable = barrier(venv, params["user"], folder)
            if not repairable:
                module.fail_json(msg=f"{sentence}.", **result)
            if sentence:
                problems.append(sentence)
    result["changed"] = bool(problems) or stale or opened
    result["diff"] = difference(params["root"], in_use, venv, problems)
    if module.check_mode or not result["changed"]:
        module.exit_json(**result)
    if not os.path.isdir(params["root"]):
        module.fail_json(msg=f"{params['root']} does not exist: run site.yml, which creates it.", **result)

    os.makedirs(folder, exist_ok=True)
    with builder_lock(folder, module):
        for leftover in glob.glob(os.path.join(folder, ".build-*")):
            shutil.rmtree(leftover, ignore_errors=True)
        for leftover in glob.glob(f"{glob.escape(link)}.[0-9]*"):
            os.unlink(leftover)
        if problems:
            build_dir = tempfile.mkdtemp(prefix=".build-", dir=folder)
            os.chmod(build_dir, 0o755)  # noqa: S103 the service account reads what is built
            try:
                built = build(params, build_dir, params["archive"])
                result["fingerprint"] = write_marker(built, params)
                must_be_usable(built, params["user"])
                if os.path.isdir(venv):
                    os.rename(venv, os.path.join(build_dir, "replaced"))
                os.rename(built, venv)
            except (BuildError, OSError) as error:
                module.fail_json(msg=f"{explained(error, folder)} The active venv is unchanged.", **{**result, "changed": False})
            finally:
                shutil.rmtree(build_dir, ignore_errors=True)
        if params["activate"]:
            switch(link, os.path.relpath(venv, params["root"]))
            result["removed"] = outdated(folder, venv, in_use, params["keep"])
            for path in result["removed"]:
                shutil.rmtree(path, ignore_errors=True)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
