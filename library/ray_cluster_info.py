#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the running Ray cluster as its GCS reports it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ray_cluster_info
short_description: Get the nodes of a Ray cluster from its GCS
version_added: "0.1.0"
description:
  - Reads the node table, resources and versions from the GCS of a running Ray cluster and compares the members with those
    expected. Does not become a driver and changes nothing.
  - A GCS that does not answer is a result (RV(reachable) is false), not a failure, so that the module fits C(until) loops.
  - Nodes are identified by their Ray node name, which role ray sets to the inventory name.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  python:
    description: Interpreter of the venv that has Ray.
    type: path
    required: true
  address:
    description: Address of the GCS as C(host:port).
    type: str
    required: true
  environment_file:
    description:
      - File with the environment of the service (C(NAME="value") lines). Its C(RAY_) variables are set before the GCS is asked,
        for instance those that name the token and the certificate. Only the account that runs the interpreter reads the file.
    type: path
    default: ""
  expected:
    description: Names of the nodes that should be alive.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds until the GCS must answer.
    type: int
    default: 20
  wait:
    description:
      - Seconds in which all of O(expected) must become alive. The GCS is polled until then. 0 asks once.
      - The result is the last answer.
    type: int
    default: 0
  service:
    description: The node's own service. The wait ends when the service has ended.
    type: dict
    suboptions:
      manager:
        description: V(systemd) or V(process). Others are not watched.
        type: str
        default: ""
      name:
        description: Name of the unit, and for messages.
        type: str
        default: ""
      pid_file:
        description: Pid file of a V(process).
        type: path
      log:
        description: Log of a V(process).
        type: path
  user:
    description: Account that runs the interpreter where the module runs as root. Root then executes nothing of the venv.
    type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Wait until two nodes are alive
  saf.fabric.ray_cluster_info:
    python: /opt/saf/current/bin/python
    address: 192.168.1.172:6380
    user: saf
    environment_file: /opt/saf/etc/ray.env
    expected: [alpha, beta]
    wait: 180
  register: cluster
  failed_when: not cluster.reachable or (cluster.missing + cluster.dead) | length > 0
"""

RETURN = r"""
reachable:
  description: Whether the GCS answered.
  type: bool
  returned: always
reason:
  description: Why it did not answer, one sentence.
  type: str
  returned: always
ended:
  description: Sentence that the service has ended, with the last line of its log. Empty otherwise.
  type: str
  returned: always
nodes:
  description: One entry for each name that the GCS knows.
  type: list
  elements: dict
  returned: always
  contains:
    name: {description: Name of the node., type: str, returned: always}
    address: {description: Its address., type: str, returned: always}
    alive: {description: Whether the GCS counts it as alive., type: bool, returned: always}
    is_head: {description: Whether the GCS runs on it., type: bool, returned: always}
    resources: {description: What it offers., type: dict, returned: always}
    death_reason: {description: Why it is dead. Empty where it is alive., type: str, returned: always}
  sample:
    - {name: alpha, address: 192.168.1.172, alive: true, is_head: true, resources: {CPU: 24.0, mlx: 1.0}, death_reason: ""}
missing:
  description: Expected names that the GCS has never seen.
  type: list
  elements: str
  returned: always
dead:
  description: Expected names that the GCS counts as dead.
  type: list
  elements: str
  returned: always
unexpected:
  description: Names that are alive and were not expected.
  type: list
  elements: str
  returned: always
ray_version:
  description: Version of Ray that the head runs.
  type: str
  returned: always
python_version:
  description: Version of Python that the head runs.
  type: str
  returned: always
session:
  description: Name of Ray's session. A new one means that the head was restarted.
  type: str
  returned: always
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import cluster_nodes
from ansible_collections.saf.fabric.plugins.module_utils.services import cluster, ray_settings_file, service_end
from ansible_collections.saf.fabric.plugins.module_utils.system import sockets

_PAUSE_SECONDS = 2
_MOST_SECONDS = 86400


def ask(python, address, timeout, user=None, environment_file=""):
    """Return ``(result, reason)``; the result is None when the GCS does not answer."""
    # Ray's own client retries for a long time and then aborts: a closed port is detected here.
    why = sockets.refusal(address, min(timeout, 5))
    if why:
        return None, f"Nothing answers at {address} ({why})."
    try:
        question = {"address": address, "timeout": timeout, "environment_file": environment_file}
        reported = run_probe(python, cluster_nodes, question, timeout, user=user, helpers=[ray_settings_file])
    except KeyError:
        return None, f"The GCS at {address} could not be asked: there is no account {user} on this node. Run site.yml."
    except (ProbeError, OSError) as error:
        return None, f"The GCS at {address} could not be asked: {error}"
    return reported["result"][0], ""


def settled(result, expected):
    """Return whether all expected nodes are alive."""
    membership = cluster.membership(result["nodes"], expected) if result else {}
    return bool(result) and not membership["missing"] and not membership["dead"]


def wait(ask_once, expected, seconds, watch):
    """Poll until all expected nodes are alive, the service has ended, or ``seconds`` have passed.

    ask_once: function of the seconds left that returns (result, reason). Returns (result, reason, ended).
    """
    deadline = time.monotonic() + min(seconds, _MOST_SECONDS)
    while True:
        result, reason = ask_once(max(1, deadline - time.monotonic()))
        left = deadline - time.monotonic()
        ended = "" if settled(result, expected) else watch.ended()
        if settled(result, expected) or ended or left <= 0:
            return result, reason, ended
        time.sleep(min(_PAUSE_SECONDS, left))


def main():
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "address": {"type": "str", "required": True},
            "environment_file": {"type": "path", "default": ""},
            "expected": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 20},
            "wait": {"type": "int", "default": 0},
            "service": {
                "type": "dict",
                "options": {
                    "manager": {"type": "str", "default": ""},
                    "name": {"type": "str", "default": ""},
                    "pid_file": {"type": "path"},
                    "log": {"type": "path"},
                },
            },
            "user": {"type": "str"},
        },
        supports_check_mode=True,
    )
    expected = module.params["expected"]
    params = module.params

    def ask_once(left):
        timeout = min(params["timeout"], int(left)) if params["wait"] else params["timeout"]
        return ask(params["python"], params["address"], timeout, params["user"], params["environment_file"])

    watch = service_end.Watch(**(params["service"] or {}))
    result, reason, ended = wait(ask_once, expected, params["wait"], watch) if params["wait"] else (*ask_once(0), "")
    if result is None:
        result = {"nodes": [], "ray_version": "", "python_version": "", "session": ""}
    module.exit_json(
        changed=False,
        reachable=not reason,
        reason=reason,
        ended=ended,
        **{**result, "nodes": cluster.latest(result["nodes"])},
        **cluster.membership(result["nodes"], expected),
    )


if __name__ == "__main__":
    main()
