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
  - Measures in the venv's interpreter, in a separate process, and returns raw samples. It judges nothing;
    ceilings and verdicts come later, on the controller.
  - Evaluation is forced and proven, values are checked, the first call is reported apart, TF32 is off except in a separate row.
  - Where MLX runs on the CPU, NumPy is measured beside it; the result of MLX reflects the BLAS of its wheel.
extends_documentation_fragment:
  - saf.fabric.saf_benchmark
  - saf.fabric.saf_benchmark.venv
options:
  node:
    description: Name of the node in the results.
    type: str
    required: true
  suite:
    description:
      - What to measure. V(gemm) matrix products, V(memory) the bandwidth by the rules of STREAM, V(ops) softmax, layer norm,
        attention and the latency of one small evaluation, V(llm) prefill and decode through mlx-lm, V(sustained) one product
        for a long time.
      - The suites are those of C(module_utils/measure/mlx_suites.py).
    type: str
    default: gemm
  settings:
    description:
      - Sizes of the suite, as in C(data/bench_profiles.yml).
      - V(gemm) takes C(shapes) and C(dtypes); V(memory) C(array_bytes), by default four times the last cache; V(ops) C(rows),
        C(width), C(attention) and C(dtype) for each back end (C(gpu), C(cpu)); V(sustained) C(seconds) and C(size) for each.
      - V(llm) takes C(repetitions), C(budget) and for each back end a list of C(model), C(bits), C(prompt),
        C(generation) and C(batch).
    type: dict
    default: {}
  models:
    description: Architectures that C(llm) builds with random weights, by name. Any other model is a folder or a name on the hub.
    type: dict
    default: {}
  sampling:
    description: How samples are taken.
    type: dict
    default: {}
    suboptions:
      min_samples:
        description: Least number of samples.
        type: int
        default: 20
      sample_seconds:
        description: Least length of one sample; as much is done in it as that takes.
        type: float
        default: 0.1
      warmup_calls:
        description: Calls before the first sample.
        type: int
        default: 5
      warmup_seconds:
        description: Seconds of warming up before the first sample.
        type: float
        default: 1.0
      budget:
        description: Seconds that one case may take; one that would take longer is not measured, with the reason.
        type: float
        default: 30
      rest_seconds:
        description: Seconds of rest before the suite, so that the one before it does not heat it.
        type: float
        default: 0
"""

EXAMPLES = r"""
- name: Measure matrix products
  saf.fabric.mlx_benchmark:
    node: alpha
    python: /opt/saf/current/bin/python
    suite: gemm
    settings: {shapes: [1024, 4096], dtypes: [float32, float16]}
  register: mlx
"""

RETURN = r"""
measurements:
  description: Raw samples in SI units with what they were measured with.
  type: list
  elements: dict
  returned: always
not_measured:
  description: What was not measured, with the reason.
  type: list
  elements: dict
  returned: always
"""

import shutil
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure import measurement, mlx_suites
from ansible_collections.saf.fabric.plugins.module_utils.measure.benchmark_spec import JOB, VENV
from ansible_collections.saf.fabric.plugins.module_utils.measure.job import Job
from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import evaluation, timing
from ansible_collections.saf.fabric.plugins.module_utils.system import cuda, gpu_load, hardware
from ansible_collections.saf.fabric.plugins.module_utils.system.linux.facts import last_cache_bytes

SAMPLING = {
    "min_samples": {"type": "int", "default": 20},
    "sample_seconds": {"type": "float", "default": 0.1},
    "warmup_calls": {"type": "int", "default": 5},
    "warmup_seconds": {"type": "float", "default": 1.0},
    "budget": {"type": "float", "default": 30},
    "rest_seconds": {"type": "float", "default": 0},
}
SPEC = {
    "node": {"type": "str", "required": True},
    "suite": {"type": "str", "default": "gemm"},
    "settings": {"type": "dict", "default": {}},
    "models": {"type": "dict", "default": {}},
    "sampling": {"type": "dict", "default": {}, "options": SAMPLING},
    **VENV,
    **JOB,
}


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    node, suite = params["node"], params["suite"]
    if suite not in mlx_suites.METRICS:
        module.fail_json(msg=f"{suite} is not a suite: set suite to one of {', '.join(mlx_suites.METRICS)}.")
    if module.check_mode:
        measurement.finish(module, [], [measurement.not_measured(suite, [node], measurement.CHECK_MODE)])
    machine = {
        "cache_bytes": {"cpu": last_cache_bytes(), "gpu": (cuda.device() or {}).get("cache_bytes")},
        "memory_bytes": hardware.memory_bytes(),
        "cuda": shutil.which("nvidia-smi") is not None,
        "models": params["models"],
    }
    try:
        requests = mlx_suites.requests(suite, params["settings"], params["sampling"], machine)
    except KeyError as error:
        module.fail_json(msg=f"settings of the suite {suite} lack {error}: take them from data/bench_profiles.yml.")
    measured, skipped = [], []
    with Job(params["job_dir"]) as job:
        time.sleep(params["sampling"]["rest_seconds"])
        load = gpu_load.Sampler()
        for probe, request in requests:
            try:
                with load:
                    reported = run_probe(
                        params["python"],
                        probe,
                        request,
                        params["timeout"],
                        mlx_suites.environment(request),
                        params["user"],
                        helpers=[evaluation, timing],
                        on_event=job.on_event,
                    )
            except OSError as error:
                reported = {}
                skipped.append(measurement.not_measured(suite, [node], f"{params['python']} cannot be run ({error})."))
            except ProbeError as error:
                reported = error.reported
                skipped.append(measurement.not_measured(suite, [node], str(error)))
            measured += [mlx_suites.as_measurement(suite, document, node) for document in reported.get("measurement", [])]
            skipped += [mlx_suites.as_not_measured(suite, document, node) for document in reported.get("not_measured", [])]
    measured += mlx_suites.gpu_measurements(node, suite, load.utilization, load.clocks)
    measurement.finish(module, measured, skipped)


if __name__ == "__main__":
    main()
