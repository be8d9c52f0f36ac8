#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/cluster_secrets.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_secrets
short_description: Make and renew the secrets of a cluster on the controller
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Makes the token of a cluster, its certificate authority and a certificate for each node, in a folder that only the account of
    the controller can read, and renews what needs it. Returns paths and marks, no secret.
  - A certificate is renewed when it ends within 30 days, when an address of its node has changed, or when it is of another
    authority.
  - A folder or a file that other accounts can read is a failure, as is an authority of another cluster.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  folder:
    description: Folder of this cluster's secrets on the controller.
    type: path
    required: true
  cluster:
    description: Name of the cluster, which its authority carries.
    type: str
    required: true
  token:
    description: Whether the cluster has a token.
    type: bool
    default: false
  nodes:
    description: The nodes that need a certificate, each with the list of its addresses. None are made if it is empty.
    type: dict
    default: {}
  keep:
    description: Names of nodes. The certificates of all others are removed. Without it none is.
    type: list
    elements: str
  rotate:
    description: Make all of them new. What has the old ones can no longer join.
    type: bool
    default: false
attributes:
  check_mode:
    details: Reports whether something would be made.
"""

EXAMPLES = r"""
- name: Make the token and the certificates
  saf.fabric.cluster_secrets:
    folder: ~/.local/share/studio-air-fabric/alpha
    cluster: alpha
    token: true
    nodes: {alpha: [192.168.1.172, 10.10.0.1], beta: [192.168.1.173, 10.10.0.2]}
  run_once: true
  register: secrets
"""

RETURN = r"""
token:
  description: File with the token, empty without one.
  returned: success
  type: str
  sample: /home/me/.local/share/studio-air-fabric/alpha/token
dropped:
  description: Names of the nodes whose certificates were removed.
  returned: success
  type: list
  elements: str
  sample: [gamma]
token_mark:
  description: Digits that change with the token and tell nothing of it.
  returned: success
  type: str
  sample: 4e0c6c5d0c9f2a7b
authority:
  description: Certificate of the authority, empty without one.
  returned: success
  type: str
  sample: /home/me/.local/share/studio-air-fabric/alpha/ca.crt
nodes:
  description: For each node the files of its certificate and key, a mark that changes with them, and the days until they end.
  returned: success
  type: dict
  contains:
    certificate: {description: File of the certificate., type: str, returned: always}
    key: {description: File of the key., type: str, returned: always}
    mark: {description: First digits of the fingerprint., type: str, returned: always}
    days_left: {description: Days until it ends., type: int, returned: always}
    renewed: {description: Why it was made or renewed; empty otherwise., type: str, returned: always}
"""
