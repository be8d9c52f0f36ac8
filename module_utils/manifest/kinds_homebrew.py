"""The kinds of things that Homebrew undoes; see manifest_kinds.py."""

from __future__ import annotations

import contextlib
import os

from ..system import homebrew
from .kind import Kind


class Brewed(Kind):
    """Something that brew undoes; it exists or it does not, and it is not ours when it was there before."""

    def brew(self, *arguments):
        """Run brew and return its complaint, "" on success."""
        try:
            homebrew.run(self.module, self.name, *arguments)
        except (homebrew.HomebrewError, OSError) as error:
            return str(error)
        return ""

    def load(self):
        """Return the formula's full name; brew loads one of a tap only where it is trusted, and its trust may be lost."""
        full = homebrew.full_name(self.name)
        # What is asked of brew next fails with the better sentence.
        with contextlib.suppress(homebrew.HomebrewError, OSError):
            homebrew.trust(self.module, full)
        return full


class Keg(Brewed):
    """A formula, by short name, or by full name where one of another tap would not be ours."""

    def exists(self):
        return bool(homebrew.installed(self.name))

    def remains(self):
        """One that something else needs by now stays, as brew's own: it goes with the last that needs it."""
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
    """The mark of a formula that somebody asked for, without which brew may remove it."""

    def exists(self):
        return homebrew.on_request(self.name) is True

    def remove(self):
        return self.brew("tab", "--formula", "--no-installed-on-request", self.load())


class Pin(Brewed):
    """A pin on somebody else's keg."""

    def exists(self):
        return homebrew.pinned(self.name)

    def remove(self):
        return self.brew("unpin", self.load())


class Tap(Brewed):
    def exists(self):
        return os.path.isdir(homebrew.tap_folder(self.name))

    def remove(self):
        return self.brew("untap", self.name)
