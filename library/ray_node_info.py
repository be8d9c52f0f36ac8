#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what the configuration of a node's Ray service depends on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ray_node_info
short_description: Get what the Ray service of a node depends on
version_added: "0.1.0"
description:
  - Reads accounts, limits, hardware and earlier installations of a node that decide how its Ray is configured. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
  venv:
    description: Link to the venv in use.
    type: path
    required: true
  marker:
    description: Name of the file that a finished venv has.
    type: str
    required: true
  user:
    description: Account of the service.
    type: str
    required: true
  manifest:
    description: Path of the manifest.
    type: path
    required: true
  definitions:
    description: Files whose existence is returned, for instance definitions of services.
    type: list
    elements: path
    default: []
  paths:
    description: Paths that must exist; those that do not are returned.
    type: list
    elements: path
    default: []
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get what the service depends on
  saf.fabric.ray_node_info:
    venv_root: /opt/saf
    venv: /opt/saf/current
    marker: .saf-venv.json
    user: saf
    manifest: /opt/saf/manifest.json
    definitions: [/etc/systemd/system/saf-ray.service]
  register: node
"""

RETURN = r"""
worker:
  description: Account that Ansible's modules run as.
  type: str
  returned: always
group:
  description: Primary group of O(user), empty where there is no such account.
  type: str
  returned: always
root_exists:
  description: Whether O(venv_root) exists.
  type: bool
  returned: always
venv:
  description: Folder that O(venv) leads to, empty without one.
  type: str
  returned: always
interpreter:
  description: Program that C(bin/python) of the venv leads to, empty without one.
  type: str
  returned: always
compute_devices:
  description: Whether Linux has a device file of a GPU that computes, or of InfiniBand.
  type: bool
  returned: always
missing:
  description: Those of O(paths) that do not exist.
  type: list
  elements: str
  returned: always
system_python:
  description: Whether C(/usr/bin/python3) exists.
  type: bool
  returned: always
shm_bytes:
  description: Size of C(/dev/shm), 0 on a system without one.
  type: int
  returned: always
gpu_cores:
  description: GPU cores of a Mac, 0 elsewhere.
  type: int
  returned: always
max_open_files:
  description: Most files that a process of a Mac may open, 0 elsewhere.
  type: int
  returned: always
recorded:
  description: Names of everything in the manifest.
  type: list
  elements: str
  returned: always
definitions:
  description: Those of O(definitions) that exist.
  type: list
  elements: str
  returned: always
markers:
  description: SHA-1 of the marker of each finished venv, by the venv's folder.
  type: dict
  returned: always
  sample: {/opt/saf/venvs/6fd493a0cc56b046: da39a3ee5e6b4b0d3255bfef95601890afd80709}
"""

import glob
import grp
import hashlib
import os
import pwd

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import current, documents, folders
from ansible_collections.saf.fabric.plugins.module_utils.system.command import command_output
from ansible_collections.saf.fabric.plugins.module_utils.system.numbers import whole


def group_of(user):
    """Return the primary group of an account, "" without the account."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return ""
    try:
        return grp.getgrgid(account.pw_gid).gr_name
    except KeyError:
        return str(account.pw_gid)


def shm_bytes():
    """Return the size of /dev/shm in bytes, 0 without one."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108 only its size is read
    except OSError:
        return 0
    return found.f_blocks * found.f_frsize


# NVIDIA's driver, AMD's, and Windows' below WSL
DEVICES = ("nvidia[0-9]*", "nvidiactl", "kfd", "dxg", "infiniband")


def has_compute_devices(folder="/dev"):
    return any(glob.glob(os.path.join(folder, name)) for name in DEVICES)


def real_program(path):
    """Return where a program really is, "" without one."""
    return os.path.realpath(path) if os.path.exists(path) else ""


def gpu_cores(listing):
    """Return the GPU cores in the JSON of ``system_profiler SPDisplaysDataType``, 0 where it lists none."""
    try:
        cards = documents.mapping(listing)["SPDisplaysDataType"]
        return sum(whole(str(card["sppci_cores"]), 0) for card in cards if "sppci_cores" in card)
    except (ValueError, TypeError, KeyError):
        return 0


def recorded(path):
    """Return the names of everything in a manifest, none where it cannot be read: node_manifest reports that."""
    try:
        with open(path, encoding="utf-8") as stream:
            return [str(entry["name"]) for entry in documents.mapping(stream.read())["entries"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def markers(root, name):
    """Return {folder of a finished venv: SHA-1 of its marker}."""
    found = {}
    for path in folders.matching(os.path.join(glob.escape(root), "venvs", "*", name)):
        try:
            with open(path, "rb") as stream:
                found[os.path.dirname(path)] = hashlib.sha1(stream.read(), usedforsecurity=False).hexdigest()
        except OSError:
            continue
    return found


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "venv": {"type": "path", "required": True},
            "marker": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "manifest": {"type": "path", "required": True},
            "definitions": {"type": "list", "elements": "path", "default": []},
            "paths": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    is_mac = current.system.NAME == "Darwin"
    module.exit_json(
        changed=False,
        worker=pwd.getpwuid(os.geteuid()).pw_name,
        group=group_of(given["user"]),
        root_exists=os.path.exists(given["venv_root"]),
        venv=os.path.realpath(given["venv"]) if os.path.islink(given["venv"]) else "",
        interpreter=real_program(os.path.join(given["venv"], "bin", "python")),
        compute_devices=not is_mac and has_compute_devices(),
        missing=[path for path in given["paths"] if not os.path.exists(path)],
        system_python=os.path.exists("/usr/bin/python3"),
        shm_bytes=0 if is_mac else shm_bytes(),
        gpu_cores=gpu_cores(command_output("system_profiler", "SPDisplaysDataType", "-json")) if is_mac else 0,
        max_open_files=whole(command_output("sysctl", "-n", "kern.maxfilesperproc"), 0) if is_mac else 0,
        recorded=recorded(given["manifest"]),
        definitions=[path for path in given["definitions"] if os.path.exists(path)],
        markers=markers(given["venv_root"], given["marker"]),
    )


if __name__ == "__main__":
    main()
