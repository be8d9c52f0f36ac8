#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: a set of files and folders, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_files
short_description: Make a set of files and folders equal to what is given
version_added: "0.1.0"
description:
  - Does what M(ansible.builtin.copy) and M(ansible.builtin.file) do, for many paths in one call to the node. The controller
    renders the contents. Each file is replaced whole, with its owner and mode, and never followed where it is a link.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  files:
    description: Files and folders, made in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      state:
        description: What is to be there. A folder is not removed by V(absent).
        type: str
        choices: [file, directory, absent]
        default: file
      content:
        description: Text of a file.
        type: str
      secret_content:
        description: Text of a file, instead of O(files[].content), that is neither logged nor shown as a difference.
        type: str
      owner:
        description: Name of the owner; without one it is not changed.
        type: str
      group:
        description: Name of the group; without one it is not changed.
        type: str
      mode:
        description: Permissions in octal.
        type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Write the files of the service
  saf.fabric.node_files:
    files:
      - {path: /opt/saf/etc, state: directory, mode: "0755"}
      - {path: /opt/saf/etc/ray.env, secret_content: "A=b\n", owner: root, group: saf, mode: "0640"}
      - {path: /opt/saf/etc/cluster_nodes.py, state: absent}
  register: written
"""

RETURN = r"""
changed_paths:
  description: What was, or in check mode would be, made, changed or removed.
  type: list
  elements: str
  returned: always
times:
  description: Time of the last change of each file that exists, in seconds since 1970.
  type: dict
  returned: always
  sample: {/opt/saf/etc/ray.env: 1764619433.25}
"""

import contextlib
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def attributes(module, entry, path, diff=None):
    """Give a path the owner and mode of an entry; return whether that changed, or would change, something."""
    wanted = {name: entry[name] for name in ("owner", "group", "mode")}
    return module.set_fs_attributes_if_different(module.load_file_common_arguments(wanted, path=path), False, diff=diff)


def current_text(module, path):
    """Return the text of a file, None where there is none or a link stands in its place."""
    if os.path.isdir(path) and not os.path.islink(path):
        module.fail_json(msg=f"{path} is a folder, and a file belongs there: move it away on this node and repeat.")
    if os.path.islink(path) or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", errors="replace", newline="") as stream:
        return stream.read()


def write(module, entry, text):
    """Replace a file; it has its owner and mode from the moment it has its name."""
    path = entry["path"]
    partial = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.saf-new")
    # Always the same name: what a run that was killed here has left is replaced by the next one, and secrets do not pile up.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        attributes(module, entry, partial)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(partial)


def make_file(module, entry):
    """Bring one file to its content, owner and mode; return (changed, difference)."""
    path, secret = entry["path"], entry["secret_content"] is not None
    text = entry["secret_content"] if secret else entry["content"] or ""
    before = current_text(module, path)
    differs = before != text
    if differs and not module.check_mode:
        write(module, entry, text)
    properties: dict[str, Any] = {"before": {}, "after": {}}
    changed = attributes(module, entry, path, properties) or differs
    shown = {} if secret or not differs else {"before": before or "", "after": text}
    return changed, {"before_header": path, "after_header": path, **(shown or properties)}


def make_directory(module, entry):
    """Make one folder; return (changed, difference)."""
    path = os.path.realpath(entry["path"])
    missing = not os.path.isdir(path)
    if missing and os.path.exists(path):
        module.fail_json(msg=f"{path} is a file, and a folder belongs there: move it away on this node and repeat.")
    if missing and not module.check_mode:
        os.makedirs(path, mode=0o755)
    properties: dict[str, Any] = {"before": {}, "after": {}}
    changed = attributes(module, entry, path, properties) or missing
    shown = {"before": "absent\n", "after": "directory\n"} if missing else properties
    return changed, {"before_header": entry["path"], "after_header": entry["path"], **shown}


def remove_file(module, entry):
    """Remove one file or link; return (changed, difference)."""
    path = entry["path"]
    if not os.path.lexists(path):
        return False, {}
    if os.path.isdir(path) and not os.path.islink(path):
        module.fail_json(msg=f"{path} is a folder, and only files are removed here: look at it on this node.")
    if not module.check_mode:
        os.unlink(path)
    return True, {"before_header": path, "after_header": path, "before": "file\n", "after": "absent\n"}


MAKE = {"file": make_file, "directory": make_directory, "absent": remove_file}


def main():
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "state": {"type": "str", "choices": sorted(MAKE), "default": "file"},
                    "content": {"type": "str"},
                    "secret_content": {"type": "str", "no_log": True},
                    "owner": {"type": "str"},
                    "group": {"type": "str"},
                    "mode": {"type": "str"},
                },
                "mutually_exclusive": [("content", "secret_content")],
            },
        },
        supports_check_mode=True,
    )
    os.umask(0o022)  # folders on the way are for everybody, whatever the login's umask is
    changed: list[str] = []
    differences: list[dict[str, Any]] = []
    times: dict[str, float] = {}
    for entry in module.params["files"]:
        try:
            differs, difference = MAKE[entry["state"]](module, entry)
        except OSError as error:
            module.fail_json(msg=f"{entry['path']} cannot be written: {error.strerror or error}.", changed_paths=changed)
        if differs:
            changed.append(entry["path"])
            differences.append(difference)
        if entry["state"] == "file" and os.path.exists(entry["path"]):
            times[entry["path"]] = os.stat(entry["path"]).st_mtime
    module.exit_json(changed=bool(changed), changed_paths=changed, times=times, diff=differences)


if __name__ == "__main__":
    main()
