#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a responder that answers M(path_probe) for some seconds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: path_responder
short_description: Answer probes of other nodes for some seconds
version_added: "0.1.0"
description:
  - Starts a process in the background that accepts TCP connections and answers UDP datagrams, so that other nodes can prove with
    M(saf.fabric.path_probe) that they reach this one before the real service runs. It ends by itself after O(seconds).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
attributes:
  check_mode:
    details: Starts and stops nothing.
options:
  state:
    description: V(started) starts a responder, V(stopped) ends the one of O(pid).
    type: str
    choices: [started, stopped]
    default: started
  tcp_ports:
    description: TCP ports to open. A port in use is skipped, since its service answers by itself.
    type: list
    elements: int
    default: []
  udp_ports:
    description: UDP ports to open. A port in use is an error.
    type: list
    elements: int
    default: []
  seconds:
    description: Seconds after which the responder ends.
    type: int
    default: 60
  pid:
    description: Process to end with O(state=stopped). 0, or a process that is no responder, is left alone.
    type: int
    default: 0
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Start the responder
  saf.fabric.path_responder:
    tcp_ports: [6380]
    udp_ports: [6390]
  register: responder

- name: Stop the responder
  saf.fabric.path_responder:
    state: stopped
    pid: "{{ responder.pid }}"
"""

RETURN = r"""
pid:
  description: Process of the responder, 0 when nothing had to be opened.
  type: int
  returned: state is started
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services import path_responder


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
            "tcp_ports": {"type": "list", "elements": "int", "default": []},
            "udp_ports": {"type": "list", "elements": "int", "default": []},
            "seconds": {"type": "int", "default": 60},
            "pid": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["state"] == "stopped":
        if params["pid"] and not module.check_mode:
            path_responder.stop(params["pid"])
        module.exit_json(changed=False)
    if module.check_mode:
        module.exit_json(changed=False, pid=0)
    try:
        pid = path_responder.start(params["tcp_ports"], params["udp_ports"], params["seconds"])
    except path_responder.PortInUse as error:
        module.fail_json(msg=f"{error}: free the port and run the playbook again.")
    module.exit_json(changed=False, pid=pid)


if __name__ == "__main__":
    main()
