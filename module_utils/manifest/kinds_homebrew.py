"""The kinds of things that Homebrew undoes; see kinds.py."""

from __future__ import annotations

import contextlib
import os

from ..system import homebrew
from .kind import Kind


class Brewed(Kind):
    """Something that brew undoes; it exists or not, and it is unmanaged when it existed before."""

    def brew(self, *arguments):
        """Run brew and return its error, "" on success."""
        try:
            homebrew.run(self.module, self.name, *arguments)
        except (homebrew.HomebrewError, OSError) as error:
            return str(error)
        return ""

    def load(self):
        """Return the formula's full name; brew loads one of a tap only where it is trusted, and its trust may be lost."""
        full = homebrew.full_name(self.name)
        # The next command of brew fails with the better message.
        with contextlib.suppress(homebrew.HomebrewError, OSError):
            homebrew.trust(self.module, full)
        return full


class Keg(Brewed):
    """A formula, by short name, or by full name where that of another tap would be unmanaged."""

    def exists(self):
        return bool(homebrew.installed(self.name))

    def remains(self):
        """A formula that something else needs now stays, managed by brew: it is removed with the last that needs it."""
        return self.exists() and homebrew.on_request(homebrew.split_name(self.name)[1]) is not False

    def remove(self):
        full = self.load()
        if homebrew.pinned(homebrew.split_name(self.name)[1]):
            self.brew("unpin", full)
        complaint = self.brew("uninstall", "--formula", full)
        if "required by" in complaint:
            return self.brew("tab", "--formula", "--no-installed-on-request", full)
        if not complaint and self.exists():  # brew ends with 0 where it refuses a pinned one
            return f"{self.name} is still installed after `brew uninstall`: unpin it (brew unpin {full})."
        return complaint


class OnRequest(Brewed):
    """The mark of a requested formula, without which brew may remove it."""

    def exists(self):
        return homebrew.on_request(self.name) is True

    def remove(self):
        return self.brew("tab", "--formula", "--no-installed-on-request", self.load())


class Pin(Brewed):
    """A pin on an unmanaged keg."""

    def exists(self):
        return homebrew.pinned(self.name)

    def remove(self):
        return self.brew("unpin", self.load())


class Tap(Brewed):
    def exists(self):
        return os.path.isdir(homebrew.tap_folder(self.name))

    def remove(self):
        return self.brew("untap", self.name)
