#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: the record of what was created or changed on a node, and how it is undone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_manifest
short_description: Record what is created on a node, and undo it
version_added: "0.1.0"
description:
  - A role records a thing before it creates it. What exists already and is unmanaged is not recorded, so it is never undone. A
    file that exists already is recorded with its content, mode and owner.
  - Undoing goes through the record backwards, ignores what is missing, and keeps in the record what could not be undone.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.state
options:
  path:
    description: The manifest. Its folder is created, and recorded, when it is missing.
    type: path
    required: true
  state:
    description:
      - V(recorded) adds what is missing from the record, V(listed) reads it, V(undone) undoes all of it.
      - V(withdrawn) removes entries whose creation failed, unless something of them exists.
    type: str
    choices: [recorded, withdrawn, listed, undone]
    default: recorded
  entries:
    description: Things to create, or that could not be created; for O(state=recorded) and O(state=withdrawn).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of thing. V(process) is named by its pid file (see C(process_service)).
        type: str
        choices:
          - directory
          - file
          - firewall_application
          - link
          - mtu
          - on_request
          - package
          - packet_filter
          - pin
          - power_setting
          - process
          - service
          - sysctl
          - tap
          - user
        required: true
      name:
        description: Path or name.
        type: str
        required: true
      manager:
        description: Package manager, or service manager (systemd, launchd).
        type: str
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Record the unit before it is written
  saf.fabric.node_manifest:
    path: /opt/saf/manifest.json
    entries:
      - {kind: file, name: /etc/systemd/system/saf-ray.service}

- name: Undo all of it
  saf.fabric.node_manifest:
    path: /opt/saf/manifest.json
    state: undone
"""

RETURN = r"""
entries:
  description: Content of the manifest, before it is undone with O(state=undone), else afterwards.
  type: list
  elements: dict
  returned: always
undone:
  description: Descriptions of what was (or in check mode would be) undone.
  type: list
  elements: str
  returned: state is undone
left:
  description: What could not be undone, a sentence each; it stays in the manifest.
  type: list
  elements: str
  returned: state is undone
"""

import contextlib
import json
import os
import shutil
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.manifest import record as manifests
from ansible_collections.saf.fabric.plugins.module_utils.manifest.kinds import KINDS
from ansible_collections.saf.fabric.plugins.module_utils.measure import job
from ansible_collections.saf.fabric.plugins.module_utils.system import documents, folders


def load(module, path):
    if not os.path.exists(path):
        return manifests.empty()
    try:
        with open(path, encoding="utf-8") as stream:
            manifest = documents.mapping(stream.read())
        fault = manifests.fault(manifest)
        if fault:
            raise ValueError(fault)
        return manifest
    except (OSError, ValueError) as error:
        module.fail_json(
            msg=f"The manifest {path} cannot be read ({error}): restore it from a backup, or undo "
            "by hand what it lists; nothing was changed."
        )


def save(path, manifest):
    # Always the same name: what a run that was killed here has left is replaced by the next one.
    partial = os.path.join(os.path.dirname(path), ".manifest.saf-new")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=1, sort_keys=True)
        # A power failure must not leave an empty record: nothing else knows what to undo.
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def make_folder(path, manifest):
    """Make the folder of the manifest with the manifest in it, in one step: a run that was killed between the two would leave a
    folder that nothing records, and that a reset would keep."""
    folder = os.path.dirname(path)
    os.makedirs(os.path.dirname(folder), mode=0o755, exist_ok=True)
    partial = f"{folder}.saf-new"
    if os.path.lexists(partial):
        shutil.rmtree(partial)
    os.mkdir(partial, 0o755)
    save(os.path.join(partial, os.path.basename(path)), manifest)
    os.rename(partial, folder)


def listing(entries):
    return "".join(f"{entry['kind']} {entry['name']}\n" for entry in entries)


def given(module):
    """Return the entries of the arguments, without options that were not set."""
    return [{name: value for name, value in entry.items() if value is not None} for entry in module.params["entries"]]


def withdraw(module, path, manifest):
    before = manifest["entries"]
    manifest = manifests.without(manifest, given(module), exists=lambda entry: KINDS[entry["kind"]](module, entry).exists())
    changed = manifest["entries"] != before
    if changed and not module.check_mode:
        save(path, manifest)
    diff = {"before": listing(before), "after": listing(manifest["entries"])}
    module.exit_json(changed=changed, entries=manifest["entries"], diff=diff)


def record(module, path, manifest):
    wanted = given(module)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        wanted.insert(0, {"kind": "directory", "name": folder})
    added = manifests.additions(
        manifest,
        wanted,
        exists=lambda entry: KINDS[entry["kind"]](module, entry).exists(),
        previous=lambda entry: KINDS[entry["kind"]](module, entry).previous(),
        now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    before = manifest["entries"]
    manifest = {**manifest, "entries": before + added}
    if added and not module.check_mode:
        if os.path.isdir(folder):
            save(path, manifest)
        else:
            make_folder(path, manifest)
    module.exit_json(
        changed=bool(added),
        entries=manifest["entries"],
        diff={"before": listing(before), "after": listing(manifest["entries"])},
    )


def undo_one(module, entry):
    """Undo one entry; return a sentence where that fails, so that the other entries are undone all the same."""
    kind = KINDS.get(entry["kind"])
    if not kind:
        return f"{entry['kind']} {entry['name']} was recorded by another release: undo it by hand, or with that release."
    try:
        return kind(module, entry).undo()
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:  # what was there before is damaged in the record
        return f"{entry['kind'].capitalize()} {entry['name']} could not be undone ({error})."


def is_needed(folder, path, kept):
    """Return whether a folder must stay for what could not be undone: its record, its own files, a running program."""
    below = [path, *(entry["name"] for entry in kept)] if kept else []
    return any(folders.holds(folder, name) for name in below) or any(entry["kind"] in ("process", "service") for entry in kept)


def undo(module, path, manifest):
    # In no manifest: a measurement removes its folder itself, unless its play was killed.
    abandoned = [{"kind": "directory", "name": folder} for folder in job.folders()]
    order = abandoned + manifests.undo_order(manifest)
    plan = [manifests.describe(entry) for entry in order]
    diff = {"before": listing(manifest["entries"]), "after": ""}
    if module.check_mode or not order:
        if not module.check_mode and os.path.exists(path):
            os.unlink(path)
        module.exit_json(changed=bool(order), entries=manifest["entries"], undone=plan, left=[], diff=diff)
    undone, left = [], []
    kept: list = []
    root = os.path.dirname(path)
    # The folder that holds the manifest goes last and only when nothing is left: the record must survive a failure.
    order.sort(key=lambda entry: entry["kind"] == "directory" and folders.holds(entry["name"], root))
    for entry in order:
        if entry["kind"] == "directory" and is_needed(entry["name"], path, kept):
            kept.append(entry)
            continue
        complaint = undo_one(module, entry)
        if complaint:
            left.append(complaint)
            kept.append(entry)
        else:
            undone.append(manifests.describe(entry))
    if any(entry["kind"] in ("file", "service") for entry in order) and os.path.isdir("/run/systemd/system"):
        module.run_command(["systemctl", "daemon-reload"])
    if kept:
        save(path, {**manifest, "entries": list(reversed(kept))})
    elif os.path.exists(path):
        os.unlink(path)
    diff["after"] = listing(reversed(kept))
    module.exit_json(changed=True, entries=manifest["entries"], undone=undone, left=left, diff=diff)


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["recorded", "withdrawn", "listed", "undone"], "default": "recorded"},
            "entries": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "kind": {"type": "str", "choices": sorted(KINDS), "required": True},
                    "name": {"type": "str", "required": True},
                    "manager": {"type": "str"},
                },
            },
        },
        supports_check_mode=True,
    )
    os.umask(0o022)  # folders on the way to the manifest are for everybody, whatever the login's umask is
    path = module.params["path"]
    manifest = load(module, path)
    if module.params["state"] == "recorded":
        record(module, path, manifest)
    elif module.params["state"] == "withdrawn":
        withdraw(module, path, manifest)
    elif module.params["state"] == "undone":
        undo(module, path, manifest)
    module.exit_json(changed=False, entries=manifest["entries"])


if __name__ == "__main__":
    main()
