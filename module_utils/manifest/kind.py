"""What every kind of thing that a manifest can hold has in common."""

from __future__ import annotations


class Kind:
    """A thing that is simply removed, and that is not ours when it was there before."""

    def __init__(self, module, entry):
        self.module = module
        self.entry = entry
        self.name = entry["name"]

    def exists(self):
        raise NotImplementedError

    def remains(self):
        """Return whether something of it is still there after an undoing."""
        return self.exists()

    def previous(self):
        """Return what to restore later for a thing that is there already, None to leave it alone for good."""
        return None

    def undo(self):
        """Return "" when the thing is gone, else one sentence that says what is left and why."""
        return self.remove() if self.exists() else ""

    def remove(self):
        """Remove a thing that is there; return as undo() does."""
        raise NotImplementedError

    def run(self, *command):
        """Run a command and return its complaint, "" on success."""
        rc, out, err = self.module.run_command(list(command), environ_update={"LC_ALL": "C"})
        return "" if rc == 0 else (err or out).strip().splitlines()[-1] if (err or out).strip() else f"exit status {rc}"
