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
  - Starts a program detached, in a separate session, and records its process ID and start time, so that a reused ID is never
    touched. Nothing restarts it after a crash or a reboot.
  - A running program whose command line or environment differs from the arguments is restarted.
  - Root must not run what another account can write, so O(pid_file) belongs in a folder that only root can write to.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  name:
    description: Name for messages.
    type: str
    required: true
  state:
    description: State of the service. V(absent) stops it and removes its record.
    type: str
    choices: [started, stopped, restarted, absent]
    default: started
  argv:
    description: Command line. If omitted, that of the last start.
    type: list
    elements: str
  environment:
    description: Environment, added to C(PATH) and a C locale. Secrets belong in O(environment_file).
    type: dict
  environment_file:
    description: File of C(NAME="value") lines that are added as well. It is read at each start. Its values are not shown.
    type: path
  user:
    description: Account that the program runs as where the module runs as root.
    type: str
  chdir:
    description: Working directory.
    type: path
  pid_file:
    description: File (JSON) that records the process and how it was started. Only its owner can read it.
    type: path
    required: true
  earlier_pid_file:
    description:
      - Location of the file in an earlier release. Its process is stopped and the file removed. Nothing else is read from it, and
        only a process of the account that owns the file is touched.
    type: path
  log:
    description:
      - File for the program's output. If omitted, a file beside the pid file.
      - One of more than 10 MB is renamed at a start (C(.1)).
    type: path
  stop_timeout:
    description: Seconds between SIGTERM and SIGKILL.
    type: int
    default: 45
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Run Ray
  saf.fabric.process_service:
    name: ray
    argv: [/home/me/.saf/current/bin/ray, start, --head, --block]
    pid_file: /home/me/.saf/etc/ray.json
    log: /home/me/.saf/log/ray.log
"""

RETURN = r"""
pid:
  description: Process ID, 0 when the service is stopped.
  type: int
  returned: always
"""

import contextlib
import hashlib
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services import process
from ansible_collections.saf.fabric.plugins.module_utils.system import environment as environments
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact

KEPT = ("argv", "environment", "environment_file", "chdir", "log", "user")


def wanted(module, record):
    """Return argv, environment, environment_file, chdir, log and user: from the arguments, else from the last start."""
    params = module.params
    if not params["argv"] and record.get("written_by") not in (None, 0, os.geteuid()):
        module.fail_json(msg=f"{params['pid_file']} belongs to another account and is not used to start a program. Run site.yml.")
    how = {key: params[key] if params[key] is not None else record.get(key) for key in KEPT}
    if not how["argv"]:
        module.fail_json(msg=f"{params['name']} was never started on this node. Run site.yml, which has the command line.")
    how["environment"] = {name: str(value) for name, value in (how["environment"] or {}).items()}
    how["chdir"] = how["chdir"] or os.path.dirname(params["pid_file"])
    how["log"] = how["log"] or params["pid_file"] + ".log"
    return how


def given_environment(module, how):
    """Return what is added to the minimal environment; the file's values appear in no result and no record."""
    if not how["environment_file"]:
        return how["environment"]
    try:
        with open(how["environment_file"], encoding="utf-8") as stream:
            return {**how["environment"], **environments.parse(stream.read())}
    except OSError as error:
        if module.check_mode:
            return how["environment"]
        module.fail_json(msg=f"The environment of {module.params['name']} cannot be read: {error}. Run site.yml.")


def definition(how, environment):
    """Return a digest of how it is started, without the minimal environment, which depends on the connection of Ansible."""
    return hashlib.sha256(json.dumps([how["argv"], environment, how["user"]], sort_keys=True).encode()).hexdigest()


def end(module, record):
    """Stop the process of a record."""
    process.stop(record, module.params["stop_timeout"])
    if process.alive(record):
        module.fail_json(msg=f"{module.params['name']} (process {record['pid']}) did not stop. Stop it by hand.")


def stop(module, records):
    """States stopped and absent."""
    absent = module.params["state"] == "absent"
    files = [path for path in records if os.path.lexists(path)] if absent else []
    running = [record for record in records.values() if process.is_managed(record)]
    if not module.check_mode:
        for record in running:
            end(module, record)
        for path in files:
            os.unlink(path)
    before = "".join(f"process {record['pid']}\n" for record in running) or "stopped\n"
    module.exit_json(changed=bool(running or files), pid=0, diff={"before": before, "after": "stopped\n"})


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "restarted", "absent"], "default": "started"},
            "argv": {"type": "list", "elements": "str"},
            "environment": {"type": "dict"},
            "environment_file": {"type": "path"},
            "user": {"type": "str"},
            "chdir": {"type": "path"},
            "pid_file": {"type": "path", "required": True},
            "earlier_pid_file": {"type": "path"},
            "log": {"type": "path"},
            "stop_timeout": {"type": "int", "default": 45},
        },
        supports_check_mode=True,
    )
    params = module.params
    paths = [params["pid_file"], *filter(None, [params["earlier_pid_file"]])]
    records = {path: process.read_record(path) for path in paths}
    if params["state"] in ("stopped", "absent"):
        stop(module, records)

    record = records[params["pid_file"]]
    running = process.is_managed(record)
    earlier = {path: found for path, found in records.items() if path != params["pid_file"] and os.path.lexists(path)}
    how = wanted(module, record)
    environment = given_environment(module, how)
    digest = definition(how, environment)
    keep = running and params["state"] == "started" and record.get("definition") == digest and not earlier
    before = f"{' '.join(record.get('argv', []))}\n" if running else "stopped\n"
    diff = {"before": before, "after": " ".join(how["argv"]) + "\n"}
    if keep or module.check_mode:
        module.exit_json(changed=not keep, pid=record["pid"] if running else 0, diff=diff)
    for path, found in earlier.items():
        if process.is_managed(found):
            end(module, found)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    if running:
        end(module, record)
    bare = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    try:
        record = process.start(how["argv"], {**bare, **environment}, how["chdir"], how["log"], how["user"])
    except (OSError, KeyError) as error:
        module.fail_json(msg=f"{params['name']} could not be started: {error}.")
    process.write_record(params["pid_file"], {**how, **record, "definition": digest})
    time.sleep(1)
    if not process.alive(record):
        last = redact(process.last_line(how["log"]))
        module.fail_json(msg=f"{params['name']} ended at once: {last} (log: {how['log']}).")
    module.exit_json(changed=True, pid=record["pid"], diff=diff)


if __name__ == "__main__":
    main()
