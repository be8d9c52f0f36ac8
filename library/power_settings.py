#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a Mac's power settings, for each of its power sources."""

from __future__ import annotations

DOCUMENTATION = r"""
module: power_settings
short_description: Set a Mac's power settings for each power source
version_added: "0.1.0"
description:
  - A Mac has separate settings for each power source (AC, battery, UPS). The module sets those that a source has and that differ,
    and nothing else.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  settings:
    description: Settings as pmset(1) names them, with their numbers. A source that lacks a setting is left alone.
    type: dict
    required: true
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Keep the node awake
  saf.fabric.power_settings:
    settings: {sleep: 0, womp: 1}
"""

RETURN = r"""
names:
  description: The settings that differ (or differed) for at least one source.
  type: list
  elements: str
  returned: always
changes:
  description: What was, or in check mode would be, set.
  type: list
  elements: dict
  returned: always
  sample:
    - {source: Battery Power, flag: -b, name: sleep, before: "1", value: "0"}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import power


def listing(changes, key):
    return "".join(f"{change['source']}: {change['name']} {change[key]}\n" for change in changes)


def main():
    module = AnsibleModule(argument_spec={"settings": {"type": "dict", "required": True}}, supports_check_mode=True)
    rc, out, err = module.run_command(["pmset", "-g", "custom"], environ_update={"LC_ALL": "C"})
    if rc != 0:
        module.fail_json(msg=f"The power settings cannot be read: {(err or out).strip()}. Nothing was changed.")
    now = power.parse_custom(out)
    changes = power.changes(now, power.wanted_everywhere(now, module.params["settings"]))
    if not module.check_mode:
        for change in changes:
            rc, out, err = module.run_command(["pmset", change["flag"], change["name"], change["value"]])
            if rc != 0:
                what = f"{change['name']} for {change['source']}"
                module.fail_json(msg=f"The power setting {what} could not be set: {(err or out).strip()}.", changes=changes)
    module.exit_json(
        changed=bool(changes),
        names=list(dict.fromkeys(change["name"] for change in changes)),
        changes=changes,
        diff={"before": listing(changes, "before"), "after": listing(changes, "value")},
    )


if __name__ == "__main__":
    main()
