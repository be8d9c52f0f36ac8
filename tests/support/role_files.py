"""The variables of a role, read from its files."""

from __future__ import annotations

import yaml


def role_vars(root, role):
    """Return what a role's vars define: vars/main.yml, or every file of vars/main/; nothing without either."""
    folder = root / "roles" / role / "vars"
    paths = sorted(folder.glob("main/*.yml")) or [path for path in (folder / "main.yml",) if path.exists()]
    return {name: value for path in paths for name, value in yaml.safe_load(path.read_text()).items()}
