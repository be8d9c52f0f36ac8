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
  - Writes a formula into a local tap, trusts that one formula, pours its bottle, and pins it, so that
    C(brew upgrade) leaves it alone.
  - A keg of a wanted version that is there already is taken as it is, whatever tap it came from.
  - A formula file that somebody edited is written anew; the difference is shown.
  - Runs brew as the account that owns C(/opt/homebrew).
attributes:
  check_mode:
    support: full
    description: Tells what would be done.
  diff_mode:
    support: full
    description: Shows the formula before and after.
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
  replace:
    description: Whether a keg of another version from another tap may be uninstalled.
    type: bool
    default: false
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Python 3.9.23
  pinned_formula:
    name: python@3.9
    tap: studio-air-fabric/pins
    content: "{{ lookup('ansible.builtin.template', 'formula.rb.j2') }}"
    kegs: ["3.9.23", "3.9.23_1"]
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
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.saf import homebrew


def plan(params, kegs, is_pinned, tap_there, file):
    """Return (actions, sentence): what must be done, or why nothing can be; pure.

    kegs: {version: tap}; is_pinned: bool; tap_there: whether the tap exists; file: its formula's text, None without one.
    """
    wanted = [version for version in kegs if version in params["kegs"]]
    foreign = [version for version, tap in kegs.items() if version not in params["kegs"] and tap != params["tap"]]
    actions = []
    if wanted and kegs[wanted[0]] != params["tap"]:
        return ([] if is_pinned else ["pin"]), ""
    if foreign and not params["replace"]:
        return [], (
            f"{params['name']} {foreign[0]} from {kegs[foreign[0]] or 'another tap'} is installed, and Homebrew keeps one tap's "
            "only. "
            f"It is not ours to remove: uninstall it (brew uninstall --ignore-dependencies {params['name']}), allow it with "
            "homebrew_replace_python: true, or set python_provider to uv for all nodes."
        )
    if not tap_there:
        actions.append("tap")
    if file != params["content"]:
        actions.append("write")
    if not wanted:
        if kegs:
            actions += ["unpin", "uninstall"] if is_pinned else ["uninstall"]
        actions.append("install")
    if not is_pinned or "unpin" in actions:
        actions.append("pin")
    return actions, ""


def write(path, content):
    """Put the formula in place in one step, for the owner of the tap."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=folder, prefix=".saf-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.chmod(partial, 0o644)
    if os.geteuid() == 0:
        above = os.stat(homebrew.PREFIX)
        os.chown(partial, above.st_uid, above.st_gid)
        os.chown(folder, above.st_uid, above.st_gid)
    os.replace(partial, path)


def read(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return None


def carry_out(module, actions, path):
    """Do the planned steps."""
    params = module.params
    name, full = params["name"], f"{params['tap']}/{params['name']}"
    steps = {
        "tap": lambda: homebrew.run(module, full, "tap-new", "--no-git", params["tap"]),
        "write": lambda: write(path, params["content"]),
        "unpin": lambda: homebrew.run(module, full, "unpin", name),
        "uninstall": lambda: homebrew.run(module, full, "uninstall", "--ignore-dependencies", name),
        "install": lambda: install(module, full),
        "pin": lambda: homebrew.run(module, full, "pin", name),
    }
    for action in actions:
        steps[action]()


def install(module, full):
    """Trust that one formula and pour it; --force-bottle fails where brew would begin a source build."""
    try:
        homebrew.run(module, full, "trust", "--formula", full)
    except homebrew.HomebrewError as error:
        if "Unknown command" not in str(error):  # brew 5 and older ask for no trust
            raise
    homebrew.run(module, full, "install", "--formula", "--force-bottle", full)


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "tap": {"type": "str", "required": True},
            "content": {"type": "str", "required": True},
            "kegs": {"type": "list", "elements": "str", "required": True},
            "replace": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    name, folder = params["name"], homebrew.tap_folder(params["tap"])
    path = os.path.join(folder, "Formula", f"{name}.rb")
    file = read(path)
    actions, sentence = plan(params, homebrew.installed(name), homebrew.pinned(name), os.path.isdir(folder), file)
    if sentence:
        module.fail_json(msg=sentence, actions=[])
    if not module.check_mode:
        try:
            carry_out(module, actions, path)
        except (homebrew.HomebrewError, OSError) as error:
            module.fail_json(msg=str(error), actions=actions)
    diff = {"before": file or "", "after": params["content"] if "write" in actions else file or ""}
    module.exit_json(changed=bool(actions), actions=actions, prefix=f"{homebrew.PREFIX}/opt/{name}", diff=diff)


if __name__ == "__main__":
    main()
