#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/suspects_info.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: suspects_info
short_description: Find what a benchmark run has to measure again
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Compares a run that has no report yet with earlier runs of the same testbed and returns the parts that are worse.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  run_dir:
    description: Folder of the run on the controller.
    type: path
    required: true
attributes:
  check_mode:
    details: Only reads.
"""

EXAMPLES = r"""
- name: Find the suspected regressions
  saf.fabric.suspects_info:
    run_dir: results/20261123T181500Z
  register: suspects
"""

RETURN = r"""
parts:
  description: Suites of MLX, C(network), C(ray) or C(collective).
  returned: always
  type: list
  elements: str
  sample: [gemm, network]
"""
