#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/controller_backup.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_backup
short_description: Back up what a new controller needs
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Packs the inventories of this run, the secrets of the cluster, the host keys of the nodes and the runs into one file, mode
    0600, encrypted with the first password that ansible-vault was given. Without a password it fails.
  - Links and what is no ordinary file are left out.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  path:
    description: The file to write. One that exists is not replaced.
    type: path
    required: true
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  hosts:
    description: Addresses of the nodes, whose lines of O(known_hosts) are packed.
    type: list
    elements: str
    default: []
  secrets:
    description: Folder with the secrets of the cluster.
    type: path
    required: true
  results:
    description: Folder of the runs; none are packed without it.
    type: path
  known_hosts:
    description: File with the host keys.
    type: path
    default: ~/.ssh/known_hosts
  plain:
    description: Whether the file is not encrypted.
    type: bool
    default: false
attributes:
  check_mode:
    details: Reads everything and writes nothing.
"""

EXAMPLES = r"""
- name: Write the backup
  saf.fabric.controller_backup:
    path: results/saf-backup.tar.gz.vault
    cluster: alpha-192.168.1.172-6380
    hosts: [192.168.1.172, 192.168.1.173]
    secrets: ~/.local/share/studio-air-fabric/alpha-192.168.1.172-6380
    results: results
  run_once: true
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: results/saf-backup.tar.gz.vault
files:
  description: How many files it has.
  returned: success
  type: int
  sample: 40
secrets:
  description: How many of them are secrets of the cluster.
  returned: success
  type: int
  sample: 7
runs:
  description: How many runs it has.
  returned: success
  type: int
  sample: 5
left_out:
  description: What is no ordinary file, or an inventory that is no file.
  returned: success
  type: list
  elements: str
  sample: []
"""
