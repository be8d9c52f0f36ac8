"""Ends ansible-playbook with the exit status that a play asks for.

Ansible's own statuses cannot tell "degraded" (2, a failed host) from "cannot tell" (1): a play sets the custom statistic
saf_exit_status.
"""

from __future__ import annotations

DOCUMENTATION = """
name: exit_status
type: aggregate
short_description: End with the exit status that a play asks for
version_added: "0.1.0"
description:
  - Reads the custom statistic C(saf_exit_status) (ansible.builtin.set_stats) after the recap and ends with it unless it is 0.
"""

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "exit_status"

    def v2_playbook_on_stats(self, stats):
        status = int(stats.custom.get("_run", {}).get("saf_exit_status", 0))
        if status:
            raise SystemExit(status)
