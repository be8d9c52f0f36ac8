#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what the Ray cluster reaches, from a driver on the head."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ray_benchmark
short_description: Measure a Ray cluster from a driver on its head
version_added: "0.1.0"
description:
  - C(task_rtt) is the round trip of an empty task to each node, C(task_rate) the number of empty tasks a second, C(transfer) the
    rate at which an object gets from node to node, C(broadcast) the same from the head to all others at once.
  - C(mlx_tasks) is the wall time of sets of MLX tasks on 1, 2, 4 and all nodes that have MLX, the data made inside the tasks,
    with the node and the seconds of each task as proof, and the parts that the wall time consists of. The same number of tasks
    is run on more and more nodes (strong scaling), and the same number for each node (weak scaling).
  - Returns raw samples and judges nothing.
extends_documentation_fragment:
  - saf.fabric.saf_benchmark
  - saf.fabric.saf_benchmark.venv
options:
  address:
    description: Address of the GCS as C(host:port).
    type: str
    required: true
  environment_file:
    description:
      - File with the environment of the service (C(NAME="value") lines). The driver takes the C(RAY_) variables, for instance
        those that name its token and its certificate. Only the account that runs it reads the file.
    type: path
    default: ""
  head:
    description: Name of the head.
    type: str
    required: true
  nodes:
    description: Names of all nodes that take part.
    type: list
    elements: str
    required: true
  suites:
    description: What to measure.
    type: list
    elements: str
    choices: [task_rtt, task_rate, transfer, broadcast, mlx_tasks]
    default: [task_rtt, task_rate, transfer, broadcast, mlx_tasks]
  repetitions:
    description: Samples of the round trip for each node.
    type: int
    default: 100
  tasks_burst:
    description: Empty tasks in one burst of C(task_rate).
    type: int
    default: 1000
  transfer_bytes:
    description: Sizes of the objects that are sent.
    type: list
    elements: int
    default: [16777216]
  transfer_repetitions:
    description: Samples of each transfer and of the broadcast.
    type: int
    default: 5
  tasks:
    description: MLX tasks of a set for all nodes together; each gets the same number.
    type: int
    default: 12
  task_repetitions:
    description: How often the set is run; one more run before them is not counted.
    type: int
    default: 5
  task_budget:
    description: Seconds that one set may take with all its repetitions; where it takes longer there are fewer, three at least.
    type: float
    default: 60
  task_shapes:
    description:
      - What one task computes where MLX uses a GPU (C(gpu)) and where it does not (C(cpu)), each with C(size) n of the n x n
        product and C(products). The GPU's counts where all nodes have one, because a task has to be the same work on every node.
    type: dict
    default: {gpu: {size: 4096, products: 8}, cpu: {size: 512, products: 8}}
  all_nodes_only:
    description: Skip the run on the head alone.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Measure the cluster
  saf.fabric.ray_benchmark:
    python: /opt/saf/current/bin/python
    address: 192.168.1.172:6380
    user: saf
    environment_file: /opt/saf/etc/ray.env
    head: alpha
    nodes: [alpha, beta]
  register: ray
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure import budgets, measurement
from ansible_collections.saf.fabric.plugins.module_utils.measure.benchmark_spec import JOB, VENV
from ansible_collections.saf.fabric.plugins.module_utils.measure.job import Job
from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import ray_tasks
from ansible_collections.saf.fabric.plugins.module_utils.services import ray_settings_file

SUITES = ["task_rtt", "task_rate", "transfer", "broadcast", "mlx_tasks"]
PROBE_OPTIONS = {
    "head": {"type": "str", "required": True},
    "nodes": {"type": "list", "elements": "str", "required": True},
    "suites": {"type": "list", "elements": "str", "choices": SUITES, "default": SUITES},
    "repetitions": {"type": "int", "default": 100},
    "tasks_burst": {"type": "int", "default": 1000},
    "transfer_bytes": {"type": "list", "elements": "int", "default": [16777216]},
    "transfer_repetitions": {"type": "int", "default": 5},
    "tasks": {"type": "int", "default": 12},
    "task_repetitions": {"type": "int", "default": 5},
    "task_budget": {"type": "float", "default": 60},
    "task_shapes": {"type": "dict", "default": {"gpu": {"size": 4096, "products": 8}, "cpu": {"size": 512, "products": 8}}},
    "all_nodes_only": {"type": "bool", "default": False},
}
SPEC = {
    "address": {"type": "str", "required": True},
    "environment_file": {"type": "path", "default": ""},
    **PROBE_OPTIONS,
    **VENV,
    **JOB,
}
# Unit of each suite's samples.
UNITS = {"task_rtt": "s", "task_rate": "task/s", "transfer": "bit/s", "broadcast": "bit/s", "mlx_tasks": "s"}


def subject_of(document, head):
    """Return (scope, subject) of a probe's document."""
    params = document["params"]
    if document["suite"] == "task_rtt":
        return ("node", [head]) if params["local"] else ("pair", [head, params["target"]])
    if document["suite"] == "transfer":
        return "pair", document["subject"]
    return "cluster", []


def as_measurement(document, head):
    """Return a probe's document as a measurement."""
    scope, subject = subject_of(document, head)
    return measurement.measurement(
        f"ray.{document['suite']}",
        UNITS[document["suite"]],
        document["samples"],
        scope=scope,
        subject=subject,
        params=document["params"],
        context=document.get("context"),
    )


def unfinished(suites, reported, reason):
    """Return a row for each suite that reported nothing before the probe failed."""
    done = {document["suite"] for event in ("measurement", "not_measured") for document in reported.get(event, [])}
    return [measurement.not_measured(f"ray.{suite}", [], reason) for suite in suites if suite not in done]


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    # One node cannot transfer to another; that is known without asking Ray.
    alone = ["transfer", "broadcast"] if len(params["nodes"]) == 1 else []
    suites = [suite for suite in params["suites"] if suite not in alone]
    skipped = unfinished([suite for suite in params["suites"] if suite in alone], {}, "needs at least two nodes")
    if module.check_mode:
        measurement.finish(module, [], skipped + unfinished(suites, {}, measurement.CHECK_MODE))
    how = {key: params[key] for key in (*PROBE_OPTIONS, "address", "environment_file")}
    request = {**how, "suites": suites, **budgets.RAY}
    with Job(params["job_dir"]) as job:
        try:
            reported = run_probe(
                params["python"],
                ray_tasks,
                request,
                params["timeout"],
                user=params["user"],
                helpers=[ray_settings_file],
                on_event=job.on_event,
            )
        except (OSError, ProbeError) as error:
            reported = getattr(error, "reported", {})
            skipped += unfinished(suites, reported, str(error))
    skipped += [
        measurement.not_measured(f"ray.{document['suite']}", document["subject"], document["reason"])
        for document in reported.get("not_measured", [])
    ]
    measured = [as_measurement(document, params["head"]) for document in reported.get("measurement", [])]
    measurement.finish(module, measured, skipped)


if __name__ == "__main__":
    main()
