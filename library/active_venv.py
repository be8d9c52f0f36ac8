#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: which of a node's finished venvs is active, and which ones go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: active_venv
short_description: Activate a finished venv, or remove venvs that are used no more
version_added: "0.8.0"
description:
  - Points C(<root>/current) at a venv that M(saf.fabric.locked_venv) has built, in one step. Builds nothing.
  - Removes venvs by their folder; one that is active, or that Ray runs from, is never removed.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  root:
    description: Folder that holds C(venvs) and the link C(current).
    type: path
    required: true
  venv:
    description: The venv that becomes active, a folder in C(<root>/venvs). Without it the active one stays.
    type: path
  remove:
    description: Venvs to remove, folders in C(<root>/venvs).
    type: list
    elements: path
    default: []
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Activate the earlier venv
  saf.fabric.active_venv:
    root: /opt/saf
    venv: /opt/saf/venvs/6fd493a0cc56b046
"""

RETURN = r"""
before:
  description: The venv that was active, empty without one.
  type: str
  returned: always
removed:
  description: Venvs that were, or in check mode would be, removed.
  type: list
  elements: str
  returned: always
"""

import contextlib
import os
import re
import shutil

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import venv as venvs
from ansible_collections.saf.fabric.plugins.module_utils.system import processes


def place(root, path):
    """Return whether a path is a folder of a venv: nothing else is activated, and nothing else removed."""
    return os.path.dirname(path) == os.path.join(root, "venvs") and bool(re.fullmatch(r"[0-9a-f]+", os.path.basename(path)))


def switch(link, target):
    """Point ``link`` at ``target`` in one step."""
    partial = f"{link}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    os.symlink(target, partial)
    os.replace(partial, link)


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "venv": {"type": "path"},
            "remove": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    root, link = params["root"], os.path.join(params["root"], "current")
    before = os.readlink(link) if os.path.islink(link) else ""
    wrong = [path for path in [params["venv"], *params["remove"]] if path and not place(root, path)]
    if wrong:
        module.fail_json(msg=f"{wrong[0]} is no venv of {root}: only folders in {os.path.join(root, 'venvs')} are.")
    if params["venv"] and not venvs.read_marker(params["venv"]):
        module.fail_json(msg=f"There is no finished venv {params['venv']}: build it first, with upgrade.yml or site.yml.")
    target = os.path.relpath(params["venv"], root) if params["venv"] else before
    commands = [process["command"] for process in processes.running()]
    removed = [
        path
        for path in params["remove"]
        if os.path.isdir(path)
        and os.path.basename(path) != os.path.basename(target)
        and not any(processes.is_managed(command, path) for command in commands)
    ]
    changed = target != before
    if not module.check_mode:
        try:
            if changed:
                switch(link, target)
            for path in removed:
                shutil.rmtree(path)
        except OSError as error:
            module.fail_json(msg=f"The venvs of {root} could not be changed: {error}.")
    diff = {"before": f"current -> {before}\n", "after": f"current -> {target}\n"}
    module.exit_json(changed=changed or bool(removed), before=before, removed=removed, diff=diff)


if __name__ == "__main__":
    main()
