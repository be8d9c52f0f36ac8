#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: which ports of other machines answer from here."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_doors_info
short_description: Check which ports of other machines answer from here
version_added: "0.1.0"
description:
  - Connects by TCP to each port, all at once. Where O(doors[].post) names a path it also posts a job without an entrypoint and
    without a token, which can start nothing, and reports the status of the answer. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  doors:
    description: What to try.
    type: list
    elements: dict
    required: true
    suboptions:
      node:
        description: Name of the machine, for the answer.
        type: str
        required: true
      address:
        description: Address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      post:
        description: Path that takes jobs by HTTP; empty for other ports.
        type: str
        default: ""
  timeout:
    description: Seconds until a connection must be made.
    type: int
    default: 3
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Check who reaches the agent
  saf.fabric.node_doors_info:
    doors: [{node: alpha, address: 192.168.1.172, port: 6384, post: /api/job_agent/jobs/}]
  register: doors
"""

RETURN = r"""
doors:
  description:
    - Each of O(doors) with what was found. C(source) is the own address towards that machine, C(status) the status of the answer
      to the job, 0 without one.
  type: list
  elements: dict
  returned: always
  sample:
    - {node: alpha, address: 10.0.0.1, port: 6384, post: "", answers: true, reason: "", source: 10.0.0.9, status: 401}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.audit import doors


def main():
    door = {
        "node": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "post": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "doors": {"type": "list", "elements": "dict", "required": True, "options": door},
            "timeout": {"type": "int", "default": 3},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, doors=doors.try_all(module.params["doors"], module.params["timeout"]))


if __name__ == "__main__":
    main()
