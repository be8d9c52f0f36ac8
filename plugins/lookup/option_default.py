"""The default of a role's option, for plays that need it before the role runs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: option_default
short_description: Get the default of a role's option
version_added: "0.1.0"
description:
  - Reads the defaults of the roles of this collection, so that a play that uses a variable before its role runs repeats none.
options:
  _terms:
    description: Names of options.
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Show the port
  ansible.builtin.debug:
    msg: "{{ bench_port | default(lookup('saf.fabric.option_default', 'bench_port')) }}"
"""

RETURN = r"""
_raw:
  description: The defaults.
  type: list
  elements: raw
"""

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import repository


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [default_of(name) for name in terms]


def default_of(name):
    """Return the default of an option; an option that has none, or one that is a template, is the author's mistake."""
    try:
        return repository.option_default(name)
    except KeyError:
        raise AnsibleError(f"No role has a default for {name}.") from None
    except repository.NotLiteral:
        raise AnsibleError(
            f"The default of {name} depends on other variables: move it to role cluster, whose defaults all roles have."
        ) from None
