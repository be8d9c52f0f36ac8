"""Files of the repository that tools write: renewed, or compared with what is there (--check)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def between(text: str, begin: str, end: str, part: str) -> str:
    """Return a text with another part between two marks, each a line that occurs once."""
    before, rest = text.split(begin)
    _old, after = rest.split(end)
    return f"{before}{begin}\n{part}\n{end}{after}"


def renew(wanted: Mapping[Path, str], arguments: Sequence[str], source: str, tool: str) -> int:
    """Write the files that differ, or with --check only name them; return the exit status.

    source: what they follow from; tool: the file of the caller.
    """
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" not in arguments:
        for path in stale:
            path.write_text(wanted[path])
        return 0
    for path in stale:
        print(f"{path.name} differs from {source}: run tools/{Path(tool).name}.")
    if not stale:
        print(f"{', '.join(path.name for path in wanted)}: up to date")
    return 1 if stale else 0
