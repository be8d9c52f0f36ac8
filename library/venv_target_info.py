#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what decides, beside system and machine, which wheels a node gets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: venv_target_info
short_description: Report what decides which wheels a node gets
version_added: "0.1.0"
description:
  - Reports the C library of a Linux node and the newest CUDA that its NVIDIA driver runs.
  - The driver is asked through C(libcuda); no toolkit is needed.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get what decides the wheels
  saf.fabric.venv_target_info:
  register: target
"""

RETURN = r"""
glibc:
  description: Version of glibc, empty without one.
  type: str
  returned: always
  sample: "2.36"
cuda:
  description: Newest CUDA that the driver runs, empty without a driver or a device.
  type: str
  returned: always
  sample: "13.0"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import cuda, hardware


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, glibc=hardware.glibc(), cuda=cuda.newest())


if __name__ == "__main__":
    main()
