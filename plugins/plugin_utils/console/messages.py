"""What a task's result says to people. Results come from nodes: every text is cleaned here before it is shown."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..trust import untrusted

_MOST_LINES: Final = 12  # of what a failed program printed
_MOST_DIFF_LINES: Final = 200
_MOST_LETTERS: Final = 20000
# Words of Ansible around the message of a module or of ssh.
_FRAMES = re.compile(
    r"^(?:Task failed: |Module failed: |Action failed: |Action failed$|Failed to connect to the host via ssh: |"
    r"Data could not be sent to remote host \"[^\"]*\"\. Make sure this host can be reached over ssh: )+"
)
# Messages that only report that there are others.
_EMPTY = {"", "Task failed", "Module failed", "MODULE FAILURE", "non-zero return code", "One or more items failed"}
_INTERNAL = {"changed", "failed", "skipped", "invocation", "skip_reason", "warnings", "deprecations", "exception", "censored"}
# A module that could not even start: what its interpreter printed says more.
_NO_RESULT: Final = "Module result deserialization failed"


def clean(text: object) -> str:
    """Return text from anywhere as it may be shown: lines without control characters and terminal sequences."""
    return untrusted.clean_text(text, lines=True, limit=_MOST_LETTERS)


def said(result: Mapping[str, Any]) -> list[str]:
    """Return what a debug task prints, as lines; a list is one line for each item."""
    if "censored" in result:
        return []
    if "msg" in result:
        return _lines(result["msg"])
    shown = {name: value for name, value in result.items() if name not in _INTERNAL and not name.startswith("_")}
    return [line for name, value in shown.items() for line in _variable(clean(name), value)]


def _lines(value: object) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [line for item in value for line in _lines(item)]
    if isinstance(value, str):
        return clean(value).strip("\n").split("\n")
    return clean(_json(value)).split("\n")


def _variable(name: str, value: object) -> list[str]:
    lines = clean(value if isinstance(value, str) else _json(value)).strip("\n").split("\n")
    return [f"{name}: {lines[0]}", *lines[1:]]


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def failure(result: Mapping[str, Any]) -> list[str]:
    """Return why a task failed, as lines: its message, and what the program printed where the message is empty of meaning."""
    if "censored" in result:
        return [clean(result["censored"])]
    message = _FRAMES.sub("", clean(result.get("msg") or "")).strip()
    empty = message.rstrip(".") in _EMPTY or message.startswith(_NO_RESULT)
    lines = [] if empty else message.split("\n")
    if lines:
        return lines
    items = [item for item in result.get("results") or [] if isinstance(item, Mapping) and item.get("failed")]
    if items:
        return [line for item in items for line in _item(item)]
    return _printed(result) or [message or "no message"]


def _item(item: Mapping[str, Any]) -> list[str]:
    lines = failure(item)
    if "censored" in item:
        return lines
    label = clean(item.get("_ansible_item_label", item.get("item", "")))
    return [f"{label}: {lines[0]}" if label else lines[0], *lines[1:]]


def _printed(result: Mapping[str, Any]) -> list[str]:
    for name in ("stderr", "module_stderr", "stdout", "module_stdout"):
        lines = [line for line in clean(result.get(name) or "").split("\n") if line.strip()]
        if lines:
            return [*([f"exit status {result['rc']}"] if isinstance(result.get("rc"), int) else []), *lines[-_MOST_LINES:]]
    return [f"exit status {result['rc']}"] if isinstance(result.get("rc"), int) else []


def unreachable(result: Mapping[str, Any]) -> list[str]:
    """Return that a node cannot be reached, with the reason that ssh gives."""
    if "censored" in result:
        return ["cannot be reached"]
    lines = [line for line in _FRAMES.sub("", clean(result.get("msg") or "")).strip().split("\n") if line.strip()]
    if not lines:
        return ["cannot be reached"]
    # ssh prints its banners and hints first.
    return [f"cannot be reached: {lines[0]}", *lines[1:_MOST_LINES]]


def diff(value: object) -> list[str]:
    """Return a result's diff as lines of a unified diff; value: one diff or a list, as Ansible's modules return them."""
    parts = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else [value]
    lines = [line for part in parts if isinstance(part, Mapping) for line in _diff(part)]
    if len(lines) > _MOST_DIFF_LINES:
        more = len(lines) - _MOST_DIFF_LINES
        lines = [*lines[:_MOST_DIFF_LINES], f"… {more} more lines"]
    return lines


def _diff(part: Mapping[str, Any]) -> list[str]:
    lines = []
    if "src_binary" in part or "dst_binary" in part:
        lines.append("a binary file differs")
    larger = [str(part[name]) for name in ("src_larger", "dst_larger") if name in part]
    if larger:
        lines.append(f"a file of more than {clean(larger[0])} bytes differs")
    if "before" in part and "after" in part:
        before, after = _side(part["before"]), _side(part["after"])
        old, new = (clean(part.get(f"{side}_header") or side) for side in ("before", "after"))
        lines += list(difflib.unified_diff(before, after, old, new, n=3, lineterm=""))
    if part.get("prepared"):
        lines += clean(part["prepared"]).strip("\n").split("\n")
    return lines


def _side(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        value = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return clean(value).splitlines()
