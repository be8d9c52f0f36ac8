"""Files that are replaced in one step: a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Replace a file's content, mode 0644; raises OSError and leaves the old content."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def replace_link(path: Path, target: str) -> None:
    """Replace a symbolic link by one to ``target``; raises OSError and leaves the old one."""
    folder = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    name = os.path.join(folder, path.name)
    try:
        os.symlink(target, name)
        os.replace(name, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
        os.rmdir(folder)
