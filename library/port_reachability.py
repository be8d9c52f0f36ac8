#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: whether nodes reach each other on ports on which nothing listens yet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_reachability
short_description: Prove that nodes reach each other on the ports of a service that does not run yet
version_added: "0.1.0"
description:
  - One half listens for some seconds on those ports on which nothing listens, the other half connects. Nothing is sent but the
    connection itself, and nothing on the node is changed.
attributes:
  check_mode:
    support: full
    description: Does the same; it changes nothing.
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  state:
    description:
      - V(listening) starts listeners in the background and returns their process ID; they end by themselves after O(seconds).
      - V(connected) tries to connect to O(targets).
      - V(closed) ends the listeners of O(pid).
    type: str
    choices: [listening, connected, closed]
    required: true
  ports:
    description: Ports to listen on, for O(state=listening).
    type: list
    elements: int
    default: []
  seconds:
    description: Life time of the listeners, or time-out of one connection.
    type: int
    default: 5
  targets:
    description: Where to connect to, for O(state=connected).
    type: list
    elements: dict
    default: []
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
  pid:
    description: Process to end, for O(state=closed).
    type: int
    default: 0
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Try the head's port
  saf.fabric.port_reachability:
    state: connected
    targets: [{node: alpha, host: 192.168.1.172, port: 6380}]
  register: reach
"""

RETURN = r"""
pid:
  description: Process that listens, 0 when nothing had to be opened.
  type: int
  returned: state is listening
refused:
  description: Targets that could not be reached, with the reason.
  type: list
  elements: dict
  returned: state is connected
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services import reachability


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["listening", "connected", "closed"], "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "seconds": {"type": "int", "default": 5},
            "targets": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "node": {"type": "str", "required": True},
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                },
            },
            "pid": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["state"] == "listening":
        module.exit_json(changed=False, pid=reachability.listen(params["ports"], params["seconds"]))
    if params["state"] == "connected":
        module.exit_json(changed=False, refused=reachability.refused(params["targets"], params["seconds"]))
    if params["pid"]:
        reachability.close(params["pid"])
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
