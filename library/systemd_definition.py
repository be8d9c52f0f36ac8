#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: whether the process of a systemd service was started from the configured definition."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_definition
short_description: Check whether a running service has the configured definition
version_added: "0.1.0"
description:
  - A unit file and the process that was started from it can differ, for instance after a run that was interrupted between the
    two. At each start the unit writes its definition to O(record) (C(ExecStartPre)), where this module reads it. The environment
    of the process would not do, since root may not read it in many containers.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  unit:
    description: Name of the unit.
    type: str
    required: true
  definition:
    description: Definition that the unit on disk writes.
    type: str
    required: true
  record:
    description: File that the unit writes at each start, in a folder that only root can write to.
    type: path
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Check what runs
  saf.fabric.systemd_definition:
    unit: saf-ray
    definition: 0c3f5a
    record: /run/saf-ray.definition
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

from ansible_collections.saf.fabric.plugins.module_utils.services import systemd


def read(path):
    """Return the text of a file, "" without one."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def main():
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "definition": {"type": "str", "required": True},
            "record": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    command = ["systemctl", "show", module.params["unit"], "--property=ActiveState,MainPID"]
    rc, out, err = module.run_command(command, environ_update={"LC_ALL": "C"})
    if rc != 0:
        reason = (err or out).strip() or f"status {rc}"
        module.fail_json(msg=f"systemctl does not report the state of {module.params['unit']}: {reason}.")
    shown = systemd.parse_show(out)
    module.exit_json(changed=False, **systemd.runs(shown, read(module.params["record"]), module.params["definition"]))


if __name__ == "__main__":
    main()
