"""What a node sent, checked and bounded before any of it becomes a file on the controller."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from .redaction import redact, structure

_NAME: Final = re.compile(r"(?:[a-z]{1,20}/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
MOST_FILES: Final = 200
MOST_GAPS: Final = 200


def folder_of(node: str) -> str:
    """Return the name of a node's folder: no name of an inventory leads out of the archive."""
    return quote(node, safe="").replace(".", "%2E") if node.startswith(".") else quote(node, safe="")[:200]


def newest(text: str, most_bytes: int) -> tuple[str, int]:
    """Return (text, bytes left out): whole lines, the newest of them, at most ``most_bytes``."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text, 0
    kept = data[len(data) - most_bytes :] if most_bytes > 0 else b""
    kept = kept.partition(b"\n")[2]
    return kept.decode("utf-8", "replace"), len(data) - len(kept)


def texts(
    answer: Mapping[str, Any], most_file_bytes: int, most_bytes: int, literals: Collection[str]
) -> tuple[dict[str, str], list[dict[str, Any]], list[dict[str, str]]]:
    """Return ({name: text}, files, gaps) of what a node sent.

    answer: as it passed the border; files: [{name, source, bytes, left_out}]. Texts are redacted and within the bounds, whatever
    the node kept to.
    """
    kept: dict[str, str] = {}
    files: list[dict[str, Any]] = []
    gaps = [_gap(gap, literals) for gap in answer["gaps"][:MOST_GAPS]]
    left = most_bytes
    strange = 0
    for one in answer["files"][:MOST_FILES]:
        name = one["name"]
        if not _NAME.fullmatch(name) or name in kept or not isinstance(one.get("lines"), list):
            strange += 1
            continue
        # Redacted before it is cut: a cut may take the name that marks a password.
        text, cut = newest(redact("\n".join(one["lines"]), literals), min(most_file_bytes, left))
        left -= len(text.encode())
        kept[name] = text
        source = redact(one["source"], literals)
        files.append({"name": name, "source": source, "bytes": one["bytes"], "left_out": max(0, one["left_out"]) + cut})
    strange += max(0, len(answer["files"]) - MOST_FILES)
    if strange:
        gaps.append({"what": "files", "why": f"{strange} files with a name that no node should send, or too many, are ignored."})
    for name in ("machine", "settings"):
        document = json.dumps(structure(answer[name], literals), indent=2, sort_keys=True)
        if len(document) > most_file_bytes:
            gaps.append({"what": f"{name}.json", "why": f"It is larger than {most_file_bytes} bytes."})
        else:
            kept[f"{name}.json"] = document
    return kept, files, gaps


def _gap(gap: Any, literals: Collection[str]) -> dict[str, str]:
    fields = gap if isinstance(gap, Mapping) else {}
    return {key: redact(str(fields.get(key, "unknown")), literals)[:400] for key in ("what", "why")}


def write(folder: Path, kept: Mapping[str, str]) -> None:
    """Write texts below a folder, which only this account may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in kept.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)


def summary(files: Sequence[Mapping[str, Any]], gaps: Sequence[Mapping[str, str]], session: str) -> dict[str, Any]:
    """Return what of a node's answer becomes the result of its task."""
    return {"files": [dict(one) for one in files], "gaps": [dict(one) for one in gaps], "session": session[:200]}
