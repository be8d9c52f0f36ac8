"""The output that tests and scenarios read: Ansible's own, in which each task is shown, with tables that are not folded."""

from __future__ import annotations

ENVIRONMENT = {"ANSIBLE_STDOUT_CALLBACK": "default", "SAF_COLUMNS": "150"}
