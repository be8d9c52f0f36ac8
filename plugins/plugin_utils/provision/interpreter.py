"""Whether a node has, or can get, the exact Python: what is installed, the provider's builds, Homebrew, conda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.saf.fabric.plugins.module_utils.system import interpreters

from .observed import Observed, Wanted, mapping, rows, text, version
from .problem import Problem, problem

_ANSWER = {"path": str, "version": str, "implementation": str, "machine": str, "bits": int, "libc": str, "missing": list}
_NOT_ALWAYS_ANSWERED = ("implementation", "machine", "bits", "libc", "missing")


def python_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the exact interpreter is missing and no provider installs it; wanted: python_version, python_provider."""
    found = [{"implementation": "", **one} for one in rows(observed, "interpreters", _ANSWER, optional=_NOT_ALWAYS_ANSWERED)]
    exact, machine = wanted["python_version"], text(observed, "machine")
    if wanted["python_provider"] in ("uv", "homebrew", "conda") or interpreters.choose(found, exact, machine):
        return []
    shown = [f"{one['version']} ({', '.join([one['path'], *_unlike(one, exact)])})" for one in found]
    fix = "Install it where every account may run it, name it in python_candidates, or have it installed: python_provider: uv."
    return [problem("python", exact, ", ".join(shown) or "no interpreter", fix)]


def _unlike(interpreter: Mapping[str, Any], wanted: str) -> list[str]:
    """Return why an interpreter of the wanted version was not chosen: what it was built for."""
    if interpreter["version"] != wanted:
        return []
    built_for = [interpreter["machine"]] if interpreter.get("machine") else []
    built_for += ["32 bits"] if interpreter.get("bits") == 32 else []
    return built_for + (["no glibc"] if interpreter.get("libc") == "" else [])


def build_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the provider has no pinned build of the version.

    wanted: python_provider, python_version, pinned_versions: versions for which the provider has a build for this platform.
    """
    provider, pinned = wanted["python_provider"], wanted["pinned_versions"]
    if provider not in ("uv", "conda") or wanted["python_version"] in pinned:
        return []
    instead = f"Set python_version to {' or '.join(pinned)}, or" if pinned else "Set"
    fix = f"{instead} python_provider to system; data/python_builds.yml lists the builds."
    name = {"uv": "python-build-standalone", "conda": "conda-forge"}[provider]
    found = f"none of {wanted['python_version']} for {text(observed, 'machine') or 'this platform'}"
    return [problem("python", f"a pinned build of {name}", found, fix)]


def conda_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether conda is missing where it is the provider; wanted: python_provider."""
    if wanted["python_provider"] != "conda" or text(observed, "conda"):
        return []
    fix = "Install micromamba, mamba or conda on the node, name it in python_conda, or choose another python_provider."
    return [problem("conda", "micromamba, mamba or conda", "none", fix)]


def homebrew_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return what keeps Homebrew from installing the pinned Python where it is the provider; wanted: python_provider, homebrew.

    homebrew: {version, macos: oldest with a bottle, formula, kegs: versions that will do, tap, replace, way: how Homebrew itself
    may be installed (script, pkg or never), fallback: provider that is tried then}; without kegs this version has no pinned
    bottle.
    """
    if wanted["python_provider"] != "homebrew":
        return []
    rules = wanted["homebrew"]
    if not rules.get("kegs"):
        fix = "Set python_provider to uv or system, or python_version to one of data/homebrew_bottles.yml."
        return [problem("homebrew", "a pinned bottle", f"none of {rules.get('version')}", fix)]
    state = mapping(observed, "homebrew")
    if state is None:
        fix = "Set python_provider to system, uv or conda for this node: Homebrew is for Macs here."
        return [problem("homebrew", "a Mac", text(observed, "system") or "unknown", fix)]
    if rules["fallback"]:
        return []
    return [*_macos(text(observed, "macos"), rules), *_prefix(state, observed, rules), *_kegs(state, rules)]


def _macos(found: str, rules: Mapping[str, Any]) -> list[Problem]:
    has, oldest = version(found), version(rules["macos"])
    if not found or (has is not None and (oldest is None or has >= oldest)):
        return []
    fix = "Update macOS, or set python_provider to uv for all nodes."
    return [problem("homebrew", f"macOS >= {rules['macos']}", f"macOS {found}", fix)]


def _prefix(state: Mapping[str, Any], observed: Observed, rules: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the installation of Homebrew itself."""
    other, owner = text(state, "other_prefix"), text(state, "owner")
    if other:
        fix = "Bottles are tied to /opt/homebrew: install the native Homebrew there, or set python_provider to uv for all nodes."
        return [problem("homebrew", "/opt/homebrew", f"{other} only", fix)]
    if not owner and rules["way"] == "never":
        fix = "Install it (https://brew.sh), allow it with homebrew_install: auto, or set python_provider to uv."
        return [problem("homebrew", "/opt/homebrew/bin/brew", "no Homebrew", fix)]
    if not owner and rules["way"] == "script" and observed.get("sudo_without_password") is not True:
        fix = (
            "Homebrew is missing and its installer calls sudo itself: set homebrew_pkg to Homebrew's package on the controller, "
            "install Homebrew there by hand, or set python_provider to uv for all nodes."
        )
        return [problem("homebrew", "sudo -n for the login account", "a password is required", fix)]
    if owner == "root":
        fix = "Give /opt/homebrew to the account that uses it: sudo chown -R <account> /opt/homebrew."
        return [problem("homebrew", "an owner that is not root", "root owns /opt/homebrew", fix)]
    return []


def _kegs(state: Mapping[str, Any], rules: Mapping[str, Any]) -> list[Problem]:
    """Return whether the formula is installed from another tap and may not be replaced."""
    in_use = text(state, "in_use")
    foreign = [keg for keg, tap in (mapping(state, "kegs") or {}).items() if tap != rules["tap"]]
    if not foreign or rules["replace"] or in_use in rules["kegs"]:
        return []
    shown = in_use if in_use in foreign else foreign[0]
    fix = "Uninstall it, allow it with homebrew_replace_python: true, or set python_provider to uv for all nodes."
    return [problem("homebrew", f"{rules['formula']} {rules['kegs'][-1]}", f"{shown} of another tap", fix)]
