"""Whether a service that is waited for has ended permanently, and the last line of its log."""

from __future__ import annotations

from ..system.command import command_output
from . import process

# A unit with Restart=always never fails; one that ends this often while we wait does not come up by itself.
_RESTARTS = 3
_SHOWN = 300
# Exit statuses of systemd itself, before it starts the program (systemd.exec(5)): the sandbox could not be set up.
_SANDBOX = {
    "218": "CAPABILITIES",
    "226": "NAMESPACE",
    "227": "NO_NEW_PRIVILEGES",
    "228": "SECCOMP",
    "232": "ADDRESS_FAMILIES",
}


def last_line(text):
    """Return the last line with words in it, at most some hundred characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-_SHOWN:] if lines else ""


def _log_of(path):
    try:
        with open(path, "rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 8192))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


class Watch:
    """Looks at a service again and again while its cluster is waited for.

    manager: systemd or process, others are not watched; name: of the unit; pid_file, log: of a plain process.
    """

    def __init__(self, manager="", name="", pid_file="", log=""):
        self.manager, self.name, self.pid_file, self.log = manager, name, pid_file, log
        self.restarts = None

    def ended(self):
        """Return a sentence when the service is gone or ends again and again, else ""."""
        if self.manager == "process":
            record = process.read_record(self.pid_file)
            return self._sentence("ended", _log_of(self.log)) if record and not process.alive(record) else ""
        if self.manager == "systemd":
            return self._systemd(
                command_output("systemctl", "show", self.name, "--property=LoadState,ActiveState,NRestarts,ExecMainStatus"),
            )
        return ""

    def _systemd(self, text):
        values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if values.get("LoadState") != "loaded":
            return ""
        restarts = int(values["NRestarts"]) if values.get("NRestarts", "").isdigit() else 0
        if self.restarts is None:
            self.restarts = restarts
        if values.get("ActiveState") in ("failed", "inactive"):
            how = "ended"
        elif restarts - self.restarts >= _RESTARTS:
            how = f"ended {restarts - self.restarts} times while it was waited for"
        else:
            return ""
        status = values.get("ExecMainStatus", "")
        if status in _SANDBOX:
            return (
                f"systemd cannot confine {self.name} on this node (status {status}/{_SANDBOX[status]}): "
                "set ray_hardening: false for it in the inventory, and provision it again."
            )
        return self._sentence(
            how, command_output("journalctl", "--unit", self.name, "--lines", "20", "--output", "cat", "--no-pager")
        )

    def _sentence(self, how, log):
        said = last_line(log)
        return f"{self.name or 'The service'} {how}. " + (f"Its log ends with: {said}" if said else "Its log is empty.")
