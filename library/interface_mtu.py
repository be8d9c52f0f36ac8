#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the MTU of the interface that has an address, with a rollback."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interface_mtu
short_description: Set the MTU of the interface that has an address, with a rollback
version_added: "0.1.0"
description:
  - Sets the MTU for O(revert_after) seconds. The node then rolls it back by itself unless O(confirm=true) comes first, since a
    path that does not carry such packets can lock out whoever set the MTU.
  - Prove between the two that the packets arrive, with M(saf.fabric.path_probe).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  address:
    description: Address of the node. Its interface is the one that is changed.
    type: str
    required: true
  mtu:
    description: Bytes of the largest IP packet.
    type: int
    required: true
  revert_after:
    description: Sets the MTU, and rolls it back after this number of seconds unless it is confirmed.
    type: int
  confirm:
    description:
      - V(true) makes the MTU permanent. It fails if the interface does not have it any more, or if the rollback has run.
      - V(false) withdraws the MTU and restores the previous one.
    type: bool
  before:
    description: Previous MTU, to which O(confirm=false) returns where the MTU has been confirmed already and is still O(mtu).
    type: int
  pending:
    description: File on the node that exists as long as the MTU is not confirmed, in a folder that only root can write to.
    type: path
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Set jumbo frames for two minutes
  saf.fabric.interface_mtu:
    address: 192.168.1.172
    mtu: 9000
    revert_after: 120
    pending: /var/run/saf-mtu.pending

- name: Confirm jumbo frames
  saf.fabric.interface_mtu:
    address: 192.168.1.172
    mtu: 9000
    confirm: true
    pending: /var/run/saf-mtu.pending
"""

RETURN = r"""
interface:
  description: Interface of the address.
  type: str
  returned: always
before:
  description: Previous MTU in bytes.
  type: int
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import interfaces, mtu, mtu_rollback


def main():
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "mtu": {"type": "int", "required": True},
            "revert_after": {"type": "int"},
            "confirm": {"type": "bool"},
            "before": {"type": "int"},
            "pending": {"type": "path", "required": True},
        },
        required_one_of=[("revert_after", "confirm")],
        mutually_exclusive=[("revert_after", "confirm")],
        supports_check_mode=True,
    )
    interface = interfaces.interface_of(module.params["address"])
    if not interface:
        module.fail_json(msg=f"No interface of this node has the address {module.params['address']}: set cluster_address.")
    result = {"interface": interface, "before": mtu.read(interface), "changed": False}
    if module.params["confirm"] is None:
        set_for_a_while(module, result)
    elif not module.check_mode:
        (make_permanent if module.params["confirm"] else withdraw)(module, result)
    module.exit_json(**result)


def set_for_a_while(module, result):
    """Set the MTU with a rollback; result: {interface, before, changed}, which gains the diff."""
    wanted, interface, now = module.params["mtu"], result["interface"], result["before"]
    reason = mtu.refusal(wanted, mtu.allowed(interface))
    if reason:
        module.fail_json(msg=f"{interface} cannot have an MTU of {wanted}: {reason}. Nothing was changed.", **result)
    result["changed"] = wanted != now
    result["diff"] = {"before": f"{interface} mtu {now}\n", "after": f"{interface} mtu {wanted}\n"}
    if module.check_mode:
        return
    # A change of an interrupted run may be unconfirmed: the MTU before that one is what comes back.
    result["before"] = mtu_rollback.claim(module.params["pending"]) or now
    # Also where nothing changes: the confirmation then finds out whether the MTU is still the wanted one.
    mtu_rollback.arm(module.params["pending"], module.params["revert_after"], interface, result["before"])
    if result["changed"]:
        set_mtu(module, interface, wanted)


def make_permanent(module, result):
    """Cancel the rollback; fail where it has run, or where the interface has another MTU."""
    wanted, interface = module.params["mtu"], result["interface"]
    was_pending = mtu_rollback.claim(module.params["pending"]) is not None
    now = mtu.read(interface)
    if not was_pending or now != wanted:
        why = "something else has changed it since" if was_pending else "it was not confirmed in time and was rolled back"
        remedy = "Run the playbook again with a larger network_mtu_patience"
        module.fail_json(msg=f"{interface} has an MTU of {now}, not {wanted}: {why}. {remedy}.", **result)


def withdraw(module, result):
    """Restore the previous MTU, whether the change was confirmed or not."""
    now = result["before"]
    earlier = mtu_rollback.claim(module.params["pending"])
    if earlier is None and now == module.params["mtu"]:
        earlier = module.params["before"]
    result["changed"] = earlier not in (None, now)
    if result["changed"]:
        set_mtu(module, result["interface"], earlier)


def set_mtu(module, interface, wanted):
    rc, out, err = module.run_command(mtu.command(interface, wanted))
    if rc != 0:
        module.fail_json(msg=f"The MTU of {interface} could not be set: {(err or out).strip()}.", changed=False)


if __name__ == "__main__":
    main()
