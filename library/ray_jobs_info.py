#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the jobs of the running Ray cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ray_jobs_info
short_description: Get the running jobs of a Ray cluster from its GCS
version_added: "0.8.0"
description:
  - Lists drivers that are connected and submitted jobs that have not ended. Does not become a driver and changes nothing.
  - A GCS that does not answer is a result (RV(reachable) is false), not a failure.
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
    description: File with the environment of the service. Its C(RAY_) variables are set before the GCS is asked.
    type: path
    default: ""
  timeout:
    description: Seconds until the GCS must answer.
    type: int
    default: 20
  user:
    description: Account that runs the interpreter where the module runs as root. Root then executes nothing of the venv.
    type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the running jobs
  saf.fabric.ray_jobs_info:
    python: /opt/saf/current/bin/python
    address: 192.168.1.172:6380
    user: saf
    environment_file: /opt/saf/etc/ray.env
  register: running
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
jobs:
  description: The jobs that have not ended.
  type: list
  elements: dict
  returned: always
  contains:
    id: {description: Id of the submission or of the driver., type: str, returned: always}
    entrypoint: {description: Its command line., type: str, returned: always}
    node: {description: Address of its driver's node; empty without a driver., type: str, returned: always}
    since: {description: When it began in seconds since 1970; 0 if unknown., type: int, returned: always}
  sample: [{id: "02000000", entrypoint: python train.py, node: 192.168.1.172, since: 1764619433}]
"""


from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.measure.probe import ProbeError, run_probe
from ansible_collections.saf.fabric.plugins.module_utils.probes import cluster_jobs
from ansible_collections.saf.fabric.plugins.module_utils.services import ray_settings_file
from ansible_collections.saf.fabric.plugins.module_utils.system import sockets

_START_SECONDS = 40  # importing Ray on a busy machine


def ask(params):
    """Return ``(jobs, reason)``."""
    # Ray's own client retries for a long time and then aborts: a closed port is detected here.
    why = sockets.refusal(params["address"], min(params["timeout"], 5))
    if why:
        return [], f"Nothing answers at {params['address']} ({why})."
    question = {name: params[name] for name in ("address", "timeout", "environment_file")}
    limit = params["timeout"] * 3 + _START_SECONDS
    try:
        answer = run_probe(params["python"], cluster_jobs, question, limit, user=params["user"], helpers=[ray_settings_file])
    except KeyError:
        return [], f"There is no account {params['user']} on this node."
    except (ProbeError, OSError) as error:
        return [], f"The GCS at {params['address']} could not be asked: {error}"
    return answer["result"][0]["jobs"], ""


def main():
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "address": {"type": "str", "required": True},
            "environment_file": {"type": "path", "default": ""},
            "timeout": {"type": "int", "default": 20},
            "user": {"type": "str"},
        },
        supports_check_mode=True,
    )
    jobs, reason = ask(module.params)
    module.exit_json(changed=False, reachable=not reason, reason=reason, jobs=jobs)


if __name__ == "__main__":
    main()
