#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/compare.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: compare
short_description: Compare benchmark runs
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Reads C(run.json) of two or more runs, compares the metrics, and can write all of them as a Markdown table.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  results_dir:
    description: Folder of the runs on the controller.
    type: path
    required: true
  runs:
    description:
      - Runs to compare, each by its folder or its id in O(results_dir), V(latest) or V(previous); a list, or text with commas.
      - The two newest of O(results_dir) by default.
    type: list
    elements: str
    default: []
  dest:
    description: File for the table with every value, in Markdown.
    type: path
  width:
    description: Columns of the screen. Those of the terminal by default.
    type: int
attributes:
  check_mode:
    details: Compares and writes no table.
"""

EXAMPLES = r"""
- name: Compare the last two runs
  saf.fabric.compare:
    results_dir: results
    runs: [latest, 20261117T181500Z]
    dest: comparison.md
  register: compared
"""

RETURN = r"""
runs:
  description: Folders that were compared.
  returned: always
  type: list
  elements: str
  sample: [results/20261123T181500Z, results/20261124T181500Z]
lines:
  description: The table for the screen; the values that moved, how many did, and what differs in testbed and software.
  returned: always
  type: list
  elements: str
  sample: ["Values: 58 the same.", "Same testbed, same software."]
"""
