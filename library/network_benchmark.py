#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what the links of one node reach."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_benchmark
short_description: Measure the links between nodes
version_added: "0.1.0"
description:
  - Called on all nodes of a round at the same time. A node serves its O(clients) (iperf3 and an echo) and measures against its
    O(targets); a server ends when its clients are done, or when the controller is gone.
  - Measures the goodput (what the receiver got, after slow start) forward, in reverse and both at once, with each number of
    streams; the round trip of 64 bytes over TCP, idle and while the link is loaded; on request jitter and loss over UDP.
  - Each measurement has the interfaces that the routes really use at both ends, and whether frames of their MTU pass.
  - Returns raw samples and judges nothing.
extends_documentation_fragment:
  - saf.fabric.saf_benchmark
options:
  node:
    description: Name of this node in the results.
    type: str
    required: true
  nodes:
    description: Names of all nodes of the run. The place of a client in it is the number of its port on each server.
    type: list
    elements: str
    required: true
  clients:
    description: Nodes that measure against this one in the round.
    type: list
    elements: dict
    default: []
    suboptions: &peer
      peer:
        description: Name of the other node.
        type: str
        required: true
      host:
        description: Its address on the link.
        type: str
        required: true
      link:
        description: Name of the link.
        type: str
        default: default
      own:
        description: Address of this node that the peer measures against; nothing listens on another one. Any by default.
        type: str
        default: ""
  targets:
    description: What this node measures in the round.
    type: list
    elements: dict
    default: []
    suboptions: *peer
  together:
    description: Measure against all targets at the same time, in one direction, as one sum.
    type: bool
    default: false
  port:
    description: Port of the echo; iperf3 listens on the ports after it, one for each client.
    type: int
    default: 5201
  seconds:
    description: Length of one measurement, without slow start.
    type: int
    default: 10
  omit:
    description: Seconds of slow start that do not count.
    type: int
    default: 2
  streams:
    description: Numbers of parallel TCP streams.
    type: list
    elements: int
    default: [1]
  modes:
    description: Directions; V(both) is both at the same time.
    type: list
    elements: str
    choices: [forward, reverse, both]
    default: [forward, reverse]
  round_trips:
    description: Number of idle round trips.
    type: int
    default: 1000
  user:
    description: Account that serves and measures; nothing of it runs as root.
    type: str
  python:
    description: Interpreter of the echo, one that O(user) may run; the module's own by default.
    type: path
  udp:
    description: Measure jitter and loss over UDP at half of the TCP goodput.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Measure between alpha and beta
  saf.fabric.network_benchmark:
    node: "{{ inventory_hostname }}"
    nodes: [alpha, beta]
    clients: "{{ [{'peer': 'alpha', 'host': '192.168.1.172'}] if inventory_hostname == 'beta' else [] }}"
    targets: "{{ [{'peer': 'beta', 'host': '192.168.1.173'}] if inventory_hostname == 'alpha' else [] }}"
  register: pair
"""

RETURN = r"""
measurements:
  description: Raw samples in SI units; goodput is that of the receiver.
  type: list
  elements: dict
  returned: always
not_measured:
  description: What was not measured, with the reason.
  type: list
  elements: dict
  returned: always
"""

import os
import sys
import threading
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure import budgets, measurement
from ansible_collections.saf.fabric.plugins.module_utils.measure.benchmark_spec import JOB
from ansible_collections.saf.fabric.plugins.module_utils.measure.children import Children
from ansible_collections.saf.fabric.plugins.module_utils.measure.job import Job
from ansible_collections.saf.fabric.plugins.module_utils.measure.pair import Pair, together
from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import link_server
from ansible_collections.saf.fabric.plugins.module_utils.system import interfaces

PEER = {
    "peer": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "link": {"type": "str", "default": "default"},
    "own": {"type": "str", "default": ""},
}
SPEC = {
    "node": {"type": "str", "required": True},
    "nodes": {"type": "list", "elements": "str", "required": True},
    "clients": {"type": "list", "elements": "dict", "default": [], "options": PEER},
    "targets": {"type": "list", "elements": "dict", "default": [], "options": PEER},
    "together": {"type": "bool", "default": False},
    "port": {"type": "int", "default": 5201},
    "seconds": {"type": "int", "default": 10},
    "omit": {"type": "int", "default": 2},
    "streams": {"type": "list", "elements": "int", "default": [1]},
    "modes": {
        "type": "list",
        "elements": "str",
        "choices": ["forward", "reverse", "both"],
        "default": ["forward", "reverse"],
    },
    "round_trips": {"type": "int", "default": 1000},
    "udp": {"type": "bool", "default": False},
    "user": {"type": "str"},
    "python": {"type": "path"},
    **JOB,
}


def _end(host):
    return interfaces.interface_facts(interfaces.interface_to(host))


class Server:
    """The node's side of the round that others measure against; it never outlives the module."""

    def __init__(self, params, iperf3):
        self.error = ""
        self._ready = threading.Event()
        clients = params["clients"]
        served = [
            {"peer": client["peer"], "own": client["own"], "port": params["port"] + 1 + params["nodes"].index(client["peer"])}
            for client in clients
        ]
        # All at once is about rates; each pair's ends were inspected in its own round.
        ends = {} if params["together"] else {client["peer"]: _end(client["host"]) for client in clients}
        self._request = {"iperf3": iperf3, "port": params["port"], "clients": served, "ends": ends, "patience": budgets.ARRIVAL_S}
        self._python, self._user = params["python"] or sys.executable, params["user"]
        self._thread = threading.Thread(target=self._run, args=(params["timeout"],), daemon=True)

    def _run(self, timeout):
        try:
            run_probe(
                self._python,
                link_server,
                self._request,
                timeout,
                user=self._user,
                on_event=lambda event, _document: self._ready.set(),
            )
        except (ProbeError, OSError, KeyError) as error:
            self.error = str(error)
        finally:
            self._ready.set()

    def start(self):
        self._thread.start()
        self._ready.wait(20)

    def wait(self, deadline):
        self._thread.join(max(deadline - time.monotonic(), 0))


def iperf3_of(module):
    """Return the path of iperf3, Homebrew's place included, or None."""
    return module.get_bin_path("iperf3", opt_dirs=["/opt/homebrew/bin", "/usr/local/bin"])


def reasons(params, reason):
    """Return a row for each target that this node would have measured; a node that only serves has none."""
    return [
        measurement.not_measured("net.goodput", [params["node"], target["peer"]], reason, target["link"])
        for target in params["targets"]
    ]


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    if module.check_mode:
        measurement.finish(module, [], reasons(params, measurement.CHECK_MODE))
    iperf3 = iperf3_of(module)
    if iperf3 is None:
        reason = f"iperf3 is not installed on {params['node']}: install it there and run bench.yml again."
        alone = [measurement.not_measured("net.goodput", [params["node"]], reason)]
        measurement.finish(module, [], reasons(params, reason) or alone)
    deadline = time.monotonic() + params["timeout"]
    measured, skipped = [], []
    with Job(params["job_dir"]) as job, Children(params["user"]) as children:
        server = Server(params, iperf3)
        if params["clients"]:
            server.start()
        pairs = [Pair(params, target, os.path.realpath(iperf3), children, job) for target in params["targets"]]
        for document in [together(params, pairs)] if params["together"] else (pair.measure() for pair in pairs):
            measured += document["measurements"]
            skipped += document["not_measured"]
        if params["clients"]:
            server.wait(deadline)
    if server.error:
        skipped.append(measurement.not_measured("net.goodput", [params["node"]], server.error))
    measurement.finish(module, measured, skipped)


if __name__ == "__main__":
    main()
