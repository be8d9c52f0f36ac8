"""Commands for people to paste: the one place where they are built. Controller only; nodes do not know the inventory."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

REPOSITORY = Path(__file__).resolve().parents[3]


class Call(TypedDict):
    """How ansible-playbook was started; config: its path where it has to be named again, else ""."""

    program: str
    cwd: str
    repository: str
    config: str
    inventory: list[str]
    options: list[str]


def playbook_command(playbook: str, call: Call, limit: str | Sequence[str] = "", extra: Mapping[str, Any] | None = None) -> str:
    """Return the command line that runs a playbook of the repository as the present one was run.

    playbook: path below the repository; call: as this_call() returns it; limit: a host or a list of them; extra: {name: value}
    of -e, a value "<...>" is a placeholder.
    """
    words = [call["program"], *call["options"]]
    for source in call["inventory"]:
        words += ["-i", source if "," in source else shown_path(source, call["cwd"])]
    words.append(shown_path(os.path.join(call["repository"], playbook), call["cwd"]))
    names = [limit] if isinstance(limit, str) else list(limit)
    if any(names):
        words += ["--limit", ",".join(names)]
    for name, value in (extra or {}).items():
        words += ["-e", f"{name}={_quoted(str(value))}"]
    prefix = [f"ANSIBLE_CONFIG={shlex.quote(call['config'])}"] if call["config"] else []
    return " ".join([*prefix, *map(shlex.quote, words)])


def _quoted(value: str) -> str:
    """Return a value as -e name=value takes it: it splits the text at blanks, as a shell does."""
    if not re.search(r"[\s\"'\\]", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shown_path(path: str, cwd: str) -> str:
    """Return a path relative to ``cwd`` where it lies below it, else absolute."""
    path = os.path.normpath(os.path.join(cwd, path))
    return os.path.relpath(path, cwd) if path.startswith(cwd.rstrip("/") + "/") else path


def options_of(arguments: Mapping[str, Any]) -> list[str]:
    """Return the options of ansible-playbook about logging in that a command of the same person needs again; never a secret."""
    flags = {"become_ask_pass": "-K", "ask_pass": "-k", "ask_vault_pass": "-J"}
    valued = {"remote_user": "-u", "private_key_file": "--private-key", "become_user": "--become-user"}
    words = [flag for name, flag in flags.items() if arguments.get(name)]
    words += [word for name, flag in valued.items() if arguments.get(name) for word in (flag, str(arguments[name]))]
    return words + [word for vault in arguments.get("vault_ids") or [] for word in ("--vault-id", str(vault))]


def this_call() -> Call:
    """Return how this ansible-playbook was started."""
    from ansible import constants, context

    arguments = context.CLIARGS
    cwd = os.getcwd()
    default, origin = constants.config.get_config_value_and_origin("DEFAULT_HOST_LIST")
    sources = list(arguments.get("inventory") or [])
    # Every command names its inventory: without one it would be about whatever is the default where it is pasted.
    known = sources == list(default or []) and origin == "default"
    config = constants.CONFIG_FILE or ""
    found_again = config == os.path.join(cwd, "ansible.cfg") and not os.stat(cwd).st_mode & 0o002
    return {
        # The Makefile sets how the program is called in the shell that runs make.
        "program": os.environ.get("SAF_ANSIBLE_PLAYBOOK") or "ansible-playbook",
        "cwd": cwd,
        "repository": str(REPOSITORY),
        "config": "" if found_again else config,
        "inventory": [] if known else sources,
        "options": options_of({name: _value_given(arguments, name) for name in arguments}),
    }


def _value_given(arguments: Mapping[str, Any], name: str) -> Any:
    """Return an option's value, None where it is only the configuration's default."""
    from ansible import constants

    defaults = {"remote_user": "DEFAULT_REMOTE_USER", "private_key_file": "DEFAULT_PRIVATE_KEY_FILE"}
    value = arguments[name]
    if name == "become_user":
        return value if value != constants.DEFAULT_BECOME_USER else None
    return None if name in defaults and value == getattr(constants, defaults[name], None) else value


def repository_folder() -> str:
    """Return the folder that the playbooks and roles of the collection are in, as Ansible names it in a task's path."""
    return str(REPOSITORY)


def command(
    playbook: str, limit: str | Sequence[str] = "", extra: Mapping[str, Any] | None = None, inventory: Sequence[str] | None = None
) -> str:
    """Return the command line for people who started this ansible-playbook; inventory: instead of those of this run, if given."""
    call = this_call()
    return playbook_command(playbook, call if inventory is None else {**call, "inventory": list(inventory)}, limit, extra)
