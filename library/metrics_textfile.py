#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/metrics_textfile.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_textfile
short_description: Copy the metrics of the newest run for a textfile collector
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Copies C(metrics.prom) of a run as C(saf.prom) into the folder of a textfile collector, for instance node_exporter's. The file
    is replaced in one step and has mode 0644, so that a collector of another account reads all of it or the old one.
  - An older run than the newest one of its folder changes nothing.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  run_dir:
    description: Folder of the run on the controller.
    type: path
    required: true
  dest_dir:
    description: Folder of the collector on the controller. It must exist.
    type: path
    required: true
attributes:
  check_mode:
    details: Reports whether the file would change.
"""

EXAMPLES = r"""
- name: Copy the metrics for node_exporter
  saf.fabric.metrics_textfile:
    run_dir: results/20261123T181500Z
    dest_dir: /var/lib/prometheus/node-exporter
  run_once: true
"""

RETURN = r"""
path:
  description: The file in the folder of the collector.
  returned: success
  type: str
  sample: /var/lib/prometheus/node-exporter/saf.prom
"""
