"""The rules of a node's packet filter; the work is in plugins/plugin_utils/provision/packet_rules.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: packet_rules
short_description: The rules of the packet filter of nodes
version_added: "0.1.0"
description:
  - Combines data/listeners.yml with the ports and addresses of the inventory. Each term is a node; it may be outside of the play.
options:
  _terms:
    description: Inventory names of nodes.
    required: true
"""

EXAMPLES = r"""
- name: Show the rules of this node
  ansible.builtin.debug:
    msg: "{{ lookup('saf.fabric.packet_rules', inventory_hostname) }}"
"""

RETURN = r"""
_raw:
  description: For each node a dictionary with enabled, members, admins and ports; the lists are empty where it is not enabled.
  type: list
  elements: dict
"""

import contextlib

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from jinja2 import Undefined, UndefinedError

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import inventory_checks, packet_rules, repository


def _values(variables, defaults):
    """Return {variable: value} of a node with the defaults of all roles."""
    values = dict(defaults)
    for name in defaults:
        with contextlib.suppress(AnsibleError, UndefinedError):
            value = variables.get(name)
            if value is not None and not isinstance(value, Undefined):
                values[name] = value
    return values


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        groups, hostvars = variables["groups"], variables["hostvars"]
        # playbooks/remove_node.yml: one that is still in the inventory and no member any more.
        members = [one for one in inventory_checks.members_of(groups) if one not in groups.get("saf_removed", [])]
        listeners = repository.load("data", "listeners.yml")["listeners"]
        found = []
        for host in terms:
            values = _values(hostvars[host], repository.defaults())
            rules = {"enabled": packet_rules.is_on(values["firewall_enabled"], members), "members": [], "admins": [], "ports": []}
            if rules["enabled"]:
                try:
                    rules.update(packet_rules.rules(host, members, hostvars, listeners, values, groups["head"][0]))
                except ValueError as error:
                    raise AnsibleError(
                        f"The rules of {host} cannot be made: {error}. playbooks/preflight.yml says what to set."
                    ) from error
            found.append(rules)
        return found
