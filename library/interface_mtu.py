#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the MTU of the interface that carries an address, with a way back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: interface_mtu
short_description: Set the MTU of the interface that carries an address, with a way back
version_added: "0.1.0"
description:
  - Sets the MTU and arranges that it is taken back after O(revert_after) seconds unless it is confirmed, since a path that
    does not carry it may cut off whoever set it.
  - Proves with O(state=tried) that packets of a size reach other nodes unfragmented; they must be answering (O(state=answering)).
  - O(state=confirmed) fails where the node has taken the change back already; the other nodes need O(state=restored) then.
attributes:
  check_mode:
    support: full
    description: Tells what would be set; tries nothing.
  diff_mode:
    support: full
    description: Shows the MTU before and after.
options:
  address:
    description: Address of the node; its interface is meant.
    type: str
    required: true
  mtu:
    description: Bytes of the largest IP packet.
    type: int
    required: true
  state:
    description: What to do.
    type: str
    choices: [set, answering, tried, confirmed, restored]
    default: set
  pending:
    description: File on the node that stands for a change that nobody confirmed, in a folder that only root writes to.
    type: path
    required: true
  revert_after:
    description: Seconds after which an unconfirmed change is taken back, and that a node answers.
    type: int
    default: 120
  port:
    description: UDP port of the answering nodes.
    type: int
    default: 6390
  before:
    description: MTU to set with O(state=restored) where the change was confirmed already and is O(mtu) still.
    type: int
  targets:
    description: Addresses to try.
    type: list
    elements: str
    default: []
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Set jumbo frames
  saf.fabric.interface_mtu:
    address: 192.168.1.172
    mtu: 9000
    pending: /var/run/saf-mtu.pending
"""

RETURN = r"""
interface:
  description: Interface of the address.
  type: str
  returned: always
before:
  description: MTU that it had.
  type: int
  returned: always
failed_targets:
  description: Targets that packets of the size do not reach.
  type: list
  elements: str
  returned: state is tried
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure import round_trip
from ansible_collections.saf.fabric.plugins.module_utils.system import mtu, network


def main():
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "mtu": {"type": "int", "required": True},
            "state": {"type": "str", "choices": ["set", "answering", "tried", "confirmed", "restored"], "default": "set"},
            "pending": {"type": "path", "required": True},
            "revert_after": {"type": "int", "default": 120},
            "port": {"type": "int", "default": 6390},
            "before": {"type": "int"},
            "targets": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    wanted, pending, state = params["mtu"], params["pending"], params["state"]
    interface = mtu.interface_of(params["address"])
    if not interface:
        module.fail_json(msg=f"No interface of this node carries {params['address']}: set cluster_address.")
    before = network.interface_facts(interface)["mtu"]
    result = {"interface": interface, "before": before, "changed": False}
    if state == "set":
        reason = mtu.refusal(wanted, mtu.allowed(interface))
        if reason:
            module.fail_json(msg=f"{interface} cannot have an MTU of {wanted}: {reason}. Nothing was changed.", **result)
        result["changed"] = wanted != before
        result["diff"] = {"before": f"{interface} mtu {before}\n", "after": f"{interface} mtu {wanted}\n"}
        if not module.check_mode:
            # A change of an interrupted run that nobody has confirmed yet: what was before it is what comes back.
            result["before"] = mtu.claim(pending) or before
            # Also where nothing is changed: whoever confirms later finds out whether it is still so.
            mtu.arrange_way_back(pending, params["revert_after"], interface, result["before"])
            if result["changed"]:
                run(module, interface, wanted)
    elif not module.check_mode:
        if state == "answering":
            try:
                mtu.echo_for(params["port"], params["revert_after"], pending + ".answering")
            except OSError as error:
                fault = f"UDP port {params['port']} cannot be used to answer the other nodes ({error.strerror})"
                module.fail_json(msg=f"{fault}: free it, run again.")
        elif state == "tried":
            result["failed_targets"] = [host for host in params["targets"] if not round_trip.passes(host, params["port"], wanted)]
        elif state == "confirmed":
            confirm(module, interface, wanted, result)
        elif state == "restored":
            earlier = mtu.claim(pending)
            if earlier is None and before == wanted:
                earlier = params["before"]
            stop_answering(pending)
            result["changed"] = earlier not in (None, before)
            if result["changed"]:
                run(module, interface, earlier)
    elif state == "tried":
        result["failed_targets"] = []
    module.exit_json(**result)


def confirm(module, interface, wanted, result):
    """Make the change one that stays; fail where the node has taken it back, or somebody has set another MTU."""
    held = mtu.claim(module.params["pending"]) is not None
    stop_answering(module.params["pending"])
    now = network.interface_facts(interface)["mtu"]
    if not held or now != wanted:
        why = "nobody confirmed it in time and the node took it back" if not held else "somebody has set another one meanwhile"
        module.fail_json(
            msg=f"{interface} has an MTU of {now}, not {wanted}: {why}. Run it again, with a longer network_mtu_patience.",
            **result,
        )


def stop_answering(pending):
    """End the echo in the background: it looks for its file twice a second."""
    if os.path.exists(pending + ".answering"):
        os.unlink(pending + ".answering")
        time.sleep(1)


def run(module, interface, wanted):
    rc, out, err = module.run_command(mtu.command(interface, wanted))
    if rc != 0:
        module.fail_json(msg=f"The MTU of {interface} could not be set: {(err or out).strip()}.", changed=False)


if __name__ == "__main__":
    main()
