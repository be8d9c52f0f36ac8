"""Homebrew as its owner runs it: brew refuses root, and trust and the Cellar belong to the account that installed it."""

from __future__ import annotations

import os
import pwd
import re

from . import documents, folders

PREFIX = "/opt/homebrew"
CORE = "homebrew/core"
# Unattended: nothing is upgraded, cleaned up, reinstalled or removed beside what was asked for.
SETTINGS = {
    "HOMEBREW_NO_ANALYTICS": "1",
    "HOMEBREW_NO_AUTOREMOVE": "1",
    "HOMEBREW_NO_AUTO_UPDATE": "1",
    "HOMEBREW_NO_ENV_HINTS": "1",
    "HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK": "1",
    "HOMEBREW_NO_INSTALL_CLEANUP": "1",
    "HOMEBREW_NO_INSTALL_UPGRADE": "1",
    "LC_ALL": "C",
}
_PASSED_ON = re.compile(r"(?i)(https?_proxy|no_proxy|all_proxy|ssl_cert_file|homebrew_.*)")
# What brew's errors mean, and the remedy. Each pattern is a phrase of brew or curl, not a word that occurs anywhere.
_SENTENCES = (
    (
        r"reports different checksum|SHA-?256 mismatch",
        "The downloaded bottle is not the pinned one: something alters downloads, or the mirror is wrong. "
        "Nothing was installed; check homebrew_artifact_domain and proxy_env, or set python_provider to uv.",
    ),
    (r"Refusing to load formula", "brew does not trust the tap: run `brew trust --formula {formula}` as its owner."),
    (
        r"has no bottle!|no bottle available!|requested URL returned error: 404",
        "There is no bottle for this macOS: name a mirror in homebrew_artifact_domain, or set python_provider to uv.",
    ),
    (
        r"curl: \(\d+\)[^\n]*formulae\.brew\.sh|formulae\.brew\.sh[^\n]*exited with",
        "Homebrew's index could not be fetched from formulae.brew.sh: allow the node Internet access, set proxy_env, or name a "
        "mirror in homebrew_api_domain (homebrew_artifact_domain does not cover it).",
    ),
    (
        r"(?i)portable[ -]ruby",
        "Homebrew's own Ruby could not be fetched from ghcr.io: allow the node Internet access, set proxy_env, or name a mirror "
        "in homebrew_artifact_domain.",
    ),
    (
        r"Could not resolve host|Failed to connect to|curl: \(28\)|Failed to download",
        "The bottle could not be fetched: allow the node Internet access, set proxy_env, or name a mirror in "
        "homebrew_artifact_domain.",
    ),
    (r"has been disabled because", "homebrew-core has disabled this formula."),
    (r"not writable by your user", "The folders of Homebrew do not belong to the account that owns /opt/homebrew."),
    (
        r"Running Homebrew as root",
        "/opt/homebrew belongs to root, and brew refuses root: give it to the account that installed it (chown -R).",
    ),
)


class HomebrewError(Exception):
    """A command of brew failed; the message is for the user."""


# --- what is installed


def split_name(name):
    """Return (tap or None, short name) of a formula's full or short name."""
    tap, _, short = name.rpartition("/")
    return tap or None, short


def receipt(name, version):
    """Return the receipt of a keg, {} where it cannot be read."""
    try:
        with open(os.path.join(PREFIX, "Cellar", name, version, "INSTALL_RECEIPT.json"), encoding="utf-8") as stream:
            return documents.mapping(stream.read())
    except (OSError, ValueError):
        return {}


def installed(name):
    """Return ``{version: tap}`` of the installed kegs of a formula, by full name those of its tap alone.

    tap is None where its receipt does not name it.
    """
    wanted, short = split_name(name)
    found = {}
    for keg in folders.matching(os.path.join(PREFIX, "Cellar", short, "*")):
        version = os.path.basename(keg)
        source = receipt(short, version).get("source")
        tap = source.get("tap") if isinstance(source, dict) else None
        tap = tap if isinstance(tap, str) else None
        if wanted in (None, tap):
            found[version] = tap
    return found


def in_use(name):
    """Return the version of the keg that Homebrew uses, which is where its opt link leads, or None."""
    target = os.path.realpath(os.path.join(PREFIX, "opt", name))
    rack = os.path.realpath(os.path.join(PREFIX, "Cellar", name))
    return os.path.basename(target) if os.path.dirname(target) == rack and os.path.isdir(target) else None


def on_request(name):
    """Return whether the formula counts as requested, so that brew never removes it by itself; None when it is not installed."""
    version = in_use(name)
    return receipt(name, version).get("installed_on_request", False) is True if version else None


def full_name(name):
    """Return a formula's name with the tap of its installed keg: by the short name brew may load the formula of homebrew-core."""
    tap, short = split_name(name)
    kegs = installed(short)
    tap = tap or kegs.get(in_use(short)) or next(iter(kegs.values()), None)
    return f"{tap}/{short}" if tap else short


def pinned(name):
    """Return whether ``brew upgrade`` leaves the formula alone."""
    return os.path.lexists(os.path.join(PREFIX, "var", "homebrew", "pinned", name))


def tap_folder(tap):
    """Return the folder of a tap ``user/name``."""
    user, _, name = tap.partition("/")
    return os.path.join(PREFIX, "Library", "Taps", user, f"homebrew-{name}")


def owner():
    """Return the name of the account that Homebrew belongs to."""
    return pwd.getpwuid(os.stat(PREFIX).st_uid).pw_name


# --- what is run


def explain(formula, complaint):
    """Return one message for the standard error of brew."""
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, complaint):
            return sentence.format(formula=formula)
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    # curl repeats the address of a proxy, and its password with it.
    return "brew: " + re.sub(r"://[^/@\s]+@", "://***@", " ".join(lines[-3:]))[:400]


def as_owner(line, names=()):
    """Return the argv that runs ``line`` as Homebrew's owner: unchanged, or through sudo when we are root.

    names: variables of the environment that sudo passes on. Their values stand in no argument: ps and sudo's log show those.
    """
    if os.geteuid() == os.stat(PREFIX).st_uid:
        return line
    if os.geteuid() != 0:
        raise HomebrewError(f"Homebrew belongs to {owner()} and we are neither that account nor root: set ansible_become.")
    kept = [f"--preserve-env={','.join(sorted(names))}"] if names else []
    return ["sudo", "-H", "-u", owner(), *kept, *line]


def environment_for(environment):
    """Return the variables that brew runs with: proxies, certificates and its own of ``environment``, and our settings."""
    return {**{name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name)}, **SETTINGS}


def run(module, formula, *arguments):
    """Run brew; return its output. Raises HomebrewError with one message.

    The module's option ``environment``, where it has one, adds to its own environment.
    """
    settings = environment_for({**os.environ, **(module.params.get("environment") or {})})
    line = as_owner([os.path.join(PREFIX, "bin", "brew"), *arguments], settings)
    rc, out, err = module.run_command(line, environ_update=settings, cwd="/")
    if rc != 0:
        raise HomebrewError(f"`brew {' '.join(arguments)}` failed. {explain(formula, err or out)}")
    return out


def trust(module, full):
    """Let brew load one formula of a tap; brew 5 and older ask for no trust."""
    if full.count("/") != 2 or full.startswith(CORE):
        return
    try:
        run(module, full, "trust", "--formula", full)
    except HomebrewError as error:
        if "Unknown command" not in str(error):
            raise


# As the owner, not as root: a link that stands in a folder of his leads nowhere that he could not write himself.
_READ = 'test ! -e "$1" || cat "$1"'
_WRITE = 'umask 022 && mkdir -p "$2" && cat >"$1.new" && mv -f "$1.new" "$1"'


def read(module, path):
    """Return the text of a file below the prefix, None when it is not there."""
    if not os.path.exists(path):
        return None
    rc, out, _err = module.run_command(as_owner(["/bin/sh", "-c", _READ, "sh", path]), cwd="/")
    return out if rc == 0 else None


def write(module, path, content):
    """Put a file in place in one step, with its folders."""
    line = as_owner(["/bin/sh", "-c", _WRITE, "sh", path, os.path.dirname(path)])
    rc, _out, err = module.run_command(line, data=content, binary_data=True, cwd="/")
    if rc != 0:
        raise HomebrewError(f"{path} could not be written as its owner: {err.strip()}")
