"""Homebrew as its owner runs it: brew refuses root, and trust and the Cellar belong to the account that installed it."""

from __future__ import annotations

import glob
import json
import os
import pwd
import re

PREFIX = "/opt/homebrew"
# Unattended: nothing is upgraded, cleaned up or reinstalled beside what was asked for.
_SETTINGS = {
    "HOMEBREW_NO_ANALYTICS": "1",
    "HOMEBREW_NO_AUTO_UPDATE": "1",
    "HOMEBREW_NO_ENV_HINTS": "1",
    "HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK": "1",
    "HOMEBREW_NO_INSTALL_CLEANUP": "1",
    "HOMEBREW_NO_INSTALL_UPGRADE": "1",
    "LC_ALL": "C",
}
_PASSED_ON = re.compile(r"(?i)(https?_proxy|no_proxy|all_proxy|ssl_cert_file|homebrew_.*)")
# What brew's complaints mean, and what to do.
_SENTENCES = (
    (
        r"SHA-?256 mismatch",
        "The bottle that came is not the pinned one: something on the way alters downloads, or the mirror is wrong. "
        "Nothing was installed; check homebrew_artifact_domain and proxy_env, or set python_provider to uv.",
    ),
    (r"Refusing to load formula", "brew does not trust the tap: run `brew trust --formula {formula}` as its owner."),
    (
        r"No such file or directory|404|no bottle available",
        "There is no bottle to be had for this macOS: name a mirror in homebrew_artifact_domain, or set python_provider to uv.",
    ),
    (
        r"Could not resolve|Failed to connect|timed out|Failed to download",
        "The bottle could not be fetched: let the node out, set proxy_env, or name a mirror in homebrew_artifact_domain.",
    ),
    (r"disabled because", "homebrew-core has disabled this formula."),
    (r"not writable by your user", "The folders of Homebrew do not belong to the account that owns /opt/homebrew."),
)


class HomebrewError(Exception):
    """brew did not do what was asked; the message is for the user."""


def installed(name, prefix=PREFIX):
    """Return ``{version: tap}`` of the installed kegs of a formula; tap is None where its receipt does not tell."""
    found = {}
    for keg in sorted(glob.glob(os.path.join(prefix, "Cellar", name, "*"))):
        tap = None
        try:
            with open(os.path.join(keg, "INSTALL_RECEIPT.json"), encoding="utf-8") as stream:
                tap = json.load(stream)["source"]["tap"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        found[os.path.basename(keg)] = tap
    return found


def pinned(name, prefix=PREFIX):
    """Return whether ``brew upgrade`` leaves the formula alone."""
    return os.path.lexists(os.path.join(prefix, "var", "homebrew", "pinned", name))


def tap_folder(tap, prefix=PREFIX):
    """Return the folder of a tap ``user/name``."""
    user, name = tap.split("/")
    return os.path.join(prefix, "Library", "Taps", user, f"homebrew-{name}")


def explain(formula, complaint):
    """Return one sentence for what brew said on stderr."""
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, complaint):
            return sentence.format(formula=formula)
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return "brew: " + " ".join(lines[-3:])[:400]


def owner(prefix=PREFIX):
    """Return the name of the account that Homebrew belongs to."""
    return pwd.getpwuid(os.stat(prefix).st_uid).pw_name


def command(arguments, environment, prefix=PREFIX):
    """Return the argv that runs brew as its owner: by itself, or through sudo when we are root."""
    brew = os.path.join(prefix, "bin", "brew")
    settings = {**{name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}, **_SETTINGS}
    line = ["env", *(f"{name}={value}" for name, value in sorted(settings.items())), brew, *arguments]
    if os.geteuid() == os.stat(prefix).st_uid:
        return line
    if os.geteuid() != 0:
        raise HomebrewError(f"Homebrew belongs to {owner(prefix)} and we are neither that account nor root: set ansible_become.")
    if os.stat(prefix).st_uid == 0:
        raise HomebrewError(
            f"{prefix} belongs to root, and brew refuses root: give it to the account that installed it (chown -R)."
        )
    return ["sudo", "-H", "-u", owner(prefix), *line]


def run(module, formula, *arguments):
    """Run brew; return its output. Raises HomebrewError with one sentence."""
    rc, out, err = module.run_command(command(arguments, os.environ), cwd="/")
    if rc != 0:
        raise HomebrewError(f"`brew {' '.join(arguments)}` failed. {explain(formula, err or out)}")
    return out
