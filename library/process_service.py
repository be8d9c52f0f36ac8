#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a service on a node that has no init system."""

from __future__ import annotations

DOCUMENTATION = r"""
module: process_service
short_description: Run a service without an init system
version_added: "0.1.0"
description:
  - Starts a program detached, in a session of its own, and remembers it by process ID and start time, so that a reused ID is
    never touched. Nothing starts it again after a crash or a reboot.
  - A running program whose command line or environment differs from what is asked for is restarted.
attributes:
  check_mode:
    support: full
    description: Tells what would be done.
  diff_mode:
    support: full
    description: Shows what is there before and after.
options:
  name:
    description: Name for messages.
    type: str
    required: true
  state:
    description: What the service shall be.
    type: str
    choices: [started, stopped, restarted]
    default: started
  argv:
    description: Command line. Left out, the one of the last start is taken.
    type: list
    elements: str
  environment:
    description: Environment, added to C(PATH) and a C locale.
    type: dict
  chdir:
    description: Working directory.
    type: path
  pid_file:
    description: File (JSON) that remembers the process and how it was started.
    type: path
    required: true
  log:
    description: File that gets the program's output; beside the pid file when left out.
    type: path
  stop_timeout:
    description: Seconds between the request to end and the kill of the process group.
    type: int
    default: 30
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Run Ray
  process_service:
    name: ray
    argv: [/home/me/.saf/current/bin/ray, start, --head, --block]
    pid_file: /home/me/.saf/run/ray.json
    log: /home/me/.saf/log/ray.log
"""

RETURN = r"""
pid:
  description: Process ID, 0 when the service is stopped.
  type: int
  returned: always
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf import process


def wanted(module, record):
    """Return argv, environment, chdir and log: as given, else as recorded at the last start."""
    params = module.params
    argv = params["argv"] or record.get("argv")
    if not argv:
        module.fail_json(msg=f"{params['name']} was never started here: run site.yml, it knows the command line.")
    if params["environment"] is None:
        environment = record.get("environment", {})
    else:
        base = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        environment = {**base, **{name: str(value) for name, value in params["environment"].items()}}
    chdir = params["chdir"] or record.get("chdir") or os.path.dirname(params["pid_file"])
    log = params["log"] or record.get("log") or params["pid_file"] + ".log"
    return argv, environment, chdir, log


def same(record, argv, environment, given):
    """Return whether the record has this command line and environment; given: names that the caller has set.

    A PATH that was not given depends on how Ansible came in; it alone is no reason for a restart.
    """
    ignored = {"PATH"} - set(given)
    left = {key: value for key, value in record.get("environment", {}).items() if key not in ignored}
    right = {key: value for key, value in environment.items() if key not in ignored}
    return record.get("argv") == argv and left == right


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "default": "started"},
            "argv": {"type": "list", "elements": "str"},
            "environment": {"type": "dict"},
            "chdir": {"type": "path"},
            "pid_file": {"type": "path", "required": True},
            "log": {"type": "path"},
            "stop_timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    params = module.params
    record = process.read_record(params["pid_file"])
    running = process.alive(record)
    before = f"{' '.join(record['argv'])}\n" if running else "stopped\n"

    if params["state"] == "stopped":
        if running and not module.check_mode:
            process.stop(record, params["stop_timeout"])
            if process.alive(record):
                module.fail_json(msg=f"{params['name']} (process {record['pid']}) does not end; end it by hand.")
        module.exit_json(changed=running, pid=0, diff={"before": before, "after": "stopped\n"})

    argv, environment, chdir, log = wanted(module, record)
    keep = running and params["state"] == "started" and same(record, argv, environment, params["environment"] or {})
    diff = {"before": before, "after": " ".join(argv) + "\n"}
    if keep or module.check_mode:
        module.exit_json(changed=not keep, pid=record.get("pid", 0) if running else 0, diff=diff)
    if running:
        process.stop(record, params["stop_timeout"])
    try:
        record = process.start(argv, environment, chdir, log)
    except OSError as error:
        module.fail_json(msg=f"{params['name']} could not be started: {error}.")
    process.write_record(params["pid_file"], {**record, "chdir": chdir, "log": log})
    time.sleep(1)
    if not process.alive(record):
        with open(log, encoding="utf-8", errors="replace") as stream:
            last = stream.read().strip().splitlines()[-1:]
        module.fail_json(msg=f"{params['name']} ended at once: {' '.join(last)} (log: {log}).")
    module.exit_json(changed=True, pid=record["pid"], diff=diff)


if __name__ == "__main__":
    main()
