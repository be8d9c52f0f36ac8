"""Make the collection importable as Ansible does, and its modules by their names."""

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    ".",
    "collections",
    "library",
    "plugins/action",
    "plugins/filter",
    "plugins/lookup",
    "roles/ray/files",
    "tests/fakemac",
    "tests/support",
    "tools",
)
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]


from tests.support import output  # noqa: E402 the path is set above

os.environ.update(output.ENVIRONMENT)  # the tests of the console ask for it themselves


@pytest.fixture
def run_module(capsys):
    """Run a module of library/ in this process and return its result: run_module(module, {args}, check=..)."""
    from ansible.module_utils.testing import patch_module_args

    def run(module, args, check=False, diff=False):
        arguments = {**args, "_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args(arguments), pytest.raises(SystemExit) as stop:
            module.main()
        result = json.loads(capsys.readouterr().out)
        result.setdefault("failed", stop.value.code != 0)
        return result

    return run


@pytest.fixture
def root():
    """Folder of the repository."""
    return ROOT
