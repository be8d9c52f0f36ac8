#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: an image of the container engine, pulled or built."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_image
short_description: Pull, build or remove an image
version_added: "0.1.0"
description:
  - Makes sure that the engine has an image. One that is there is left alone, so a name has to belong to one content.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  engine:
    description: Command of the engine, C(docker) or C(podman).
    type: path
    required: true
  kind:
    description: Which engine it is.
    type: str
    choices: [docker, podman]
    required: true
  name:
    description: The image, with its tag.
    type: str
    required: true
  context:
    description: Folder with a C(Containerfile) to build the image from. Without one it is pulled.
    type: path
    default: ""
  arguments:
    description: Build arguments.
    type: dict
    default: {}
  label:
    description: Label of the built image.
    type: str
    default: ""
  environment:
    description:
      - Environment of the engine's command. The names in it are given to the build, their values are in no command line.
        Passwords in it are not shown.
    type: dict
    default: {}
  state:
    description: V(present) makes sure that it is there, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Limit in seconds.
    type: int
    default: 3600
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Pull the image
  saf.fabric.container_image:
    engine: /usr/bin/docker
    kind: docker
    name: rayproject/ray:2.49.1-py39
"""

RETURN = r"""
name:
  description: The image.
  type: str
  returned: always
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.containers import engine
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact


def command(asked):
    """Return the command that makes the image."""
    if not asked["context"]:
        return [asked["engine"], "pull", asked["name"]]
    arguments = [f"{name}={value}" for name, value in sorted(asked["arguments"].items())] + sorted(asked["environment"])
    return [
        asked["engine"],
        "build",
        # Otherwise podman keeps each step as an image.
        *(["--layers=false"] if asked["kind"] == "podman" else []),
        f"--tag={asked['name']}",
        *([f"--label={asked['label']}"] if asked["label"] else []),
        *(f"--build-arg={one}" for one in arguments),
        f"--file={os.path.join(asked['context'], 'Containerfile')}",
        asked["context"],
    ]


def main():
    module = AnsibleModule(
        argument_spec={
            "engine": {"type": "path", "required": True},
            "kind": {"type": "str", "choices": ["docker", "podman"], "required": True},
            "name": {"type": "str", "required": True},
            "context": {"type": "path", "default": ""},
            "arguments": {"type": "dict", "default": {}},
            "label": {"type": "str", "default": ""},
            "environment": {"type": "dict", "default": {}, "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "timeout": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    asked = module.params
    there, wanted = engine.has_image(asked["engine"], asked["name"]), asked["state"] == "present"
    if there is not wanted and not module.check_mode:
        work = command(asked) if wanted else [asked["engine"], "rmi", asked["name"]]
        os.environ.update({name: str(value) for name, value in asked["environment"].items()})
        status, output, error = engine.run(work, asked["timeout"])
        if status:
            done = ("built" if asked["context"] else "pulled") if wanted else "removed"
            module.fail_json(
                msg=f"The image {asked['name']} could not be {done}: {redact(engine.reason(error or output))}",
                stdout=redact(output[-4000:]),
                stderr=redact(error[-4000:]),
            )
    name = asked["name"]
    module.exit_json(
        changed=there is not wanted,
        name=name,
        diff={"before": {"image": name if there else ""}, "after": {"image": name if wanted else ""}},
    )


if __name__ == "__main__":
    main()
