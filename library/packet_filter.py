#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the rules of the cluster in the packet filter of a node, with a rollback."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packet_filter
short_description: Close the ports of the cluster to strangers, with a rollback
version_added: "0.1.0"
description:
  - Keeps a table of nftables (Linux) or an anchor of pf (macOS) that drops new connections to the given ports unless they come
    from the node itself or from the given addresses. No other port and no other rule is touched.
  - Rules that differ are loaded for O(revert_after) seconds. The node then restores the previous ones by itself, unless
    O(confirm=true) comes first, over a new connection.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  state:
    description: V(absent) removes the rules of this module and their files.
    type: str
    choices: [present, absent]
    default: present
  members:
    description: IP addresses of the cluster's nodes.
    type: list
    elements: str
    default: []
  admins:
    description: IP addresses and networks of people.
    type: list
    elements: str
    default: []
  ports:
    description: Ports that are closed, and to whom they are open.
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: Protocol.
        type: str
        choices: [tcp, udp]
        required: true
      ports:
        description: Ports, and ranges as V(first-last).
        type: list
        elements: str
        required: true
      sources:
        description: Who may connect; nobody but the node itself where it is empty.
        type: list
        elements: str
        choices: [members, admins]
        required: true
  revert_after:
    description: Loads rules that differ, and restores the previous ones after this number of seconds unless they are confirmed.
    type: int
  confirm:
    description: V(true) keeps the rules that are loaded, and writes them for the next boot. It fails if the rollback has run.
    type: bool
    default: false
  only_present:
    description: Whether a node without rules for its boot is left without.
    type: bool
    default: false
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Close the ports for one minute
  saf.fabric.packet_filter:
    members: [192.168.1.172, 192.168.1.173]
    admins: [192.168.1.0/24]
    ports:
      - {protocol: tcp, ports: [6380-6385, 10002-10999], sources: [members]}
      - {protocol: tcp, ports: ["8265"], sources: [members, admins]}
    revert_after: 60

- name: Remove the rules
  saf.fabric.packet_filter:
    state: absent
"""

RETURN = r"""
admitted:
  description: Members in the rules that the node loads at boot, before this call; none where it has no rules.
  type: list
  elements: str
  returned: always
differs:
  description:
    - Whether the rules, loaded or of the boot, were not those that are asked for. As C(changed) in check mode, which a task that
      only looks sets to false.
  type: bool
  returned: success
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import packet_filter


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "members": {"type": "list", "elements": "str", "default": []},
            "admins": {"type": "list", "elements": "str", "default": []},
            "ports": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "protocol": {"type": "str", "choices": ["tcp", "udp"], "required": True},
                    "ports": {"type": "list", "elements": "str", "required": True},
                    "sources": {"type": "list", "elements": "str", "choices": ["members", "admins"], "required": True},
                },
            },
            "revert_after": {"type": "int"},
            "confirm": {"type": "bool", "default": False},
            "only_present": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("revert_after", "confirm")],
        supports_check_mode=True,
    )
    os.umask(0o022)
    present = packet_filter.is_present()
    result = {"changed": False, "admitted": packet_filter.admitted()}
    wanted = module.params["state"] == "present"
    if not present and (module.params["only_present"] or (not wanted and os.geteuid() != 0)):
        module.exit_json(differs=result["changed"], **result)
    tool = module.get_bin_path(packet_filter.TOOL)
    if not tool:
        without_tool(module, result)
    node = packet_filter.of_node(lambda argv: module.run_command(argv, environ_update={"LC_ALL": "C"}), tool)
    try:
        (keep if wanted else remove)(module, node, result)
    except packet_filter.FilterError as error:
        module.fail_json(msg=f"{error}.", **result)
    module.exit_json(differs=result["changed"], **result)


def without_tool(module, result):
    """End where the node has no program for its packet filter; a dry run comes before the package is installed."""
    if module.params["state"] == "absent":
        module.exit_json(differs=result["changed"], **result)
    result["changed"] = True
    if module.check_mode:
        module.exit_json(differs=result["changed"], **result)
    module.fail_json(msg=f"This node has no {packet_filter.TOOL}. {WITHOUT}", **result)


WITHOUT = "firewall_enabled=false leaves its ports open; a firewall of your own has to close them then."


def keep(module, node, result):
    """Have the rules loaded, and in the end at boot; result gains changed and the diff."""
    if os.geteuid() != 0:
        module.fail_json(msg=f"Rules of the packet filter need root (ansible_become). {WITHOUT}", **result)
    refusal = node.refusal()
    if refusal:
        module.fail_json(msg=f"The ports cannot be closed: {refusal}. {WITHOUT}", **result)
    text = packet_filter.render(module.params)
    before = packet_filter.read(packet_filter.FILES[0]) or ""
    result["changed"] = not packet_filter.is_right(node, text)
    result["diff"] = {"before_header": packet_filter.NAME, "after_header": packet_filter.NAME, "before": before, "after": text}
    if module.check_mode:
        return
    if module.params["confirm"]:  # also where the files of the boot are right already: a rollback waits
        packet_filter.confirm(node, text)
    elif result["changed"] and module.params["revert_after"]:
        packet_filter.attempt(node, text, module.params["revert_after"])


def remove(module, node, result):
    """Remove the rules, loaded and at boot."""
    result["changed"] = packet_filter.has_leftovers(node)
    if result["changed"] and not module.check_mode:
        packet_filter.remove(node)


if __name__ == "__main__":
    main()
