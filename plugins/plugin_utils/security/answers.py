"""What the controller takes of a node's answers to the audit: known keys, right types, bounded, on one line. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.observed import integer, mapping, rows, text, texts

_MOST: Final = 200  # rows of one list; who sends more has hidden nothing that way: it is reported
_MOST_PORT: Final = 65535
_LISTENER: Final = {"protocol": str, "address": str, "port": int, "user": str, "pid": int, "command": str}
_FLAGS: Final = {"of_service": bool, "managed": bool}
_SCHEDULED: Final = {"kind": str, "path": str, "user": str, "runs": str, "changed": int, "digest": str, "known": bool}
_STRANGER: Final = {"pid": int, "command": str, "cpu_percent": int, "cpu_seconds": int, "origin": str}
_KEY: Final = {"path": str, "type": str, "fingerprint": str, "comment": str}
_JOB: Final = {"id": str, "type": str, "status": str, "started": int, "entrypoint": str, "address": str}
_DOOR: Final = {"node": str, "address": str, "port": int, "answers": bool, "source": str, "status": int}
_REASONS: Final = ("account", "installation", "temporary")


def _clean(row: Mapping[str, Any], limit: int = 200) -> dict[str, Any]:
    return {key: one_line(value, limit) if isinstance(value, str) else value for key, value in row.items()}


def _listed(answer: object, name: str, wanted: Mapping[str, type], most: int = _MOST) -> list[dict[str, Any]]:
    return [_clean(row) for row in rows(answer, name, wanted)[:most]]


def _is_list(answer: object, name: str) -> bool:
    return isinstance(answer, Mapping) and isinstance(answer.get(name), list)


def accept(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is taken of a node_audit_info result.

    A list that is missing, too long or has a row that cannot be used is no empty list: it is named in ``gaps``.
    """
    account = mapping(answer, "account") or {}
    settings = mapping(answer, "settings") or {}
    platform = mapping(answer, "platform") or {}
    hosts = mapping(answer, "hosts") or {}
    taken: dict[str, Any] = {
        "installed": one_line(text(answer, "installed"), 40),
        "is_root": answer.get("is_root") is True,
        "running": answer.get("running") is True,
        "platform": {key: one_line(text(platform, key), 40) for key in ("system", "machine", "python")},
        "account": {key: one_line(text(account, key), 100) for key in ("name", "home", "shell")},
        "settings": {"auth_mode": one_line(text(settings, "auth_mode"), 20), "tls": settings.get("tls") is True},
        "hosts": {
            "entries": [one_line(one, 200) for one in texts(hosts, "entries")[:_MOST]],
            "changed": integer(hosts, "changed"),
        },
        "listeners": [
            row for row in _listed(answer, "listeners", {**_LISTENER, **_FLAGS}, 4000) if 0 < row["port"] <= _MOST_PORT
        ],
        "scheduled": _scheduled(answer),
        "strangers": _listed(answer, "strangers", _STRANGER),
        "keys": _listed(answer, "keys", _KEY),
        "sudoers": _listed(answer, "sudoers", {"path": str, "rule": str}),
        "loose_files": _listed(answer, "loose_files", {"path": str, "why": str}),
        "jobs": _listed(answer, "jobs", _JOB),
    }
    taken["account"].update(
        exists=account.get("exists") is True,
        created=account.get("created") is True,
        groups=[one_line(group, 60) for group in texts(account, "groups")[:50]],
    )
    gaps = _listed(answer, "gaps", {"what": str, "why": str})
    for name in ("listeners", "scheduled", "strangers", "keys", "sudoers", "loose_files", "jobs", "gaps"):
        given = answer.get(name)
        if not isinstance(given, list) or len(given) > (len(taken[name]) if name in taken else len(gaps)):
            gaps.append({"what": name, "why": f"The node's answer about {name} is not complete, or not as documented."})
    return {**taken, "gaps": gaps}


def _scheduled(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for row in rows(answer, "scheduled", {**_SCHEDULED, "reasons": list})[:_MOST]:
        reasons = [reason for reason in _REASONS if reason in row["reasons"]]
        found.append({**_clean({**row, "reasons": ""}), "reasons": reasons})
    return found


def accept_doors(answer: object, asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """Return what is taken of a node_doors_info result: doors that were asked for; None where there is no answer."""
    if not isinstance(answer, Mapping) or answer.get("failed") or answer.get("unreachable") or not _is_list(answer, "doors"):
        return None
    known = {(door["node"], door["port"]) for door in asked}
    found = [_clean(row, 60) for row in rows(answer, "doors", _DOOR)[:20000]]
    return [row for row in found if (row["node"], row["port"]) in known]


def refusal(results: Sequence[object], failure: object) -> str:
    """Return why a node has given no answer, "" where it has; results: what was registered, the login first."""
    unreachable = next((one for one in results if isinstance(one, Mapping) and one.get("unreachable")), None)
    if unreachable is not None:
        said = one_line(unreachable.get("msg", ""))
        return f"It does not answer over SSH{f' ({said})' if said else ''}."
    last = results[-1]
    if failure or not isinstance(last, Mapping) or not last or last.get("failed"):
        said = one_line(failure or text(last, "msg") or "no message").rstrip(".")
        return f"It answers, but could not be looked at: {said}."
    return ""


def plain(word: str) -> bool:
    """Return whether a word of a node may stand in a command that a person pastes."""
    return re.fullmatch(r"[\w@%+=:,./-]{1,200}", word) is not None and not word.startswith("-")
