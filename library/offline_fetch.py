#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/offline_fetch.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: offline_fetch
short_description: Fill the folder of an offline installation
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Fetches wheels by lock, builds of Python, other files and packages of Linux into one folder, whose C(manifest.json) has the
    SHA-256, the size and the origin of each file.
  - What the folder has already is compared with its manifest and not fetched again; what is damaged is replaced. An interrupted
    run continues.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  folder:
    description: Folder to fill.
    type: path
    required: true
  cache:
    description: Folder on the controller for pip's cache.
    type: path
    required: true
  stacks:
    description: Folders of the stacks.
    type: list
    elements: path
    default: []
  installer_lock:
    description: Lock of the installer (uv) that builds the venv on the node.
    type: path
    required: true
  python_version:
    description: Exact Python version for all stacks; the stack's own when empty.
    type: str
    default: ""
  platforms:
    description: Kinds of nodes by name, for instance V(linux-x86_64), V(darwin-arm64), V(darwin-arm64-15) or
      V(linux-x86_64+cuda13) for nodes with an accelerator of the stack.
    type: list
    elements: str
    default: []
  nodes:
    description: Kinds of nodes that were asked.
    type: list
    elements: dict
    default: []
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
      release:
        description: Version of glibc or of macOS.
        type: str
        required: true
      python_version:
        description: Exact Python version of the node.
        type: str
        required: true
      cuda:
        description: Newest CUDA that the node's NVIDIA driver runs; empty without a device.
        type: str
        default: ""
      accelerator:
        description: The node's C(mlx_accelerator).
        type: str
        default: auto
  builds:
    description: Pinned builds of Python by version, as in C(data/python_builds.yml).
    type: dict
    default: {}
  builds_url:
    description: Where the builds of Python are.
    type: str
    default: ""
  files:
    description: Other files.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path below the folder.
        type: str
        required: true
      url:
        description: Where it is fetched from.
        type: str
      src:
        description: File on the controller, instead of O(files[].url).
        type: path
      sha256:
        description: What it must be; not compared when empty.
        type: str
        default: ""
      token:
        description: Bearer token for the host of the URL.
        type: str
        default: ""
  packages:
    description: Packages of Linux, with what they need.
    type: list
    elements: str
    default: []
  distributions:
    description: Releases that the packages are for, for instance V(debian-12-amd64).
    type: list
    elements: str
    default: []
  apt_sources:
    description: Lines of a sources.list by release. The controller's own release needs none.
    type: dict
    default: {}
  index_url:
    description: Package index to fetch from; pip's own settings when empty. A password in it is never shown.
    type: str
    default: ""
  environment:
    description: Environment variables of all that fetches, for instance for a proxy. Passwords in them are never shown.
    type: dict
    default: {}
attributes:
  check_mode:
    details: Fetches nothing and is skipped.
"""

EXAMPLES = r"""
- name: Fetch what Macs and Linux machines need
  saf.fabric.offline_fetch:
    folder: /srv/saf-offline
    cache: .cache
    stacks: [stacks/studio-2025]
    installer_lock: data/installer.lock
    platforms: [darwin-arm64, linux-x86_64]
"""

RETURN = r"""
fetched:
  description: Files that were fetched, by their path below the folder.
  type: list
  elements: str
  returned: success
fetched_bytes: {description: Size of them., type: int, returned: success}
files: {description: How many files the manifest has., type: int, returned: success}
size: {description: Size of all files in bytes., type: int, returned: success}
left_out:
  description: What could not be fetched and is not needed for a cluster to run.
  type: list
  elements: str
  returned: success
manifest: {description: Path of the manifest., type: str, returned: success}
"""
