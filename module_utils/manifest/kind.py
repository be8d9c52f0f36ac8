"""The base class of the kinds of things in a manifest."""

from __future__ import annotations


class Kind:
    """A thing that is removed to undo it, and that is not managed when it existed before."""

    def __init__(self, module, entry):
        self.module = module
        self.entry = entry
        self.name = entry["name"]

    def exists(self):
        raise NotImplementedError

    def remains(self):
        """Return whether something of it still exists after undo()."""
        return self.exists()

    def previous(self):
        """Return what to restore later of a thing that exists already, None to leave it alone permanently."""
        return None

    def undo(self):
        """Return "" when the thing does not exist any more, else one sentence: what is left and why."""
        return self.remove() if self.exists() else ""

    def remove(self):
        """Remove a thing that exists; return as undo() does."""
        raise NotImplementedError

    def run(self, *command):
        """Run a command and return the last line of its error, "" on success."""
        rc, out, err = self.module.run_command(list(command), environ_update={"LC_ALL": "C"})
        return "" if rc == 0 else (err or out).strip().splitlines()[-1] if (err or out).strip() else f"exit status {rc}"
