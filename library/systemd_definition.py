#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: whether the process of a systemd service is of the definition that is configured."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_definition
short_description: Tell whether a running service is of the configured definition
version_added: "0.1.0"
description:
  - A unit that was written, and a process that was started from it, may differ, for instance after a run that was interrupted
    between the two. The unit gives its definition to the process as C(SAF_DEFINITION), and this module reads it there.
attributes:
  check_mode:
    support: full
    description: Read-only.
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  unit:
    description: Name of the unit.
    type: str
    required: true
  definition:
    description: What the unit gives as C(SAF_DEFINITION).
    type: str
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Check what runs
  systemd_definition:
    unit: saf-ray
    definition: 0c3f5a
  register: running
"""

RETURN = r"""
active:
  description: Whether the service is active.
  type: bool
  returned: always
pid:
  description: Its main process, 0 without one.
  type: int
  returned: always
current:
  description: Whether that process was started from the definition.
  type: bool
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf import systemd


def environ_of(pid):
    """Return the environment that a process was started with, as bytes, b"" without one."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def main():
    module = AnsibleModule(
        argument_spec={"unit": {"type": "str", "required": True}, "definition": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    command = ["systemctl", "show", module.params["unit"], "--property=ActiveState,MainPID"]
    rc, out, err = module.run_command(command, environ_update={"LC_ALL": "C"})
    if rc != 0:
        told = (err or out).strip() or f"status {rc}"
        module.fail_json(msg=f"systemd does not tell the state of {module.params['unit']}: {told}.")
    shown = systemd.parse_show(out)
    pid = systemd.runs(shown, b"", "")["pid"]
    module.exit_json(changed=False, **systemd.runs(shown, environ_of(pid), module.params["definition"]))


if __name__ == "__main__":
    main()
