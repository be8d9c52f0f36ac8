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
  - C(task_rtt) is the round trip of an empty task to each node. C(mlx_tasks) is the wall time of one set of MLX tasks on
    the head alone and on all nodes, the data made inside the tasks, with the node and the seconds of each task as proof.
  - Returns raw samples and judges nothing.
attributes:
  check_mode:
    support: full
    description: Measures nothing and says so in RV(not_measured).
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  python:
    description: Interpreter of the venv.
    type: path
    required: true
  address:
    description: Address of the GCS as C(host:port).
    type: str
    required: true
  user:
    description: Account of the driver when the module runs as root; the one that Ray runs as.
    type: str
  environment_file:
    description: File with Ray's environment (C(NAME=value) lines) that drivers need as well.
    type: path
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
    choices: [task_rtt, mlx_tasks]
    default: [task_rtt, mlx_tasks]
  repetitions:
    description: Samples of the round trip for each node.
    type: int
    default: 100
  tasks:
    description: Number of MLX tasks in a set.
    type: int
    default: 12
  task_repetitions:
    description: How often the set is run; one more run before them is not counted.
    type: int
    default: 5
  size:
    description: Size n of the n x n product in a task.
    type: int
    default: 512
  products:
    description: Products in a task.
    type: int
    default: 4
  all_nodes_only:
    description: Leave the run on the head alone out.
    type: bool
    default: false
  timeout:
    description: Seconds after which everything is ended.
    type: int
    default: 600
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Measure the cluster
  ray_benchmark:
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
  description: Raw samples in seconds with what they were measured with.
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
from ansible.module_utils.saf.probes import ray_tasks


def read_environment(text):
    """Return the dict of a file with NAME=value lines."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def as_measurement(document, head):
    """Return a probe's document in the form that all benchmark modules return."""
    params = document["params"]
    rtt = document["suite"] == "task_rtt"
    return {
        "name": f"ray.{document['suite']}",
        "scope": "pair" if rtt and not params["local"] else "node" if rtt else "cluster",
        "subject": ([head] if params["local"] else [head, params["target"]]) if rtt else [],
        "link": None,
        "params": params,
        "unit": "s",
        "better": "lower",
        "samples": document["samples"],
        "flags": [],
        "context": document.get("context", {}),
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "address": {"type": "str", "required": True},
            "user": {"type": "str"},
            "environment_file": {"type": "path"},
            "head": {"type": "str", "required": True},
            "nodes": {"type": "list", "elements": "str", "required": True},
            "suites": {
                "type": "list",
                "elements": "str",
                "choices": ["task_rtt", "mlx_tasks"],
                "default": ["task_rtt", "mlx_tasks"],
            },
            "repetitions": {"type": "int", "default": 100},
            "tasks": {"type": "int", "default": 12},
            "task_repetitions": {"type": "int", "default": 5},
            "size": {"type": "int", "default": 512},
            "products": {"type": "int", "default": 4},
            "all_nodes_only": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    params = module.params
    names = [f"ray.{suite}" for suite in params["suites"]]
    if module.check_mode:
        skipped = [{"name": name, "subject": [], "reason": "check mode: nothing is measured"} for name in names]
        module.exit_json(changed=False, measurements=[], not_measured=skipped)
    environment = {}
    if params["environment_file"]:
        with open(params["environment_file"], encoding="utf-8") as stream:
            environment = read_environment(stream.read())
    keys = (
        "address",
        "head",
        "nodes",
        "suites",
        "repetitions",
        "tasks",
        "task_repetitions",
        "size",
        "products",
        "all_nodes_only",
    )
    request = {**{key: params[key] for key in keys}, "warmup": 20}
    not_measured = []
    try:
        reported = run_probe(params["python"], ray_tasks, request, params["timeout"], environment, params["user"])
    except (OSError, ProbeError) as error:
        reported = getattr(error, "reported", {})
        done = {f"ray.{document['suite']}" for document in reported.get("measurement", [])}
        not_measured = [{"name": name, "subject": [], "reason": str(error)} for name in names if name not in done]
    module.exit_json(
        changed=False,
        measurements=[as_measurement(document, params["head"]) for document in reported.get("measurement", [])],
        not_measured=not_measured,
    )


if __name__ == "__main__":
    main()
