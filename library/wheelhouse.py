#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of wheelhouse, which is an action plugin (plugins/action/wheelhouse.py): nothing of it runs on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Fetch the wheels of a lock for one kind of node into one archive
version_added: "0.1.0"
description:
  - Runs on the controller alone. Picks the entries of a universal lock that apply to a node's platform and Python,
    fetches their wheels once, checked against the lock's hashes, and packs them with the installer into one archive.
  - An existing archive is used unchanged; its name contains the digest of its content.
  - Nodes of one kind share an archive. The first one fetches it, the others wait.
attributes:
  check_mode:
    support: full
    description: Reports whether the archive would be created; fetches nothing.
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
      accelerator:
        description: Kind of node with a GPU, a name under C(accelerators) in the stack; empty for the platform's own wheels.
        type: str
  index_url:
    description: Package index to fetch from; pip's own settings when empty. A password in it is never shown.
    type: str
    default: ""
  offline_dir:
    description:
      - Folder that C(offline_fetch) has filled. The wheels then come from there alone, pip is not run and no network is used.
      - A missing or damaged wheel is a failure that names the command to type.
    type: str
    default: ""
  environment:
    description:
      - Environment variables of pip, for instance the settings of a proxy. Passwords in them are never shown.
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
  description: Size of the archive in bytes, 0 if it does not exist (check mode).
  type: int
  returned: success
"""
