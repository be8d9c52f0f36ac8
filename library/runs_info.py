#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/runs_info.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: runs_info
short_description: List benchmark runs
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Finds the runs with a C(run.json) in a folder on the controller.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  results_dir:
    description: Folder of the runs on the controller. One that does not exist holds no runs.
    type: path
    required: true
attributes:
  check_mode:
    details: Only reads.
"""

EXAMPLES = r"""
- name: Find the runs
  saf.fabric.runs_info:
    results_dir: results
  register: found
"""

RETURN = r"""
runs:
  description: Folders of the runs, the oldest first.
  returned: always
  type: list
  elements: str
  sample: [results/20261123T181500Z]
"""
