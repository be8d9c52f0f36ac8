#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the container engine of a node, and what it has of a project."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_engine_info
short_description: Get the container engine of a node and its containers of a project
version_added: "0.1.0"
description:
  - Finds an engine that answers (docker, then podman), its compose command, and the containers, the network and the image of
    one project. Changes nothing. An engine that is not there is a result (RV(engine) is empty), not a failure.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  engine:
    description: The engine to use.
    type: str
    choices: [auto, docker, podman]
    default: auto
  project:
    description: Name of the compose project.
    type: str
    required: true
  network:
    description: Name of its network.
    type: str
    required: true
  image:
    description: Its image.
    type: str
    required: true
  ports:
    description: Ports that are to be published on 127.0.0.1.
    type: list
    elements: int
    default: []
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the container engine
  saf.fabric.container_engine_info:
    project: saf
    network: saf-network
    image: rayproject/ray:2.49.1-py39
    ports: [6380, 8265]
  register: engine
"""

RETURN = r"""
engine:
  description: The engine that answers; empty where none does.
  type: dict
  returned: always
  contains:
    name: {description: V(docker) or V(podman)., type: str, returned: success}
    path: {description: Its command., type: str, returned: success}
    version: {description: Its version., type: str, returned: success}
    memory_mib: {description: Memory of the machine of the containers in MiB., type: int, returned: success}
    cpus: {description: Processors of that machine., type: int, returned: success}
    machine: {description: Its architecture., type: str, returned: success}
    rootless: {description: Whether it runs without root., type: bool, returned: success}
reasons:
  description: Why the other engines are not used.
  type: list
  elements: str
  returned: always
compose:
  description: Command of compose for the engine; empty where there is none.
  type: list
  elements: str
  returned: always
compose_version:
  description: What compose says of its version.
  type: str
  returned: always
containers:
  description: The containers of the project.
  type: list
  elements: dict
  returned: always
  contains:
    name: {description: Name., type: str, returned: always}
    digest: {description: Digest of the compose file that it was made from., type: str, returned: always}
    state: {description: State as the engine names it., type: str, returned: always}
    running: {description: Whether it runs., type: bool, returned: always}
    health: {description: Result of its health check; empty where the engine has none., type: str, returned: always}
    restarts: {description: How often the engine has restarted it., type: int, returned: always}
has_image:
  description: Whether the engine has the image.
  type: bool
  returned: always
has_network:
  description: Whether the engine has the network.
  type: bool
  returned: always
busy_ports:
  description: Ports that something listens on at 127.0.0.1.
  type: list
  elements: int
  returned: always
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.containers import engine


def is_busy(port):
    """Return whether a port of 127.0.0.1 cannot be taken."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def main():
    module = AnsibleModule(
        argument_spec={
            "engine": {"type": "str", "choices": ["auto", "docker", "podman"], "default": "auto"},
            "project": {"type": "str", "required": True},
            "network": {"type": "str", "required": True},
            "image": {"type": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
        },
        supports_check_mode=True,
    )
    asked = module.params
    found, reasons = {}, []
    for name in ("docker", "podman") if asked["engine"] == "auto" else (asked["engine"],):
        found, reason = engine.ask(name)
        if found:
            break
        reasons.append(reason)
    answer = {
        "engine": found,
        "reasons": reasons,
        "compose": [],
        "compose_version": "",
        "containers": [],
        "has_image": False,
        "has_network": False,
        "busy_ports": [port for port in asked["ports"] if is_busy(port)],
    }
    if found:
        answer["compose"], answer["compose_version"] = engine.compose_of(found)
        answer["has_image"] = engine.has_image(found["path"], asked["image"])
        answer["has_network"] = engine.has_network(found["path"], asked["network"])
        try:
            answer["containers"] = engine.containers(found["path"], asked["project"])
        except (OSError, ValueError) as error:
            module.fail_json(msg=f"{error}.")
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
