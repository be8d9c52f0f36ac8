#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: packages of a Linux node, within a time limit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_package
short_description: Install packages on a Linux node within a time limit
version_added: "0.1.0"
description:
  - Installs missing packages with the node's package manager. The index is refreshed only if a package cannot be fetched
    without, and fetching ends after O(timeout) if a network drops packets.
  - ansible-core has modules for apt and dnf only, and those have no time limit.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  names:
    description: Packages.
    type: list
    elements: str
    required: true
  manager:
    description: Package manager, as the fact C(pkg_mgr) names it.
    type: str
    required: true
  state:
    description: V(fetched) downloads missing packages into the package manager's cache, V(present) installs them.
    type: str
    choices: [fetched, present]
    default: present
  source:
    description:
      - Folder on the node with packages and an index of them, instead of the node's mirrors. Only for apt.
      - Others may read the folder, root alone may write to it.
    type: path
    default: ""
  timeout:
    description: Limit in seconds for fetching packages or the index.
    type: int
    default: 120
  environment:
    description:
      - Environment of the package manager, for instance for a proxy. The keyword of the task would show it in the process list.
        Passwords in it are not shown.
    type: dict
    default: {}
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Install the programs that the benchmarks need
  saf.fabric.node_package:
    names: [iperf3, ethtool]
    manager: "{{ ansible_facts['pkg_mgr'] }}"
"""

RETURN = r"""
installed:
  description: Packages that were (or in check mode would be) installed. Empty with O(state=fetched).
  type: list
  elements: str
  returned: always
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import bounded
from ansible_collections.saf.fabric.plugins.module_utils.system import package_managers as managers
from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact, secrets_in

# Unpacking waits for no network; interrupted, it would leave a package half configured.
_INSTALL_SECONDS = 900


class PackageError(Exception):
    """Packages that could not be installed; the message is for the user."""


def run(command, seconds):
    """Run a command of a package manager; return its exit status, output and errors."""
    return bounded.run(command, seconds, environment={"DEBIAN_FRONTEND": "noninteractive"})


def missing(manager, names):
    """Return those of ``names`` that are not installed."""
    return [name for name in names if not managers.is_installed(manager, *run([*manager.query, name], 60)[:2])]


def must(command, seconds):
    rc, out, err = run(command, seconds)
    if rc != 0:
        raise PackageError(redact(f"{command[0]}: {managers.complaint(rc, out, err)}"))


def fetch(manager, names, timeout):
    """Download packages into the package manager's cache, with a refreshed index if it fails without."""
    try:
        must([*manager.fetch, *names], timeout)
    except PackageError:
        if manager.refresh is None:
            raise
        must(manager.refresh, timeout)
        must([*manager.fetch, *names], timeout)


def write_source(folder):
    """Make a folder of packages into a mirror."""
    os.makedirs(os.path.join(folder, "lists", "partial"), exist_ok=True)
    with open(os.path.join(folder, "sources.list"), "w", encoding="utf-8") as stream:
        # Each package was compared with the manifest of the controller before it came here.
        stream.write(f"deb [trusted=yes] file:{folder} ./\n")


def main():
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "manager": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["fetched", "present"], "default": "present"},
            "source": {"type": "path", "default": ""},
            "timeout": {"type": "int", "default": 120},
            "environment": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    # Not the option's no_log: every short value of a dict ("1") would then be blotted out of all results.
    module.no_log_values.update(secrets_in(module.params["environment"]))
    os.environ.update({name: str(value) for name, value in module.params["environment"].items()})
    os.umask(0o022)  # what packages write is for everybody, whatever the login's umask is
    names, name = module.params["names"], module.params["manager"]
    if name not in managers.MANAGERS:
        module.fail_json(
            msg=f"The package manager {name} is not supported: install {', '.join(names)} by hand, then run again.", installed=[]
        )
    manager = managers.MANAGERS[name]
    if module.params["source"]:
        if name != "apt":
            module.fail_json(
                msg=f"Packages of a folder are for apt, and this node has {name}: install them by hand.", installed=[]
            )
        manager = managers.from_folder(module.params["source"])
        write_source(module.params["source"])
    wanted = []
    try:
        wanted = missing(manager, names)
        if wanted and not module.check_mode:
            fetch(manager, wanted, module.params["timeout"])
            if module.params["state"] == "present":
                must([*manager.install, *wanted], _INSTALL_SECONDS)
    except PackageError as error:
        module.fail_json(msg=" ".join([str(error), manager.hint]).strip(), installed=[])
    except bounded.TimedOut as error:
        module.fail_json(msg=f"{error} Its mirror is unreachable or slow.", installed=[])
    if module.params["state"] == "fetched":
        # Filling a cache is no change; the installation that follows is one.
        module.exit_json(changed=False, installed=[])
    before = "".join(f"{one}\n" for one in names if one not in wanted)
    diff = {"before": before, "after": "".join(f"{one}\n" for one in names)}
    module.exit_json(changed=bool(wanted), installed=wanted, diff=diff)


if __name__ == "__main__":
    main()
