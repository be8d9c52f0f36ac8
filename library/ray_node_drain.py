#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a Ray node takes no more work, and ends when its tasks have ended."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ray_node_drain
short_description: Drain a node of a Ray cluster
version_added: "0.1.0"
description:
  - Asks the GCS that the node takes no more tasks, and waits until the GCS reports it as dead. Tasks that run on it may end;
    after O(deadline) seconds the node ends with what still runs, for instance an actor, which never ends by itself.
  - A node that is not alive, or a GCS that does not answer, is nothing to drain and no failure.
  - C(ray start --block) keeps running on a drained node. Stop its service afterwards.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  python:
    description: Interpreter of the venv that has Ray.
    type: path
    required: true
  address:
    description: Address of the GCS as C(host:port).
    type: str
    required: true
  name:
    description: Ray node name of the node.
    type: str
    required: true
  deadline:
    description: Seconds that its tasks may take.
    type: int
    default: 300
  environment_file:
    description: Environment file of the service, with Ray's settings.
    type: path
  user:
    description: Account that runs the interpreter where the module runs as root.
    type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Drain the node
  saf.fabric.ray_node_drain:
    python: /opt/saf/current/bin/python
    address: 192.168.1.172:6380
    name: beta
    deadline: 600
    environment_file: /opt/saf/etc/ray.env
    user: saf
"""

RETURN = r"""
drained:
  description: Whether the node has left the cluster by draining.
  type: bool
  returned: always
reason:
  description: Why it was not drained, one sentence; empty otherwise.
  type: str
  returned: always
seconds:
  description: How long it took.
  type: int
  returned: always
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import drain
from ansible_collections.saf.fabric.plugins.module_utils.services import ray_settings_file

# The node ends at its deadline; the GCS hears of it a little later.
_MORE_SECONDS = 30
_ASK_SECONDS = 20


def main():
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "address": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "deadline": {"type": "int", "default": 300},
            "environment_file": {"type": "path"},
            "user": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given = module.params
    params = {name: given[name] for name in ("address", "name", "deadline")}
    params.update(environment_file=given["environment_file"] or "", more=_MORE_SECONDS, ask=_ASK_SECONDS, dry=module.check_mode)
    started, reason, result = time.monotonic(), "", {}
    limit = _ASK_SECONDS * 3 + _MORE_SECONDS + given["deadline"]
    try:
        reported = run_probe(given["python"], drain, params, limit, user=given["user"], helpers=[ray_settings_file])
        result = reported["result"][0]
    except KeyError:
        reason = f"There is no account {given['user']} on this node."
    except (ProbeError, OSError) as error:
        reason = f"The GCS at {given['address']} could not be asked: {error}"
    changed = result.get("changed") is True
    module.exit_json(
        changed=changed,
        drained=result.get("drained") is True,
        reason=reason or str(result.get("reason", "")),
        seconds=round(time.monotonic() - started),
    )


if __name__ == "__main__":
    main()
