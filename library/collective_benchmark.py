#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: one rank of a sweep of MLX collectives."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collective_benchmark
short_description: Measure MLX collectives over the nodes, as one rank of them
version_added: "0.1.0"
description:
  - Called on all nodes at the same time; each is one rank of MLX's ring back end over TCP. No node logs in to another one.
  - All-reduce and all-gather over a sweep of sizes, with a barrier before each sample, the slowest rank's time, and every result
    checked. Rank 0 returns the results. The size of the world is asserted before anything is timed.
  - A rank that has left keeps the others waiting (MLX 0.29); O(timeout) ends them.
extends_documentation_fragment:
  - saf.fabric.saf_benchmark
  - saf.fabric.saf_benchmark.venv
options:
  node:
    description: Name of this node.
    type: str
    required: true
  nodes:
    description: Names of all nodes in the order of their ranks.
    type: list
    elements: str
    required: true
  addresses:
    description: Addresses of the nodes in the same order.
    type: list
    elements: str
    required: true
  link:
    description: Name of the link that the addresses belong to.
    type: str
    default: default
  port:
    description: Port on which each rank listens.
    type: int
    default: 5290
  sizes:
    description: Sizes of the results in bytes.
    type: list
    elements: int
    default: [8, 1048576, 67108864]
  repetitions:
    description: Samples of each operation and size.
    type: int
    default: 20
  warmup:
    description: Operations before the first sample.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Measure all-reduce and all-gather
  saf.fabric.collective_benchmark:
    node: "{{ inventory_hostname }}"
    nodes: [alpha, beta]
    addresses: [192.168.1.172, 192.168.1.173]
    python: /opt/saf/current/bin/python
  register: collective
"""

RETURN = r"""
measurements:
  description: Bus bandwidth in bit/s, from rank 0.
  type: list
  elements: dict
  returned: always
not_measured:
  description: What was not measured, with the reason.
  type: list
  elements: dict
  returned: always
"""

import errno
import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure import measurement
from ansible_collections.saf.fabric.plugins.module_utils.measure.benchmark_spec import JOB, VENV
from ansible_collections.saf.fabric.plugins.module_utils.measure.job import Job
from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import collective

SPEC = {
    "node": {"type": "str", "required": True},
    "nodes": {"type": "list", "elements": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "link": {"type": "str", "default": "default"},
    "port": {"type": "int", "default": 5290},
    "sizes": {"type": "list", "elements": "int", "default": [8, 1048576, 67108864]},
    "repetitions": {"type": "int", "default": 20},
    "warmup": {"type": "int", "default": 5},
    **VENV,
    **JOB,
}


def as_measurement(document, link):
    """Return a probe's document as a measurement."""
    return measurement.measurement(
        f"collective.{document['operation']}",
        "bit/s",
        document["samples"],
        scope="cluster",
        subject=[],
        link=link,
        params=document["params"],
        context=document["context"],
    )


def port_taken(address, port):
    """Return a sentence with the remedy where another program listens on the port, else ""."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
            trial.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} is in use by another program: free it or set bench_collective_port."
    return ""


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params

    def skipped(reason):
        return [measurement.not_measured("collective", [params["node"]], reason)]

    if module.check_mode:
        measurement.finish(module, [], skipped(measurement.CHECK_MODE))
    request = {key: params[key] for key in ("sizes", "repetitions", "warmup")}
    request["rank"] = params["nodes"].index(params["node"])
    # Each rank has a separate port, so that several nodes may share one address.
    request["hosts"] = [f"{address}:{params['port'] + rank}" for rank, address in enumerate(params["addresses"])]
    taken = port_taken(params["addresses"][request["rank"]], params["port"] + request["rank"])
    if taken:
        measurement.finish(module, [], skipped(f"rank {request['rank']}: {taken}"))
    reasons = []
    with Job(params["job_dir"]) as job:
        try:
            reported = run_probe(
                params["python"], collective, request, params["timeout"], user=params["user"], on_event=job.on_event
            )
        except (OSError, ProbeError) as error:
            reported = getattr(error, "reported", {})
            hint = " Another rank has left, or its port cannot be reached." if "did not end" in str(error) else ""
            reasons = skipped(f"rank {request['rank']}: {error}{hint}")
    measurement.finish(module, [as_measurement(one, params["link"]) for one in reported.get("measurement", [])], reasons)


if __name__ == "__main__":
    main()
