#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: which of the other nodes' ports this node does not reach."""

from __future__ import annotations

DOCUMENTATION = r"""
module: path_probe
short_description: Check which ports of other nodes are reachable
version_added: "0.1.0"
description:
  - Connects by TCP, or sends an IP packet of a given size by UDP with fragmentation forbidden. A service must listen there, or
    M(saf.fabric.path_responder). All targets are tried at once.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  targets:
    description: What to try.
    type: list
    elements: dict
    required: true
    suboptions:
      node:
        description: Name for messages.
        type: str
        required: true
      host:
        description: Address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      protocol:
        description: V(tcp) connects, V(udp) sends a packet and waits for an answer.
        type: str
        choices: [tcp, udp]
        default: tcp
      size:
        description: Bytes of the IP packet. Needed with O(targets[].protocol=udp).
        type: int
  timeout:
    description: Seconds until a TCP connection must be made.
    type: int
    default: 5
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Connect to the head
  saf.fabric.path_probe:
    targets: [{node: alpha, host: 192.168.1.172, port: 6380}]
  register: paths

- name: Send a jumbo frame to the head
  saf.fabric.path_probe:
    targets: [{node: alpha, host: 192.168.1.172, port: 6390, protocol: udp, size: 9000}]
  register: paths
"""

RETURN = r"""
failed_targets:
  description: Targets that did not answer, with the reason.
  type: list
  elements: dict
  returned: always
  sample:
    - {node: alpha, host: 192.168.1.172, port: 6380, protocol: tcp, size: null, reason: no answer}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services import path_probe


def main():
    target = {
        "node": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
        "size": {"type": "int"},
    }
    module = AnsibleModule(
        argument_spec={
            "targets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": target,
                "required_if": [("protocol", "udp", ["size"])],
            },
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    module.exit_json(changed=False, failed_targets=path_probe.failed_targets(params["targets"], params["timeout"]))


if __name__ == "__main__":
    main()
