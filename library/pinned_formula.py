#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: an exact version of a Homebrew formula, from a separate tap."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pinned_formula
short_description: Install an exact bottle with Homebrew and keep it
version_added: "0.1.0"
description:
  - Writes a formula into a local tap, installs its dependencies, trusts that one formula, pours its bottle, and pins it, so that
    C(brew upgrade) leaves it alone.
  - Dependencies are installed by name and so count as requested. Brew then never removes them by itself, not even where it does
    not know the formula that needs them. Each run checks that they still exist.
  - The keg that counts is the one that C(opt/<name>) leads to. A keg of a wanted version is kept unchanged, whatever its tap.
  - A formula file that was edited is written again; the diff shows the difference.
  - Runs brew, and writes, as the account that owns C(/opt/homebrew).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  name:
    description: Name of the formula, for instance V(python@3.9).
    type: str
    required: true
  tap:
    description: Separate tap, C(user/name).
    type: str
    required: true
  content:
    description: Text of the formula.
    type: str
    required: true
  kegs:
    description: Accepted versions of the keg, C(version_revision).
    type: list
    elements: str
    required: true
  depends_on:
    description: Formulae of homebrew-core that the bottle needs.
    type: list
    elements: str
    default: []
  replace:
    description: Whether kegs of another version from another tap may be uninstalled.
    type: bool
    default: false
  environment:
    description: >-
      Proxies and mirrors for brew. The keyword of the task would put them into arguments that ps and the log of sudo show.
    type: dict
    default: {}
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Python 3.9.23
  saf.fabric.pinned_formula:
    name: python@3.9
    tap: studio-air-fabric/pins
    content: "{{ lookup('ansible.builtin.template', 'formula.rb.j2') }}"
    kegs: ["3.9.23", "3.9.23_1"]
    depends_on: [gdbm, mpdecimal, openssl@3, readline, sqlite, xz]
"""

RETURN = r"""
prefix:
  description: Folder of the formula, C(/opt/homebrew/opt/<name>).
  type: str
  returned: always
actions:
  description: What was (or in check mode would be) done, in order.
  type: list
  elements: str
  returned: always
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import homebrew


def observe(module):
    """Return what Homebrew has of the formula.

    kegs: {version: tap}; in_use: version or None; is_pinned; file: text of the formula, None without one; missing: dependencies
    that are not installed; unmarked: dependencies that do not count as requested.
    """
    params = module.params
    marks = {name: homebrew.on_request(name) for name in params["depends_on"]}
    return {
        "kegs": homebrew.installed(params["name"]),
        "in_use": homebrew.in_use(params["name"]),
        "is_pinned": homebrew.pinned(params["name"]),
        "file": homebrew.read(module, formula_file(params)),
        "missing": [name for name, mark in marks.items() if mark is None],
        "unmarked": [name for name, mark in marks.items() if mark is False],
    }


def formula_file(params):
    """Return the path of the formula in its tap."""
    return os.path.join(homebrew.tap_folder(params["tap"]), "Formula", f"{params['name']}.rb")


def plan(params, state):
    """Return (actions, sentence): what must be done, or why nothing can be; pure. state: as from observe()."""
    kegs, is_good = state["kegs"], state["in_use"] in params["kegs"]
    if is_good and kegs.get(state["in_use"]) != params["tap"]:
        actions = ["libraries"] if state["missing"] else []
        return actions + ([] if state["is_pinned"] else ["pin"]), ""
    foreign = [version for version, tap in kegs.items() if tap != params["tap"]]
    if foreign and not is_good and not params["replace"]:
        shown = state["in_use"] if state["in_use"] in foreign else foreign[0]
        return [], (
            f"{params['name']} {shown} from {kegs[shown] or 'another tap'} is installed, and Homebrew keeps one tap's only. "
            f"It is unmanaged: uninstall it (brew uninstall --ignore-dependencies {params['name']}), allow it with "
            "homebrew_replace_python: true, or set python_provider to uv for all nodes."
        )
    actions = []
    if state["file"] != params["content"]:
        actions.append("write")
    if state["missing"] or state["unmarked"]:
        actions.append("libraries")
    if not is_good:
        actions += ["uninstall", "install"] if kegs else ["install"]
    if not state["is_pinned"] or "uninstall" in actions:
        actions.append("pin")
    return actions, ""


def carry_out(module, actions, state):
    """Do the planned steps."""
    params = module.params
    full = f"{params['tap']}/{params['name']}"
    steps = {
        "write": lambda: homebrew.write(module, formula_file(params), params["content"]),
        "libraries": lambda: install_libraries(module, state["missing"] + state["unmarked"]),
        # --force: all kegs of the name, and their pin.
        "uninstall": lambda: homebrew.run(
            module, full, "uninstall", "--formula", "--force", "--ignore-dependencies", homebrew.full_name(params["name"])
        ),
        "install": lambda: install(module, full),
        "pin": lambda: pin(module, homebrew.full_name(params["name"])),
    }
    for action in actions:
        steps[action]()


def install_libraries(module, names):
    """Install formulae by name; those that are installed are marked as requested."""
    failure = None
    try:
        homebrew.run(module, names[0], "install", "--formula", *names)
    except homebrew.HomebrewError as error:
        failure = error
    # The kegs count, not the exit status: an unmanaged file in bin gives 1 although the kegs are good (the bottle uses opt
    # alone), and a keg that has lost its opt link gives 0.
    left = [name for name in names if not homebrew.on_request(name)]
    if left:
        again = f"run `brew reinstall {' '.join(left)}` as its owner"
        raise failure or homebrew.HomebrewError(f"{', '.join(left)} could not be installed for {module.params['name']}: {again}.")


def install(module, full):
    """Trust that one formula and pour it; --force-bottle fails where brew would build from source."""
    homebrew.trust(module, full)
    # --skip-link: nothing managed uses bin/, and an unmanaged file there would make a good pour fail.
    homebrew.run(module, full, "install", "--formula", "--force-bottle", "--skip-link", full)


def pin(module, full):
    """Pin the installed keg; its trust may be lost."""
    homebrew.trust(module, full)
    homebrew.run(module, full, "pin", full)


def developer_mode(module):
    """Return a warning where Homebrew follows its development branch and an earlier release may be the reason, else "".

    That release created the tap with `brew tap-new`, a developer command, which leaves a README. The previous mode is unknown.
    """
    folder = homebrew.tap_folder(module.params["tap"])
    if not os.path.exists(os.path.join(folder, "README.md")):
        return ""
    if "Developer mode is enabled because a developer command" not in homebrew.run(module, "", "developer"):
        return ""
    off = f"sudo -H -u {homebrew.owner()} {homebrew.PREFIX}/bin/brew developer off"
    return (
        "Homebrew's developer mode is on, possibly by an earlier version of this playbook: `brew update` follows the "
        f"development branch. Switch it off: {off}. To keep it on: remove {folder}/README.md."
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "tap": {"type": "str", "required": True},
            "content": {"type": "str", "required": True},
            "kegs": {"type": "list", "elements": "str", "required": True},
            "depends_on": {"type": "list", "elements": "str", "default": []},
            "replace": {"type": "bool", "default": False},
            "environment": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    if not (re.fullmatch(r"[\w.-]+/[\w.-]+", params["tap"]) and re.fullmatch(r"[\w.@+-]+", params["name"])):
        module.fail_json(msg="tap is written user/name, and name without its tap, as python@3.9.", actions=[])
    actions = []
    try:
        state = observe(module)
        actions, sentence = plan(params, state)
        if sentence:
            module.fail_json(msg=sentence, actions=[])
        if not module.check_mode:
            carry_out(module, actions, state)
            warning = developer_mode(module)
            if warning:
                module.warn(warning)
    except (homebrew.HomebrewError, OSError) as error:
        module.fail_json(msg=str(error), actions=actions)
    before = state["file"] or ""
    diff = {"before": before, "after": params["content"] if "write" in actions else before}
    module.exit_json(changed=bool(actions), actions=actions, prefix=f"{homebrew.PREFIX}/opt/{params['name']}", diff=diff)


if __name__ == "__main__":
    main()
