#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/report.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report of a benchmark run
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Reads C(plan.json) and the raw files of a run and writes C(run.json), with the measured values before anything is judged, then
    the report in each format beside it. The link C(latest) points to the newest run.
  - A verdict that raises becomes a note, a format that raises a failure of the task; the other files are written all the same.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  run_dir:
    description: Folder of the run on the controller; with O(results_dir) also the id of a run there, V(latest) or V(previous).
    type: path
    required: true
  results_dir:
    description: Folder of the runs, in which O(run_dir) is looked up.
    type: path
  fail_on:
    description: Kinds of findings that RV(failing) lists.
    type: list
    elements: str
    choices: [fault, limit, regression]
    default: []
  formats:
    description: Formats to write besides C(run.json). All by default.
    type: list
    elements: str
    choices: [csv, html, markdown, prometheus]
attributes:
  check_mode:
    details: Reads and judges the run and writes nothing.
"""

EXAMPLES = r"""
- name: Write the report of a run
  saf.fabric.report:
    run_dir: results/20261123T181500Z
  register: report
  run_once: true
"""

RETURN = r"""
headlines:
  description: The lines that matter most, findings first, four at most.
  returned: always
  type: list
  elements: str
  sample: ["Compute: alpha reaches 22.0 TFLOP/s in MLX float32 (81 % of peak)."]
summary:
  description: What the run says first (sentence, tiles, table, problems), as plugin_utils/report/summary/parts.py describes it.
  returned: always
  type: dict
  sample: {title: alpha + beta, profile: standard}
text:
  description: The summary in lines for a terminal, 60 to 110 columns wide.
  returned: always
  type: str
  sample: "alpha + beta, 2 x Apple M2 Ultra"
next:
  description: What shows the report, by way of C(latest) where it points to this run; a command on a Mac.
  returned: always
  type: str
  sample: open results/latest/report.html
regressions:
  description: Findings about headline metrics that are worse than in earlier runs, as C(run.json) has them.
  returned: always
  type: list
  elements: dict
  sample: []
verdict:
  description: The worst severity among the findings, C(fault) or C(limit); C(healthy) without one of them.
  returned: always
  type: str
  sample: healthy
counts:
  description: Number of findings of each severity.
  returned: always
  type: dict
  sample: {fault: 0, limit: 0, note: 1}
failing:
  description: A line for each finding that O(fail_on) names.
  returned: always
  type: list
  elements: str
  sample: ["Fault: Link negotiates 100 Mb/s instead of 1.00 Gb/s: the link default of beta negotiates 100 Mb/s"]
run_id:
  description: Name of the run.
  returned: always
  type: str
  sample: 20261123T181500Z
paths:
  description: Files of the run that are up to date now; in check mode those that would be.
  returned: always
  type: list
  elements: str
  sample: [results/20261123T181500Z/run.json, results/20261123T181500Z/report.html]
"""
