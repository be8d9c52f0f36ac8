#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what is left on a node after a reset."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_leftovers
short_description: Check that nothing is left on a node
version_added: "0.1.0"
description:
  - Checks for everything that the manifest had, for processes whose command line is below the installation, and for the
    installation itself. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  entries:
    description: Entries of the manifest before it was undone.
    type: list
    elements: dict
    required: true
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Check for leftovers
  saf.fabric.node_leftovers:
    entries: "{{ __reset_undone.entries }}"
    venv_root: /opt/saf
  register: leftovers
"""

RETURN = r"""
left:
  description: What is still there, a sentence each.
  type: list
  elements: str
  returned: always
"""

import shlex

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.manifest import record as manifest
from ansible_collections.saf.fabric.plugins.module_utils.manifest.kinds import KINDS
from ansible_collections.saf.fabric.plugins.module_utils.system import folders, processes


def main():
    module = AnsibleModule(
        argument_spec={
            "entries": {"type": "list", "elements": "dict", "required": True},
            "venv_root": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    fault = manifest.fault({**manifest.empty(), "entries": module.params["entries"]})
    if fault:
        module.fail_json(msg=f"entries is not what node_manifest returns: {fault}.")
    left = []
    for entry in module.params["entries"]:
        # What was there before the installation is meant to be there again.
        kind = KINDS.get(entry["kind"])
        if not entry.get("previous") and (kind is None or kind(module, entry).remains()):
            left.append(f"{entry['kind']} {entry['name']} is still there.")
    # A root that existed before is in no manifest, and a manifest can be lost: therefore the installation itself.
    known = [entry["name"] for entry in module.params["entries"]]
    for pattern in manifest.traces(module.params["venv_root"]):
        for path in folders.matching(pattern):
            if not any(folders.holds(name, path) for name in known):
                left.append(f"{path} of the installation is still there: rm -rf {shlex.quote(path)}")
    for process in processes.running():
        if processes.is_managed(process["command"], module.params["venv_root"]):
            left.append(f"Process {process['pid']} of {process['user']} still runs: {process['command'][:80]}")
    module.exit_json(changed=False, left=left)


if __name__ == "__main__":
    main()
