#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what one pair of nodes reaches over one link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_benchmark
short_description: Measure the goodput between two nodes
version_added: "0.1.0"
description:
  - One node runs an iperf3 server for a limited time, the other measures against it in both directions. What counts is what the
    receiver got, after slow start. The interface that the route really uses is named beside each figure.
  - Returns raw samples and judges nothing.
attributes:
  check_mode:
    support: full
    description: Starts and measures nothing and says so in RV(not_measured).
  diff_mode:
    support: none
    description: Nothing on the node is changed.
options:
  state:
    description:
      - V(serving) starts the server in the background; it ends by itself after O(life_time). V(measured) measures against it.
        V(stopped) ends it.
    type: str
    choices: [serving, measured, stopped]
    required: true
  node:
    description: Name of this node in the results.
    type: str
    required: true
  run_dir:
    description: Folder on the node for the server's pid file.
    type: path
  peer:
    description: Name of the node that serves, for V(state=measured).
    type: str
  host:
    description: Address of the node that serves, for V(state=measured).
    type: str
  link:
    description: Name of the link.
    type: str
    default: default
  port:
    description: Port of the server.
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
    description: Parallel TCP streams.
    type: int
    default: 1
  life_time:
    description: Seconds after which the server ends itself.
    type: int
    default: 900
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Measure between alpha and beta
  network_benchmark:
    state: measured
    node: alpha
    peer: beta
    host: 192.168.1.173
  register: pair
"""

RETURN = r"""
measurements:
  description: Raw samples of the receiver's goodput in bit/s, one entry for each direction.
  type: list
  elements: dict
  returned: state is measured
not_measured:
  description: What was not measured, with the reason.
  type: list
  elements: dict
  returned: always
"""

import os
import sys
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf import network, node_state, process

# Keeps iperf3 for a limited time and takes it along when it is ended itself; a run that dies leaves nothing behind for long.
_KEEPER = """
import os, signal, subprocess, sys
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
signal.signal(signal.SIGTERM, lambda *_: (child.terminate(), os._exit(0)))
try:
    child.wait(float(sys.argv[1]))
except subprocess.TimeoutExpired:
    child.terminate()
"""


def iperf3_of(module):
    return module.get_bin_path("iperf3", opt_dirs=["/opt/homebrew/bin", "/usr/local/bin"])


def goodput(subject, link, reason):
    return {"name": "net.goodput", "subject": subject, "link": link, "reason": reason}


def serve(module, iperf3, pid_file):
    params = module.params
    if process.alive(process.read_record(pid_file)):
        module.exit_json(changed=False, not_measured=[])
    argv = [sys.executable, "-c", _KEEPER, str(params["life_time"]), iperf3, "--server", "--json", "--port", str(params["port"])]
    record = process.start(argv, dict(os.environ, LC_ALL="C"), "/", os.path.join(params["run_dir"], "iperf3.log"))
    process.write_record(pid_file, {**record, "environment": {}})
    if not listening(params["port"]):
        process.stop(record, timeout=5)
        reason = f"iperf3 does not listen on port {params['port']} of {params['node']}: free the port or set bench_port."
        module.exit_json(changed=False, not_measured=[goodput([params["node"]], params["link"], reason)])
    module.exit_json(changed=True, not_measured=[])


def listening(port):
    """Wait up to 5 s until something listens; connecting would count as a client."""
    for _attempt in range(50):
        if port in [listener["port"] for listener in node_state.listeners([])]:
            return True
        time.sleep(0.1)
    return False


def stop(module, pid_file):
    record = process.read_record(pid_file)
    running = process.alive(record)
    if running:
        process.stop(record, timeout=5)
    for leftover in (pid_file, os.path.join(module.params["run_dir"], "iperf3.log")):
        if os.path.exists(leftover):
            os.unlink(leftover)
    module.exit_json(changed=running, not_measured=[])


def measure(module, iperf3):
    params = module.params
    interface = network.interface_facts(network.interface_to(params["host"]))
    measured, not_measured = [], []
    for reverse in (False, True):
        subject = [params["peer"], params["node"]] if reverse else [params["node"], params["peer"]]
        command = [iperf3, "--client", params["host"], "--port", str(params["port"]), "--json", "--get-server-output"]
        command += ["--time", str(params["seconds"]), "--omit", str(params["omit"]), "--parallel", str(params["streams"])]
        command += ["--connect-timeout", "5000"] + (["--reverse"] if reverse else [])
        _rc, out, err = module.run_command(command, environ_update={"LC_ALL": "C"})
        answer = network.parse_iperf3(out or err, reverse)
        if answer["error"]:
            not_measured.append(goodput(subject, params["link"], f"iperf3 to {params['host']}: {answer['error']}"))
            continue
        ends = {"to": interface} if reverse else {"from": interface}
        measured.append(
            {
                "name": "net.goodput",
                "scope": "pair",
                "subject": subject,
                "link": params["link"],
                "params": {
                    "streams": params["streams"],
                    "seconds": params["seconds"],
                    "direction": "reverse" if reverse else "forward",
                    "iperf3": answer["version"],
                },
                "unit": "bit/s",
                "better": "higher",
                "samples": answer["samples"],
                "flags": [],
                "context": {
                    **ends,
                    "retransmits": answer["retransmits"],
                    "cpu_percent": answer["cpu"],
                    "whole_run": answer["goodput"],
                },
            }
        )
    module.exit_json(changed=False, measurements=measured, not_measured=not_measured)


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["serving", "measured", "stopped"], "required": True},
            "node": {"type": "str", "required": True},
            "run_dir": {"type": "path"},
            "peer": {"type": "str"},
            "host": {"type": "str"},
            "link": {"type": "str", "default": "default"},
            "port": {"type": "int", "default": 5201},
            "seconds": {"type": "int", "default": 10},
            "omit": {"type": "int", "default": 2},
            "streams": {"type": "int", "default": 1},
            "life_time": {"type": "int", "default": 900},
        },
        required_if=[
            ("state", "serving", ["run_dir"]),
            ("state", "stopped", ["run_dir"]),
            ("state", "measured", ["peer", "host"]),
        ],
        supports_check_mode=True,
    )
    params = module.params
    subject = [params["node"]] + ([params["peer"]] if params["peer"] else [])
    if module.check_mode:
        skipped = goodput(subject, params["link"], "check mode: nothing is measured")
        module.exit_json(changed=False, measurements=[], not_measured=[skipped])
    pid_file = os.path.join(params["run_dir"] or "", "iperf3.json")
    if params["state"] == "stopped":
        stop(module, pid_file)
    iperf3 = iperf3_of(module)
    if iperf3 is None:
        reason = f"iperf3 is not installed on {params['node']}: install it there and run bench.yml again."
        module.exit_json(changed=False, measurements=[], not_measured=[goodput(subject, params["link"], reason)])
    if params["state"] == "serving":
        serve(module, iperf3, pid_file)
    measure(module, iperf3)


if __name__ == "__main__":
    main()
