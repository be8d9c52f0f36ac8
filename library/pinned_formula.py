#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: an exact version of a Homebrew formula, from a tap of our own."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pinned_formula
short_description: Install an exact bottle with Homebrew and keep it
version_added: "0.1.0"
description:
  - Writes a formula into a local tap, installs what it needs, trusts that one formula, pours its bottle, and pins it, so that
    C(brew upgrade) leaves it alone.
  - What it needs is installed by name and so counts as asked for. Brew never removes it by itself then, not even where it
    cannot see the formula that needs it. Each run checks that it is still there.
  - The keg that counts is the one that C(opt/<name>) leads to. One of a wanted version is taken unchanged, whatever tap it came
    from.
  - A formula file that somebody edited is written anew; the difference is shown.
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
    description: Tap of our own, C(user/name).
    type: str
    required: true
  content:
    description: Text of the formula.
    type: str
    required: true
  kegs:
    description: Versions of the keg that will do, C(version_revision).
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
      Proxies and mirrors that brew runs with. An option and not the keyword, which would put them into arguments that ps and
      the log of sudo show.
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.system import homebrew


def observe(module):
    """Return what Homebrew has of the formula.

    kegs: {version: tap}; in_use: version or None; is_pinned; file: text of the formula, None without one; missing: what it needs
    and is not there; unmarked: what it needs and does not count as asked for.
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
            f"It is not ours to remove: uninstall it (brew uninstall --ignore-dependencies {params['name']}), allow it with "
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
    """Install formulae by name; those that are there are marked as asked for."""
    said = None
    try:
        homebrew.run(module, names[0], "install", "--formula", *names)
    except homebrew.HomebrewError as error:
        said = error
    # What counts is what is there: a foreign file in bin ends brew with 1 although the kegs are good, and the bottle looks for
    # them below opt alone; a keg that has lost its opt link ends it with 0.
    left = [name for name in names if not homebrew.on_request(name)]
    if left:
        again = f"run `brew reinstall {' '.join(left)}` as its owner"
        raise said or homebrew.HomebrewError(f"{', '.join(left)} could not be installed for {module.params['name']}: {again}.")


def install(module, full):
    """Trust that one formula and pour it; --force-bottle fails where brew would begin a source build."""
    homebrew.trust(module, full)
    # --skip-link: nothing of ours uses bin/, and a foreign file there would make a good pour fail.
    homebrew.run(module, full, "install", "--formula", "--force-bottle", "--skip-link", full)


def pin(module, full):
    """Pin the installed keg; its trust may be lost."""
    homebrew.trust(module, full)
    homebrew.run(module, full, "pin", full)


def developer_mode(module):
    """Return a warning where Homebrew follows its development branch and our earlier version may be why, else "".

    It made the tap with `brew tap-new`, a developer command, which leaves a README; how the mode was before is not recorded.
    """
    folder = homebrew.tap_folder(module.params["tap"])
    if not os.path.exists(os.path.join(folder, "README.md")):
        return ""
    if "Developer mode is enabled because a developer command" not in homebrew.run(module, "", "developer"):
        return ""
    off = f"sudo -H -u {homebrew.owner()} {homebrew.PREFIX}/bin/brew developer off"
    return (
        "Homebrew's developer mode is on, and an earlier version of this playbook switches it on: `brew update` follows the "
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
