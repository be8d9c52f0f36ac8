"""What the measuring modules have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  timeout:
    description: Seconds after which everything is ended.
    type: int
    default: 900
  job_dir:
    description:
      - Folder of the job, set by the action plugin of the same name, which runs the module in the background and shows
        its progress.
    type: path
attributes:
  check_mode:
    support: full
    description: Measures nothing; RV(not_measured) has the reason.
  diff_mode:
    support: none
    description: Nothing on the node is changed.
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

    VENV = r"""
options:
  python:
    description: Interpreter of the venv.
    type: path
    required: true
  user:
    description: Account to run as when the module runs as root; the one that Ray runs as.
    type: str
"""
