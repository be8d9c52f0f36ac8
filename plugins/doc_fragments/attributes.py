"""What modules say of check mode and diff mode: the descriptions, and the support of the common kinds of modules."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and report the changes without making them.
  diff_mode:
    description: Reports in diff mode what has changed, or would change in check mode.
"""

    # Modules that read and change nothing.
    INFO = r"""
attributes:
  check_mode:
    support: full
    details: Changes nothing on the node.
  diff_mode:
    support: N/A
    details: Changes nothing on the node.
"""

    # Modules that bring something to a state: check mode reports the plan, diff mode the state before and after.
    STATE = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

    # Actions that work on the controller.
    CONTROLLER = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  action:
    description: Indicates whether an action plugin does the work on the controller.
    support: full
    details: Runs on the controller and needs no connection to a host.
"""
