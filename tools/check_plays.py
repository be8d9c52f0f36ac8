#!/usr/bin/env python3
"""Check who does the work and where, in all playbooks and roles.

An inventory may say ``ansible_become: true`` or name a node ``localhost``: variables of the inventory win over the keywords of a
play. So a task of the controller sets become, connection and interpreter as variables, a task of the login account become; and
each play states its strategy, because another one (ANSIBLE_STRATEGY) would break barriers and run_once.
A raw task names its shell.
"""

from __future__ import annotations

import sys

import playbook_files

CONTROLLER: dict[str, object] = {
    "ansible_become": False,
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
LOGIN: dict[str, object] = {"ansible_become": False}
# Need no connection to a host.
_CONTROLLER_ACTIONS = {
    "fail",
    "debug",
    "set_fact",
    "group_by",
    "pause",
    "assert",
    "set_stats",
    "meta",
    "include_tasks",
    "import_tasks",
}
_CONTROLLER_ACTIONS |= {"include_role", "import_role", "add_host", "include_vars"}
# This collection's:
_CONTROLLER_ACTIONS |= {"cluster_secrets", "compare", "metrics_textfile", "report", "runs_info", "suspects_info"}
_CONTROLLER_ACTIONS |= {"collect_archive", "controller_backup", "controller_restore", "offline_fetch", "offline_files"}


def lacks(variables, wanted):
    """Return the variables that are not what is wanted, as text."""
    return ", ".join(f"{name}: {value}".lower() for name, value in wanted.items() if variables.get(name) != value)


def in_tasks(tasks, inherited):
    """Yield (name of the task, sentence); inherited: variables, delegate_to and become of the play and the blocks around."""
    for task in tasks or []:
        around = {**inherited, **{key: task[key] for key in ("delegate_to", "become") if key in task}}
        around["vars"] = {**inherited["vars"], **(task.get("vars") or {})}
        if any(part in task for part in playbook_files.BLOCKS):
            for part in playbook_files.BLOCKS:
                yield from in_tasks(task.get(part), around)
            continue
        module, _arguments = playbook_files.module_of(task)
        if str(module).endswith("raw") and (task.get("args") or {}).get("executable") != "/bin/sh":
            yield task.get("name", module), "name the shell, args: {executable: /bin/sh}: a login shell may be csh or fish"
        if around.get("delegate_to") == "localhost":
            wanted = CONTROLLER
        elif around.get("become") is False and str(module).removeprefix("ansible.builtin.") not in _CONTROLLER_ACTIONS:
            wanted = LOGIN
        else:
            continue
        missing = lacks(around["vars"], wanted)
        if missing:
            yield task.get("name", module), f"set in vars: {missing}"


def in_document(document):
    """Yield (name, sentence) of everything that is wrong with the plays or tasks of one file."""
    for item in document or []:
        if not playbook_files.is_play(item):
            if "ansible.builtin.import_playbook" not in item:
                yield from in_tasks([item], {"vars": {}})
            continue
        if item.get("strategy") != "linear":
            yield item["name"], "state the strategy: linear"
        variables = item.get("vars") or {}
        if item["hosts"] == "localhost" and lacks(variables, CONTROLLER):
            yield item["name"], f"set in vars: {lacks(variables, CONTROLLER)}"
        inherited = {"vars": variables, "become": item.get("become"), "delegate_to": None}
        for section in playbook_files.SECTIONS:
            yield from in_tasks(item.get(section), inherited)


def main():
    found, count = [], 0
    for path, document in playbook_files.yaml_files():
        if isinstance(document, list):
            count += 1
            found += [f"{path}: {name}: {sentence}" for name, sentence in in_document(document)]
    print("\n".join([*found, f"{count} files with plays or tasks checked, {len(found)} findings"]))
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
