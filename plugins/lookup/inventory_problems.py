"""What is wrong with the inventory and the controller; the checks are in plugins/plugin_utils/provision/inventory_checks.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_problems
short_description: Check the inventory and the controller
version_added: "0.1.0"
description:
  - Compares groups and variables of all hosts with the argument specs, stacks and data of this collection before a node is asked.
options:
  forks:
    description:
      - Hosts that Ansible works on at once, where all nodes of the play have to work together; not checked when it is not set.
    type: int
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Show what is wrong with the inventory
  ansible.builtin.debug:
    msg: "{{ query('saf.fabric.inventory_problems') | saf.fabric.problem_table }}"
"""

RETURN = r"""
_raw:
  description: Rows of the table of problems, each with node, check, wanted, found and fix.
  type: list
  elements: dict
"""

import contextlib
import platform

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.release import __version__ as ansible_version
from jinja2 import Undefined, UndefinedError

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import (
    inventory,
    inventory_checks,
    options,
    packet_rules,
    repository,
)

_NOT_SET = object()


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        taking_part = variables.get("ansible_play_hosts_all", ())
        return problems(variables["groups"], variables["hostvars"], taking_part, self.get_option("forks"))


def _values(variables, names):
    """Return {name: value} of those variables of a host that are known now; some depend on facts of the node."""
    values = {}
    for name in names:
        with contextlib.suppress(AnsibleError, UndefinedError):
            value = variables.get(name, _NOT_SET)
            if value is not _NOT_SET and not isinstance(value, Undefined):
                values[name] = value
    return values


def problems(groups, hostvars, taking_part, forks):
    """Return the rows of the table; taking_part: hosts of the play; forks: as the option."""
    window = repository.load("data", "controller.yml")
    found = inventory.controller_problems({"ansible_core": ansible_version, "python": platform.python_version()}, window)
    found += inventory.group_problems(groups)
    members = inventory_checks.members_of(groups)
    found += inventory.address_problems(members, hostvars)

    known, defaults = repository.options(), repository.defaults()
    given = {host: _values(hostvars[host], known) for host in members}
    values = {host: {**defaults, **given[host]} for host in members}
    found += inventory_checks.option_problems(given, values, known, {host: list(hostvars[host]) for host in members})
    found += packet_rules.problems(members, hostvars, values)
    if members:
        folders = {"cluster_controller_cache": ".cache", "bench_results_dir": "results"}
        folders = {name: given[members[0]].get(name, repository.ROOT / folder) for name, folder in folders.items()}
        for name, folder in repository.unwritable(folders).items():
            found += options.folder_problems(name, folder)
    if forks is not None:
        found += options.fork_problems(forks, len([host for host in members if host in taking_part]))

    overrides = [hostvars[host].get("bench_overrides") for host in members]
    profiles = repository.load("data", "bench_profiles.yml")
    found += inventory_checks.override_problems(overrides, profiles)
    found += inventory_checks.choice_problems(given, defaults, profiles, list(repository.load("data", "synthetic_models.yml")))
    stacks = {host: str(hostvars[host].get("stack", defaults["stack"])) for host in members}
    versions = {host: hostvars[host]["python_version"] for host in members if "python_version" in hostvars[host]}
    read = repository.stacks(set(stacks.values()) or {defaults["stack"]})
    return found + inventory_checks.stack_problems(stacks, versions, read, repository.stack_names())
