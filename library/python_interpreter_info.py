#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: which Python interpreters a node has, found by running them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_interpreter_info
short_description: Run a node's Python interpreters and pick the one of an exact version
version_added: "0.1.0"
description:
  - Tries the candidates, then the usual places, and believes nothing but what an interpreter says when it runs. One that
    stands in a virtual environment is replaced by the interpreter that it was made from.
  - Finding none is a result, not a failure.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  version:
    description: Exact version wanted, C(X.Y.Z).
    type: str
    required: true
  candidates:
    description: Interpreters to try first.
    type: list
    elements: str
    default: []
  venv_root:
    description: Folder of the installation. Its own builds of Python are in C(python/).
    type: path
    default: /opt/saf
  user:
    description:
      - Account that runs the interpreters where the module runs as root, which executes nothing that others may have written.
      - Where there is no such account yet it is nobody, who may run what any new account may.
    type: str
    default: saf
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Look for Python 3.9.23
  saf.fabric.python_interpreter_info:
    version: 3.9.23
    candidates: [/opt/python/3.9.23/bin/python3.9]
  register: python
"""

RETURN = r"""
found:
  description: Interpreters that ran, in the order tried, with the modules of the standard library that they cannot import.
  type: list
  elements: dict
  returned: always
  contains:
    version: {description: Its version., type: str, returned: always}
  sample:
    - path: /usr/bin/python3
      real_path: /usr/bin/python3.11
      version: 3.11.2
      implementation: cpython
      machine: x86_64
      bits: 64
      libc: glibc
      missing: []
chosen:
  description: The first CPython of the exact version built for the node's architecture; those that miss a module come last.
  type: dict
  returned: when there is one
  contains:
    real_path: {description: Its path without links., type: str, returned: always}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import hardware, interpreters


def main():
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "candidates": {"type": "list", "elements": "str", "default": []},
            "venv_root": {"type": "path", "default": "/opt/saf"},
            "user": {"type": "str", "default": "saf"},
        },
        supports_check_mode=True,
    )
    version = module.params["version"]
    user = interpreters.runner(module.params["user"])
    found: list = []
    for path in interpreters.places(version, module.params["candidates"], module.params["venv_root"]):
        answer = interpreters.ask(path, user)
        if answer and answer["real_path"] not in [known["real_path"] for known in found]:
            found.append({"path": path, **answer})
    chosen = interpreters.choose(found, version, hardware.architecture())
    module.exit_json(changed=False, found=found, chosen=chosen)


if __name__ == "__main__":
    main()
