"""Whether a node can be checked at all: it answers, Apple's Command Line Tools are there, become works. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line

from .problem import Row, row

# Messages when a module cannot run as root: (pattern, (check, wanted, fix)). The last one matches every other message.
_BECOME = (
    (
        r"interpreter '\S+' was not found|python3?: (?:command )?not found|No such file or directory.*python|env: .?python",
        (
            "python",
            "Python 3 for Ansible's modules",
            "Install it (apt install python3), or name it in ansible_python_interpreter.",
        ),
    ),
    (
        r"No space left on device|Disk quota exceeded|Read-only file system|Failed to create temporary directory",
        (
            "remote_tmp",
            "a home that can be written",
            "Free space in the login account's home, or set ansible_remote_tmp to another place.",
        ),
    ),
    (
        r"must have a tty|requiretty",
        ("sudo", "no requiretty", "Add `Defaults:<login account> !requiretty` to its sudoers, or run with ANSIBLE_PIPELINING=0."),
    ),
    (
        r"not in the sudoers file|may not run sudo|not allowed to (?:run sudo|execute)",
        ("sudo", "the login account may become root", "Let it: add it to the group admin (a Mac), sudo or wheel (Linux)."),
    ),
    (
        r"sudo: (?:command )?not found|sudo: No such file",
        ("sudo", "sudo on the node", "Install it, or set ansible_become_method to what the node has."),
    ),
    (
        r"[Pp]assword|a terminal is required",
        (
            "sudo",
            "the login account may become root",
            "Allow sudo without a password for the login account, or run with --ask-become-pass.",
        ),
    ),
    (
        r"",
        (
            "become",
            "the login account may become root",
            "Try it by hand: ansible <node> -i <inventory> -b -m command -a 'id -u'.",
        ),
    ),
)


def become_problem(said: str) -> tuple[str, str, str]:
    """Return (check, wanted, fix) for the message of a node that could not run a module as root."""
    return next(known for phrase, known in _BECOME if re.search(phrase, said))


def problems(
    host: str, ping: Mapping[str, Any], tools: Mapping[str, Any] | None = None, become: Mapping[str, Any] | None = None
) -> list[Row]:
    """Return why a node cannot be checked: a row, or none.

    Registered results: ping: of the login without Python, which prints "no tools" on a Mac without the Command Line Tools;
    tools: of their installation, skipped in a dry run; become: of a command with become. One that is left out is not judged.
    """
    if ping.get("unreachable"):
        fix = (
            "Start it and its SSH server and try: ssh to it (a Mac with FileVault waits for its password first); "
            "a worker may be left out: preflight_unreachable_workers: skip."
        )
        return [row(host, "login", "the node answers", _line(ping.get("msg")), fix)]
    if tools is not None and "no tools" in str(ping.get("stdout", "")):
        said = "They are missing; the same command without --check installs them." if tools.get("skipped") else ""
        if said or _refused(tools):
            fix = "Connect the Mac to the Internet and run again, or run `xcode-select --install` at its screen."
            said = said or _line(tools.get("stderr") or tools.get("msg"))
            return [row(host, "command line tools", "Apple's Command Line Tools", said, fix)]
    if become is not None and _refused(become):
        # msg is often "MODULE FAILURE", and the reason in what the shell printed.
        said = _line(*(str(become.get(key) or "")[:300] for key in ("msg", "module_stderr", "module_stdout")))
        check, wanted, fix = become_problem(said)
        return [row(host, check, wanted, said, fix)]
    return []


def _refused(result: Mapping[str, Any]) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def _line(*texts: object) -> str:
    return one_line(" ".join(str(text or "") for text in texts), 1000) or "no message"
