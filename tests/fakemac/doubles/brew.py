"""brew 6 as far as the roles use it: taps and trust, pinned bottles, their libraries, pins. It pours a real CPython.

Facts: Homebrew's own code, run in its macOS mode, and recorded observations of macOS. Bottle
digests are compared with samples/bottles.json, the published table.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import sys

from doubles import brew_cellar as cellar
from doubles import host
from doubles.brew_cellar import pour  # noqa: F401 scenarios call brew.pour
from doubles.refuse import Unknown

CLT_GIT = "/Library/Developer/CommandLineTools/usr/bin/git"
BOTTLES = "/opt/fakemac/samples/bottles.json"
_ROOT_URL = "https://ghcr.io/v2/homebrew/core"
_TAGS = {"26": "arm64_tahoe", "15": "arm64_sequoia", "14": "arm64_sonoma"}


class Refusal(Exception):
    """brew's ``Error: ...`` with exit status 1."""


def main(argv):
    if os.geteuid() == 0 and argv[:1] != ["--prefix"]:
        sys.stderr.write("Error: Running Homebrew as root is extremely dangerous and no longer supported.\n")
        return 1
    if not os.access(f"{cellar.PREFIX}/Cellar", os.W_OK):
        sys.stderr.write(f"Error: The following directories are not writable by your user:\n{cellar.PREFIX}/Cellar\n")
        return 1
    if argv == ["--version"]:
        print("Homebrew 6.0.18")
        return 0
    commands = {
        "autoremove": _autoremove,
        "developer": _developer,
        "install": _install,
        "list": _list,
        "pin": _pin,
        "tab": _tab,
        "tap-new": _tap_new,
        "trust": _trust,
        "uninstall": _uninstall,
        "unpin": _unpin,
        "untap": _untap,
    }
    if argv[0] not in commands:
        raise Unknown
    try:
        _fetch_the_api()
        return commands[argv[0]](argv[1:])
    except Refusal as refusal:
        sys.stderr.write(f"Error: {refusal}\n")
        return 1


def _fetch_the_api():
    """Each command in Ruby wants homebrew-core's index, from formulae.brew.sh unless another domain is named."""
    if host.setting("api", True) is False and not os.environ.get("HOMEBREW_API_DOMAIN"):
        raise Refusal("Failed to download\ncurl: (6) Could not resolve host: formulae.brew.sh")


def _split(arguments, known):
    names = [word for word in arguments if not word.startswith("-")]
    flags = set(arguments) - set(names)
    if flags - set(known):
        raise Unknown
    return names, flags


def _warn_of_skipped():
    for name in cellar.visible()[1]:
        sys.stderr.write(f"Warning: Skipping {name}: tap formula is not trusted\n")


# --- install


def _install(arguments):
    names, flags = _split(arguments, {"--formula", "--force-bottle", "--force", "--quiet", "--skip-link"})
    if not names:
        raise Unknown
    for name in names:
        if name.endswith(".rb") or name.startswith(("/", ".")):
            raise Refusal(f"Homebrew requires formulae to be in a tap, rejecting:\n  {name}")
    linked = [_install_one(name, flags) for name in names]
    if cellar.cleanup_is_due() and not os.environ.get("HOMEBREW_NO_INSTALL_CLEANUP"):
        print("==> `brew cleanup` has not been run in the last 30 days, running now...")
        _autoremove([])
    if not all(linked):
        raise Refusal("The `brew link` step did not complete successfully")
    return 0


def _install_one(name, flags):
    short = name[len(cellar.CORE) + 1 :] if name.startswith(f"{cellar.CORE}/") else name
    if "/" in short:
        return _install_from_tap(short, flags)
    if short == "python@3.9":
        raise Refusal("python@3.9 has been disabled because it is deprecated upstream! It was disabled on 2026-10-15.")
    known = {**cellar.LIBRARIES, **cellar.PROGRAMS}
    if short not in known:
        raise Refusal(f'No available formula with the name "{short}".')
    return _pour_core(short, known, True, "--skip-link" in flags)


def _pour_core(name, known, on_request, skip_link=False):
    """Pour a formula of homebrew-core after those that it needs; one that is there is marked, where it was asked for."""
    if cellar.kegs(name) and os.path.exists(f"{cellar.PREFIX}/opt/{name}"):
        if on_request:
            cellar.mark_on_request(name, True)
        return True
    _need_the_network()
    version, needs = known[name]
    for need in needs:
        _pour_core(need, known, False)
    if cellar.kegs(name):
        cellar.remove(name)
    return cellar.pour(name, version, cellar.CORE, on_request=on_request, needs=needs, skip_link=skip_link)


def _need_the_network():
    if host.setting("network", True) is False:
        raise Refusal("Failed to download resource: curl: (6) Could not resolve host: ghcr.io")


def _install_from_tap(full, flags):
    user, tap, name = full.split("/")
    path = f"{cellar.PREFIX}/Library/Taps/{user}/homebrew-{tap}/Formula/{name}.rb"
    if not os.path.exists(path):
        raise Refusal(f'No available formula with the name "{full}".')
    with open(path) as stream:
        text = stream.read()
    cellar.change_trust(full, True)  # naming the full name is permission
    if "no_autobump!" in text:
        raise Refusal("no_autobump! can only be used in official Homebrew taps.")
    if re.search(r"^\s*disable!", text, re.M):
        raise Refusal(f"{name} has been disabled!")
    if cellar.tap_of(name) not in (None, f"{user}/{tap}"):
        raise Refusal(
            f"{name} was installed from the {cellar.tap_of(name)} tap\n"
            f"but you are trying to install it from the {user}/{tap} tap.\n"
            "Formulae with the same name from different taps cannot be installed at the same time.\n\n"
            f"To install this version, you must first uninstall the existing formula:\n  brew uninstall {name}"
        )
    if not re.search(r"^class PythonAT39 < Formula$", text, re.M):
        raise Refusal(f"Expected to find class PythonAT39 in {path}")
    version = re.search(r"Python-(\d+\.\d+\.\d+)\.", text).group(1)
    revision = re.search(r"^\s*revision (\d+)", text, re.M)
    version += f"_{revision.group(1)}" if revision else ""
    if version in cellar.kegs(name):
        sys.stderr.write(f"Warning: {full} {version} is already installed and up-to-date.\n")
        cellar.mark_on_request(name, True)
        return True
    _need_the_network()
    _check_bottle(full, version, text, flags)
    needs = re.findall(r'^\s*depends_on "([^"]+)"', text, re.M)
    for need in needs:
        _pour_core(need, cellar.LIBRARIES, False)
    linked = cellar.pour(name, version, f"{user}/{tap}", needs=needs, skip_link="--skip-link" in flags)
    print(f"==> Pouring {name}--{version}\n{cellar.keg_of(name, version)}: built")
    return linked


def _check_bottle(full, version, text, flags):
    if "--force-bottle" not in flags and not os.path.exists(CLT_GIT):
        raise Refusal("fakemac: brew would now build from source for many minutes (no Command Line Tools, no --force-bottle)")
    root = re.search(r'root_url "([^"]+)"', text)
    mirror = os.environ.get("HOMEBREW_ARTIFACT_DOMAIN", "")
    if not root or root.group(1) != _ROOT_URL or host.setting("bottle_is_gone", False):
        raise Refusal(f"Failed to download resource: curl: (22) The requested URL returned error: 404 ({full} bottle)")
    if mirror and not mirror.startswith(("https://", "http://")):
        raise Refusal("HOMEBREW_ARTIFACT_DOMAIN is no URL")
    with open(BOTTLES) as stream:
        published = json.load(stream)[version]
    tag = _TAGS[str(host.setting("macos", "26.1")).split(".")[0]]
    listed = dict(re.findall(r'sha256 (\w+):\s+"([0-9a-f]{64})"', text))
    if tag not in listed:
        raise Refusal(f"`--force-bottle` passed but {full} has no bottle!")
    received = host.setting("blob_sha256", published[tag])
    if listed[tag] != received:
        raise Refusal(f"Bottle reports different checksum: {listed[tag]}")


# --- uninstall


def _uninstall(arguments):
    names, flags = _split(arguments, {"--ignore-dependencies", "--formula", "--force"})
    if len(names) != 1:
        raise Unknown
    name = names[0].rsplit("/", 1)[-1]
    if not cellar.kegs(name):
        raise Refusal(f"No such keg: {cellar.PREFIX}/Cellar/{name}")
    others = cellar.needed_by(name)
    if others and "--ignore-dependencies" not in flags:
        raise Refusal(
            f"Refusing to uninstall {cellar.keg_of(name, cellar.kegs(name)[-1])}\n"
            f"because it is required by {', '.join(others)}, which {'is' if len(others) == 1 else 'are'} currently installed.\n"
            f"You can override this and force removal with:\n  brew uninstall --ignore-dependencies {names[0]}"
        )
    if os.path.islink(cellar.pin_of(name)) and "--force" not in flags:
        sys.stderr.write(f"Error: {cellar.full_name(name)} is pinned. You must unpin it to uninstall.\n")
        return 0
    full = cellar.full_name(name)
    cellar.remove(name)
    cellar.change_trust(full, False)
    if not os.environ.get("HOMEBREW_NO_AUTOREMOVE"):
        _autoremove([])
    return 0


def _autoremove(arguments):
    if arguments:
        raise Unknown
    _warn_of_skipped()
    unneeded = [] if os.environ.get("HOMEBREW_NO_AUTOREMOVE") else cellar.orphans()
    if unneeded:
        print(f"==> Autoremoving {len(unneeded)} unneeded formulae:\n{' '.join(unneeded)}")
    for name in unneeded:
        cellar.remove(name)
    return 0


# --- pins, marks, lists


def _loaded(name):
    """Return the short name of an installed formula that brew could load, by its full name or its short one."""
    short = name.rsplit("/", 1)[-1]
    if name == "python@3.9" and os.environ.get("HOMEBREW_NO_INSTALL_FROM_API"):
        # By its short name homebrew-core's text comes first, and an older brew cannot read that.
        raise Refusal("homebrew/core/python@3.9: undefined method 'type' for an instance of Resource::Patch")
    if not cellar.kegs(short):
        raise Refusal(f"{name} not installed")
    if "/" in name and name != cellar.full_name(short):
        raise Refusal(f'No available formula with the name "{name}".')
    if short not in cellar.visible()[0]:
        raise Refusal(f"Refusing to load formula {cellar.full_name(short)} from untrusted tap {cellar.tap_of(short)}.")
    return short


def _pin(arguments):
    name = _loaded(arguments[0])
    if os.path.islink(cellar.pin_of(name)):
        sys.stderr.write(f"Warning: {cellar.full_name(name)} already pinned\n")
    else:
        cellar.link(cellar.pin_of(name), f"../../../Cellar/{name}/{cellar.kegs(name)[-1]}")
    return 0


def _unpin(arguments):
    path = cellar.pin_of(_loaded(arguments[0]))
    if os.path.lexists(path):
        os.unlink(path)
    return 0


def _tab(arguments):
    marks = {"--installed-on-request": True, "--no-installed-on-request": False}
    names, flags = _split(arguments, {*marks, "--formula"})
    wanted = [marks[flag] for flag in flags if flag in marks]
    if len(wanted) != 1 or not names:
        raise Unknown
    for name in names:
        cellar.mark_on_request(_loaded(name), wanted[0])
    return 0


def _list(arguments):
    names, flags = _split(arguments, {"--versions", "--formula", "--pinned"})
    if "--pinned" in flags:
        for path in sorted(glob.glob(cellar.pin_of("*"))):
            print(os.path.basename(path))
        return 0
    if "--versions" not in flags or len(names) != 1:
        raise Unknown
    found = cellar.kegs(names[0])
    if found:
        print(names[0], " ".join(found))
    return 0 if found else 1


# --- taps, trust, developer mode


def _tap_new(arguments):
    """A developer command: it switches Homebrew to its development branch for good."""
    if arguments[:1] != ["--no-git"] or len(arguments) != 2:
        raise Unknown
    user, tap = arguments[1].split("/")
    folder = f"{cellar.PREFIX}/Library/Taps/{user}/homebrew-{tap}"
    if not cellar.developer_mode():
        sys.stderr.write(
            "Warning: tap-new is a developer command, so Homebrew's\ndeveloper mode has been automatically turned on.\n"
        )
        cellar.set_developer_mode(True)
    os.makedirs(f"{folder}/Formula")
    os.makedirs(f"{folder}/.github/workflows")
    for name in ("README.md", ".github/dependabot.yml", ".github/workflows/tests.yml", ".github/workflows/publish.yml"):
        with open(f"{folder}/{name}", "w") as stream:
            stream.write(f"# {user} {tap}\n")
    return 0


def _untap(arguments):
    if len(arguments) != 1:
        raise Unknown
    user, tap = arguments[0].split("/")
    path = f"{cellar.PREFIX}/Library/Taps/{user}/homebrew-{tap}"
    if not os.path.isdir(path):
        raise Refusal(f"No available tap {arguments[0]}.")
    installed = [cellar.full_name(name) for name in cellar.racks() if cellar.tap_of(name) == arguments[0]]
    if installed:
        names = "\n".join(installed)
        raise Refusal(f"Refusing to untap {arguments[0]} because it contains the following installed formulae:\n{names}")
    shutil.rmtree(path)
    return 0


def _trust(arguments):
    if arguments[:1] != ["--formula"] or len(arguments) != 2:
        raise Unknown
    print("Trusted" if cellar.change_trust(arguments[1], True) else "Already trusted", f"formula: {arguments[1]}")
    return 0


def _developer(arguments):
    if arguments == ["off"]:
        cellar.set_developer_mode(False)
        return 0
    if arguments not in ([], ["state"]):
        raise Unknown
    if cellar.developer_mode():
        print("Developer mode is enabled because a developer command or `brew developer on` was run.")
        print("`brew update` will update to the latest commit on the `main` branch.")
    else:
        print("Developer mode is disabled.\n`brew update` will update to the latest stable tag.")
    return 0
