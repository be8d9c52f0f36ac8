"""Where the collection lies on the controller, and where runs write."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "data"
_IS_INSTALLED = (REPOSITORY / "MANIFEST.json").exists()


def in_workspace(name: str) -> str:
    """Return the path of a folder that runs write: in the checkout, or in the current folder for an installed collection."""
    return str((Path.cwd() if _IS_INSTALLED else REPOSITORY) / name)
