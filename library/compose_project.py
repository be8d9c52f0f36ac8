#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a compose project that runs, or that is not there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_project
short_description: Run a compose project, or remove it
version_added: "0.1.0"
description:
  - Runs C(compose.yml) of a folder with the compose command of the engine, and reports a change only where a container was
    started, rebuilt or removed. A container carries the digest of the file that it was made from as a label; one with another
    digest is removed first.
  - The network is made here, as an external one of the compose file, and removed with the project.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  engine:
    description: Command of the engine, C(docker) or C(podman).
    type: path
    required: true
  compose:
    description: Command of compose as a list.
    type: list
    elements: str
    default: []
  folder:
    description: Folder with C(compose.yml).
    type: path
    required: true
  project:
    description: Name of the project.
    type: str
    required: true
  network:
    description: Name of its network.
    type: str
    required: true
  names:
    description: Names of its containers.
    type: list
    elements: str
    default: []
  digest:
    description: Digest of the compose file, as in the label of each container.
    type: str
    default: ""
  state:
    description: V(present) runs the project, V(absent) removes its containers and its network.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Limit in seconds for a command of compose.
    type: int
    default: 300
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Run the containers
  saf.fabric.compose_project:
    engine: /usr/bin/podman
    compose: [/usr/bin/podman-compose]
    folder: /opt/saf-containers
    project: saf
    network: saf-network
    names: [saf-head, saf-worker1]
    digest: 0a1b2c3d4e5f
"""

RETURN = r"""
containers:
  description: State of each container, by its name.
  type: dict
  returned: always
  sample: {saf-head: running, saf-worker1: running}
"""

import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.containers import engine
from ansible_collections.saf.fabric.plugins.module_utils.containers.project import Project, ProjectError, is_up, states


def main():
    module = AnsibleModule(
        argument_spec={
            "engine": {"type": "path", "required": True},
            "compose": {"type": "list", "elements": "str", "default": []},
            "folder": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "network": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "digest": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    asked = module.params
    project = Project(asked["engine"], asked["compose"], asked["folder"], asked["project"], asked["network"], asked["timeout"])
    try:
        before = project.containers()
        if asked["state"] == "present":
            changed = not is_up(before, asked["names"], asked["digest"])
            after = dict.fromkeys(asked["names"], "running")
            if changed and not module.check_mode:
                after = states(project.up(asked["names"], asked["digest"]))
        else:
            changed = bool(before) or engine.has_network(asked["engine"], asked["network"])
            after = {}
            if changed and not module.check_mode:
                project.down()
    except (ProjectError, OSError, ValueError, subprocess.SubprocessError) as error:
        module.fail_json(msg=str(error))
    difference = {"before": {"containers": states(before)}, "after": {"containers": after}}
    module.exit_json(changed=changed, containers=after, diff=difference)


if __name__ == "__main__":
    main()
