#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the stack that a node runs, and the venvs that it keeps."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_stack_info
short_description: Get the stack that a node runs and the venvs that it keeps
version_added: "0.8.0"
description:
  - Reads the record of the stack, the finished venvs, which of them is active and which ones Ray runs from. Changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  venv_root:
    description: Folder of the installation.
    type: path
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the stack of the node
  saf.fabric.node_stack_info:
    venv_root: /opt/saf
  register: node
"""

RETURN = r"""
record:
  description: What C(upgrade.yml) has written (stack, python_version, venv, previous, pending); empty before it ran.
  type: dict
  returned: always
active:
  description: The venv that C(current) leads to; empty without one.
  type: str
  returned: always
  sample: /opt/saf/venvs/6fd493a0cc56b046
venvs:
  description: The finished venvs, the newest first.
  type: list
  elements: dict
  returned: always
  contains:
    path: {description: Its folder., type: str, returned: always}
    python_version: {description: Version of its Python., type: str, returned: always}
    distributions: {description: Versions of what is installed in it., type: dict, returned: always}
    modified: {description: When it was last changed in seconds since 1970., type: float, returned: always}
running:
  description: The venvs that Ray's daemons run from.
  type: list
  elements: str
  returned: always
active_bytes:
  description: Space that the active venv takes, 0 without one.
  type: int
  returned: always
free_bytes:
  description: Free space of the file system of O(venv_root).
  type: int
  returned: always
"""

import glob
import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import stack_record
from ansible_collections.saf.fabric.plugins.module_utils import venv as venvs
from ansible_collections.saf.fabric.plugins.module_utils.system import disk, processes

_MOST = 100  # venvs


def size_of(folder):
    """Return the space that a folder takes, files with several names counted once."""
    total, seen = 0, set()
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                state = os.lstat(os.path.join(path, name))
            except OSError:
                continue
            if state.st_nlink < 2 or (state.st_dev, state.st_ino) not in seen:
                seen.add((state.st_dev, state.st_ino))
                total += state.st_blocks * 512
    return total


def finished(root):
    """Return the finished venvs, the newest first."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(root), "venvs", "[0-9a-f]*"))[:_MOST]:
        marker = venvs.read_marker(path)
        if marker:
            found.append(
                {
                    "path": path,
                    "python_version": str(marker.get("python_version", "")),
                    "distributions": marker.get("distributions") or {},
                    "modified": os.path.getmtime(path),
                }
            )
    return sorted(found, key=lambda venv: -venv["modified"])


def running_from(root, commands):
    """Return the venvs below ``root`` that Ray's daemons, among the command lines, run from."""
    place = re.compile(rf"{re.escape(root.rstrip('/'))}/venvs/[0-9a-f]+(?=/)")
    found = {match.group() for command in commands if processes.is_ray(command) and (match := place.match(command))}
    return sorted(found)


def main():
    module = AnsibleModule(argument_spec={"venv_root": {"type": "path", "required": True}}, supports_check_mode=True)
    root = module.params["venv_root"]
    link = os.path.join(root, "current")
    active = os.path.realpath(link) if os.path.islink(link) else ""
    # A root that is reached by a link: the venvs are named as everything else names them.
    active = os.path.join(root, "venvs", os.path.basename(active)) if active else ""
    module.exit_json(
        changed=False,
        record=stack_record.read(root),
        active=active,
        venvs=finished(root),
        running=running_from(root, [process["command"] for process in processes.running()]),
        active_bytes=size_of(active) if active else 0,
        free_bytes=disk.space(root)["free_bytes"],
    )


if __name__ == "__main__":
    main()
