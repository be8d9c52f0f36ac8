"""The settings of a cluster as its inventory and -e give them, for others to read. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .redaction import HIDDEN, structure

# How Ansible reaches a node. Passwords are not among them.
CONNECTION = (
    "ansible_become",
    "ansible_become_method",
    "ansible_connection",
    "ansible_host",
    "ansible_port",
    "ansible_python_interpreter",
    "ansible_shell_executable",
    "ansible_ssh_common_args",
    "ansible_user",
)
# Their values are for programs of the owner, and nobody knows which of them are secret.
_NAMES_ONLY = ("ray_environment",)
_MAGIC = (
    "ansible_",
    "saf_",
    "status_",
    "__",
    "_",
    "omit",
    "groups",
    "group_names",
    "hostvars",
    "inventory_",
    "play_",
    "playbook_",
    "role_",
)


def shown(variables: Mapping[str, Any], known: Collection[str], literals: Collection[str]) -> dict[str, Any]:
    """Return {settings, others} of a node: values of the options of this project, and the names alone of the other variables.

    variables: of the node, as Ansible has them; known: names of options; an option that cannot be worked out has the reason.
    """
    settings: dict[str, Any] = {}
    others: list[str] = []
    for name in sorted(variables):
        if name in known or name in CONNECTION:
            try:
                value = variables[name]
            except Exception as error:  # a template of the inventory may fail in any way
                settings[name] = f"cannot be worked out: {structure(str(error), literals)[:200]}"
                continue
            settings[name] = _shown(name, value, literals)
        elif not name.startswith(_MAGIC):
            others.append(str(structure(name, literals)))
    return {"settings": settings, "others": others}


def _shown(name: str, value: Any, literals: Collection[str]) -> Any:
    if name in _NAMES_ONLY and isinstance(value, Mapping):
        return {str(key): HIDDEN for key in value}
    if name == "ansible_user" and value != "root":
        return "USER"
    return structure({name: value}, literals)[name]
