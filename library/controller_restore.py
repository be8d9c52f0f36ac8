#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/controller_restore.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_restore
short_description: Restore the backup of a controller
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Opens a file of M(saf.fabric.controller_backup) and writes its files, the secrets with mode 0600. Everything is checked first.
    If a file exists and differs, it fails and writes nothing. Missing host keys are added to O(known_hosts).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  path:
    description: The file of the backup.
    type: path
    required: true
  inventory:
    description: Folder for the inventories.
    type: path
    required: true
  secrets:
    description: Folder for the secrets of clusters.
    type: path
    required: true
  results:
    description: Folder for the runs.
    type: path
    required: true
  known_hosts:
    description: File with the host keys.
    type: path
    default: ~/.ssh/known_hosts
attributes:
  check_mode:
    details: Checks everything and writes nothing.
"""

EXAMPLES = r"""
- name: Restore the backup
  saf.fabric.controller_restore:
    path: saf-backup.tar.gz.vault
    inventory: inventory
    secrets: ~/.local/share/studio-air-fabric
    results: results
"""

RETURN = r"""
cluster:
  description: Name of the cluster.
  returned: success
  type: str
  sample: alpha-192.168.1.172-6380
inventories:
  description: The restored inventories.
  returned: success
  type: list
  elements: str
  sample: [inventory/mine]
written:
  description: How many files were written.
  returned: success
  type: int
  sample: 40
unchanged:
  description: How many files were there.
  returned: success
  type: int
  sample: 0
"""
