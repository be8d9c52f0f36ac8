#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/collect_archive.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collect_archive
short_description: Pack what explains a cluster to other people
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Writes one C(.tar.gz), mode 0600, with the status, the settings, the versions, the last runs and what
    M(saf.fabric.node_collect_info) has staged. Secrets are removed. C(index.md) in it has what is missing, and why.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  destination:
    description: Folder of the archive.
    type: path
    required: true
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  made:
    description: When, as in the archive's name.
    type: str
    required: true
  staging:
    description: Folder with a folder for each node. It is removed.
    type: path
    required: true
  nodes:
    description: For each node what was registered, C(ping), C(collected), C(hardware) and C(failed).
    type: dict
    required: true
  status:
    description: The document of the status.
    type: raw
  table:
    description: The status as a table.
    type: str
    default: ""
  results:
    description: Folder of the runs.
    type: path
    required: true
  runs:
    description: How many of the last runs are packed.
    type: int
    default: 2
  secrets:
    description: Folder with the secrets of the cluster, which are hidden wherever they stand.
    type: path
    required: true
  max_file_bytes:
    description: Bytes of a file.
    type: int
    default: 1048576
  max_bytes:
    description: Bytes of all files together.
    type: int
    default: 67108864
attributes:
  check_mode:
    details: Writes the archive, which is no state of the cluster.
"""

EXAMPLES = r"""
- name: Pack the archive
  saf.fabric.collect_archive:
    destination: results
    cluster: alpha-192.168.1.172-6380
    made: 20261123T181500Z
    staging: .cache/collect-20261123T181500Z
    nodes: {}
    results: results
    secrets: ~/.local/share/studio-air-fabric/alpha-192.168.1.172-6380
  run_once: true
"""

RETURN = r"""
path:
  description: The archive.
  returned: success
  type: str
  sample: results/saf-collect-alpha-192.168.1.172-6380-20261123T181500Z.tar.gz
bytes:
  description: Its size.
  returned: success
  type: int
  sample: 200000
files:
  description: How many files it has.
  returned: success
  type: int
  sample: 60
missing:
  description: What is missing, in a sentence; empty if nothing is.
  returned: success
  type: str
  sample: "Missing: nothing of beta. index.md in it has the reasons."
"""
