#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what MLX reaches on one node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mlx_benchmark
short_description: Measure MLX on one node
version_added: "0.1.0"
description:
  - Runs matrix products in the venv's interpreter, in a process of its own, and returns raw samples. It judges nothing;
    ceilings and verdicts come later, on the controller.
  - Evaluation is forced and proven, the value is checked, the first call is reported apart, TF32 is off.
  - Where MLX runs on the CPU, NumPy is measured beside it; the wheel's BLAS says little about the CPU.
attributes:
  check_mode:
    support: full
    description: Measures nothing and says so in RV(not_measured).
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  node:
    description: Name of the node in the results.
    type: str
    required: true
  python:
    description: Interpreter of the venv.
    type: path
    required: true
  user:
    description: Account to run as when the module runs as root.
    type: str
  suites:
    description: What to measure.
    type: list
    elements: str
    choices: [gemm]
    default: [gemm]
  shapes:
    description: Sizes n of the n x n products, ascending.
    type: list
    elements: int
    default: [1024, 2048, 4096]
  dtypes:
    description: Data types.
    type: list
    elements: str
    choices: [float32, float16]
    default: [float32, float16]
  min_samples:
    description: Least number of samples of each product.
    type: int
    default: 20
  sample_seconds:
    description: Least length of one sample; as many products are done in it as that takes.
    type: float
    default: 0.1
  warmup_calls:
    description: Products before the first sample.
    type: int
    default: 5
  warmup_seconds:
    description: Seconds of warming up before the first sample.
    type: float
    default: 1.0
  budget:
    description: Seconds that one shape and type may take; a shape that would take longer is not measured, with the reason.
    type: float
    default: 30
  timeout:
    description: Seconds after which everything is ended.
    type: int
    default: 600
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Measure matrix products
  mlx_benchmark:
    node: alpha
    python: /opt/saf/current/bin/python
    shapes: [1024, 4096]
  register: mlx
"""

RETURN = r"""
measurements:
  description: Raw samples in FLOP/s with what they were measured with.
  type: list
  elements: dict
  returned: always
not_measured:
  description: What was not measured, with the reason.
  type: list
  elements: dict
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf.probe import ProbeError, run_probe
from ansible.module_utils.saf.probes import gemm

# Relative error of one product against float64; float16 has 11 bits, accumulation adds to it.
_TOLERANCE = {"float32": 1e-4, "float16": 2e-2}


def as_measurement(document, node):
    """Return a probe's document in the form that all benchmark modules return."""
    return {
        "name": f"gemm.{document['params']['dtype']}",
        "scope": "node",
        "subject": [node],
        "link": None,
        "params": document["params"],
        "unit": "FLOP/s",
        "better": "higher",
        "samples": document["samples"],
        "flags": [],
        "context": document["context"],
    }


def as_not_measured(document, node):
    params = document["params"]
    what = f"{params['m']} x {params['n']} x {params['k']} with {params['implementation']}"
    return {"name": f"gemm.{params['dtype']}", "subject": [node], "reason": f"{what}: {document['reason']}"}


def main():
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "python": {"type": "path", "required": True},
            "user": {"type": "str"},
            "suites": {"type": "list", "elements": "str", "choices": ["gemm"], "default": ["gemm"]},
            "shapes": {"type": "list", "elements": "int", "default": [1024, 2048, 4096]},
            "dtypes": {"type": "list", "elements": "str", "choices": ["float32", "float16"], "default": ["float32", "float16"]},
            "min_samples": {"type": "int", "default": 20},
            "sample_seconds": {"type": "float", "default": 0.1},
            "warmup_calls": {"type": "int", "default": 5},
            "warmup_seconds": {"type": "float", "default": 1.0},
            "budget": {"type": "float", "default": 30},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    params = module.params
    node = params["node"]
    if module.check_mode:
        reason = "check mode: nothing is measured"
        skipped = [{"name": f"gemm.{dtype}", "subject": [node], "reason": reason} for dtype in params["dtypes"]]
        module.exit_json(changed=False, measurements=[], not_measured=skipped)
    request = {
        "shapes": sorted(params["shapes"]),
        "dtypes": params["dtypes"],
        "min_samples": params["min_samples"],
        "max_samples": params["min_samples"] * 5,
        "sample_s": params["sample_seconds"],
        "warmup_calls": params["warmup_calls"],
        "warmup_s": params["warmup_seconds"],
        "budget_s": params["budget"],
        "tolerance": _TOLERANCE,
    }
    not_measured = []
    try:
        reported = run_probe(params["python"], gemm, request, params["timeout"], user=params["user"])
    except OSError as error:
        reported = {}
        not_measured.append({"name": "gemm", "subject": [node], "reason": f"{params['python']} cannot be run ({error})."})
    except ProbeError as error:
        reported = error.reported
        not_measured.append({"name": "gemm", "subject": [node], "reason": str(error)})
    module.exit_json(
        changed=False,
        measurements=[as_measurement(document, node) for document in reported.get("measurement", [])],
        not_measured=[as_not_measured(document, node) for document in reported.get("not_measured", [])] + not_measured,
    )


if __name__ == "__main__":
    main()
