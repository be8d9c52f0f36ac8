"""Base of the actions that work on the controller: no connection, no module on a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from .runs import RunError


class ControllerAction(ActionBase):
    """An action is ARGUMENTS and work(); library/<name>.py documents it."""

    ARGUMENTS: ClassVar[Mapping[str, Mapping[str, Any]]]
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        try:
            return {"changed": False, **self.work(arguments)}
        except RunError as error:
            return {"changed": False, "failed": True, "msg": str(error)}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the task for its arguments; a RunError becomes a failure with its message."""
        raise NotImplementedError
