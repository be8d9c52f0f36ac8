"""The product's playbooks, task files, variables and templates, as documents to check."""

from __future__ import annotations

import ast

import specs
import yaml

OWN = "saf.fabric."  # this collection
BLOCKS = ("block", "rescue", "always")
SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")
# Keywords of a task that are no module.
KEYWORDS = {
    *(
        "name",
        "when",
        "until",
        "failed_when",
        "changed_when",
        "register",
        "vars",
        "loop",
        "loop_control",
        "become",
        "become_user",
    ),
    *("check_mode", "delegate_to", "delegate_facts", "run_once", "environment", "retries", "delay", "args", "tags", "notify"),
    *("ignore_errors", "ignore_unreachable", "throttle", "no_log", "async", "poll", "diff", "timeout", "any_errors_fatal"),
    *BLOCKS,
}


def yaml_files():
    """Yield (path relative to the repository, document) of everything that Ansible templates."""
    patterns = (
        "*.yml",
        "playbooks/*.yml",
        "roles/*/tasks/*.yml",
        "roles/*/vars/*.yml",
        "roles/*/vars/main/*.yml",
        "roles/*/defaults/*.yml",
    )
    for pattern in patterns:
        for path in sorted(specs.ROOT.glob(pattern)):
            yield path.relative_to(specs.ROOT), yaml.safe_load(path.read_text())


def templates():
    """Yield (path relative to the repository, text) of the roles' templates."""
    for path in sorted(specs.ROOT.glob("roles/*/templates/*")):
        yield path.relative_to(specs.ROOT), path.read_text()


def is_play(item):
    return isinstance(item, dict) and "hosts" in item


def module_of(task):
    """Return (module, its arguments) of a task, (None, None) for a block."""
    for key, value in task.items():
        if key not in KEYWORDS:
            return key.removeprefix(OWN), value
    return None, None


def own_arguments():
    """Return {module of library/: {argument: its documentation}}."""
    modules = {}
    for path in (specs.ROOT / "library").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
                modules[path.stem] = yaml.safe_load(ast.literal_eval(node.value)).get("options") or {}
    return modules
