"""brew 6 as far as the roles use it: who may run it, taps and trust, pinned bottles, kegs, pins. It pours a real CPython.

Facts: the project's notes on macOS, section 1. Bottle digests are compared with samples/bottles.json, the published table.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import sys

from doubles import host
from doubles.refuse import Unknown

PREFIX = "/opt/homebrew"
PAYLOAD = "/opt/fakemac/payload"
CLT_GIT = "/Library/Developer/CommandLineTools/usr/bin/git"
_ROOT_URL = "https://ghcr.io/v2/homebrew/core"
_TAGS = {"26": "arm64_tahoe", "15": "arm64_sequoia", "14": "arm64_sonoma"}


class Refusal(Exception):
    """brew's ``Error: ...`` with exit status 1."""


def main(argv):
    if os.geteuid() == 0 and argv[:1] != ["--prefix"]:
        sys.stderr.write("Error: Running Homebrew as root is extremely dangerous and no longer supported.\n")
        return 1
    if not os.access(f"{PREFIX}/Cellar", os.W_OK):
        sys.stderr.write(f"Error: The following directories are not writable by your user:\n{PREFIX}/Cellar\n")
        return 1
    try:
        return {
            "--version": _version,
            "install": _install,
            "uninstall": _uninstall,
            "list": _list,
            "tap-new": _tap_new,
            "untap": _untap,
            "trust": _trust,
            "pin": _pin,
            "unpin": _unpin,
            "info": _info,
        }[argv[0]](argv[1:])
    except KeyError as error:
        raise Unknown from error
    except Refusal as refusal:
        sys.stderr.write(f"Error: {refusal}\n")
        return 1


# --- kegs


def kegs(name):
    """Return the installed versions of a formula."""
    return sorted(os.path.basename(path) for path in glob.glob(f"{PREFIX}/Cellar/{name}/*"))


def tap_of(name):
    """Return the tap that an installed formula came from, None when it is not installed."""
    for version in kegs(name):
        with open(f"{PREFIX}/Cellar/{name}/{version}/INSTALL_RECEIPT.json") as stream:
            return json.load(stream)["source"]["tap"]
    return None


def pour(name, version, tap, answers_as=None):
    """Put a keg there as a bottle would: files, receipt, the opt link and the links in bin."""
    keg = f"{PREFIX}/Cellar/{name}/{version}"
    if name.startswith("python@"):
        shutil.copytree(f"{PAYLOAD}/python3.9", keg, symlinks=True)
        if answers_as:
            path = f"{keg}/lib/python3.9/sitecustomize.py"
            with open(path) as stream:
                text = stream.read()
            with open(path, "w") as stream:
                stream.write(re.sub(r"VERSION = .*", f'VERSION = "{answers_as}"', text))
        # In process lists and in the firewall's list the interpreter is this file (Mac/Tools/pythonw.c).
        app = f"{keg}/Frameworks/Python.framework/Versions/3.9/Resources/Python.app/Contents/MacOS"
        os.makedirs(app)
        shutil.copy2(f"{keg}/bin/python3.9", f"{app}/Python")
    else:
        os.makedirs(f"{keg}/bin")
        shutil.copy2(f"{PAYLOAD}/{name}", f"{keg}/bin/{name}")
    with open(f"{keg}/INSTALL_RECEIPT.json", "w") as stream:
        json.dump({"source": {"tap": tap}, "poured_from_bottle": True}, stream)
    _link(f"{PREFIX}/opt/{name}", f"../Cellar/{name}/{version}")
    for program in glob.glob(f"{keg}/bin/*"):
        _link(f"{PREFIX}/bin/{os.path.basename(program)}", f"../Cellar/{name}/{version}/bin/{os.path.basename(program)}")


def _link(path, target):
    if os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


# --- commands


def _version(_arguments):
    print("Homebrew 6.0.18")
    return 0


def _install(arguments):
    names = [word for word in arguments if not word.startswith("-")]
    flags = set(arguments) - set(names)
    if flags - {"--formula", "--force-bottle", "--force", "--quiet"} or len(names) != 1:
        raise Unknown
    name = names[0]
    if name.endswith(".rb") or name.startswith(("/", ".")):
        raise Refusal(f"Homebrew requires formulae to be in a tap, rejecting:\n  {name}")
    if host.setting("network", True) is False:
        raise Refusal("Failed to download resource: curl: (6) Could not resolve host: ghcr.io")
    if "/" in name:
        return _install_from_tap(name, flags)
    if name == "python@3.9":
        raise Refusal("python@3.9 has been disabled because it is deprecated upstream! It was disabled on 2026-10-15.")
    if not os.path.exists(f"{PAYLOAD}/{name}"):
        raise Refusal(f'No available formula with the name "{name}".')
    if not kegs(name):
        pour(name, "3.20", "homebrew/core")
    return 0


def _install_from_tap(full, flags):
    user, tap, name = full.split("/")
    path = f"{PREFIX}/Library/Taps/{user}/homebrew-{tap}/Formula/{name}.rb"
    if not os.path.exists(path):
        raise Refusal(f'No available formula with the name "{full}".')
    with open(path) as stream:
        text = stream.read()
    _record_trust(full)  # naming the full name is permission
    if "no_autobump!" in text:
        raise Refusal("no_autobump! can only be used in official Homebrew taps.")
    if re.search(r"^\s*disable!", text, re.M):
        raise Refusal(f"{name} has been disabled!")
    if tap_of(name) not in (None, f"{user}/{tap}"):
        raise Refusal(
            f"{name} was installed from the {tap_of(name)} tap\nbut you are trying to install it from the {user}/{tap} tap.\n"
            "Formulae with the same name from different taps cannot be installed at the same time.\n\n"
            f"To install this version, you must first uninstall the existing formula:\n  brew uninstall {name}"
        )
    if not re.search(r"^class PythonAT39 < Formula$", text, re.M):
        raise Refusal(f"Expected to find class PythonAT39 in {path}")
    version = re.search(r"Python-(\d+\.\d+\.\d+)\.", text).group(1)
    revision = re.search(r"^\s*revision (\d+)", text, re.M)
    version += f"_{revision.group(1)}" if revision else ""
    if version in kegs(name):
        sys.stderr.write(f"Warning: {full} {version} is already installed and up-to-date.\n")
        return 0
    _check_bottle(name, version, text, flags)
    pour(name, version, f"{user}/{tap}")
    print(f"==> Pouring {name}--{version}\n{PREFIX}/Cellar/{name}/{version}: built")
    return 0


def _check_bottle(name, version, text, flags):
    if "--force-bottle" not in flags and not os.path.exists(CLT_GIT):
        raise Refusal("fakemac: brew would now build from source for many minutes (no Command Line Tools, no --force-bottle)")
    root = re.search(r'root_url "([^"]+)"', text)
    mirror = os.environ.get("HOMEBREW_ARTIFACT_DOMAIN", "")
    if not root or root.group(1) != _ROOT_URL:
        raise Refusal(f"Failed to download resource: curl: (22) The requested URL returned error: 404 ({name} bottle)")
    if mirror and not mirror.startswith(("https://", "http://")):
        raise Refusal("HOMEBREW_ARTIFACT_DOMAIN is no URL")
    with open("/opt/fakemac/samples/bottles.json") as stream:
        published = json.load(stream)[version]
    tag = _TAGS[str(host.setting("macos", "26.1")).split(".")[0]]
    listed = dict(re.findall(r'sha256 (\w+):\s+"([0-9a-f]{64})"', text))
    if tag not in listed:
        raise Refusal(f"{name}: no bottle available!")
    received = host.setting("blob_sha256", published[tag])
    if listed[tag] != received:
        raise Refusal(f"SHA-256 mismatch\nExpected: {listed[tag]}\n  Actual: {received}")


def _uninstall(arguments):
    names = [word for word in arguments if not word.startswith("-")]
    if set(arguments) - set(names) - {"--ignore-dependencies", "--formula", "--force"} or len(names) != 1:
        raise Unknown
    name = names[0].rsplit("/", 1)[-1]
    if not kegs(name):
        raise Refusal(f"No such keg: {PREFIX}/Cellar/{name}")
    if os.path.lexists(f"{PREFIX}/var/homebrew/pinned/{name}"):
        raise Refusal(f"Refusing to uninstall {name}\nbecause it is pinned.")
    shutil.rmtree(f"{PREFIX}/Cellar/{name}")
    for path in [f"{PREFIX}/opt/{name}", *glob.glob(f"{PREFIX}/bin/*")]:
        if os.path.islink(path) and not os.path.exists(path):
            os.unlink(path)
    return 0


def _list(arguments):
    names = [word for word in arguments if not word.startswith("-")]
    flags = set(arguments) - set(names)
    if flags - {"--versions", "--formula", "--pinned"}:
        raise Unknown
    if "--pinned" in flags:
        for path in sorted(glob.glob(f"{PREFIX}/var/homebrew/pinned/*")):
            print(os.path.basename(path))
        return 0
    if "--versions" not in flags or len(names) != 1:
        raise Unknown
    found = kegs(names[0])
    if found:
        print(names[0], " ".join(found))
    return 0 if found else 1


def _info(arguments):
    if len(arguments) != 2 or arguments[0] != "--json=v2":
        raise Unknown
    name = arguments[1].rsplit("/", 1)[-1]
    tap = tap_of(name)
    installed = [{"version": version} for version in kegs(name)]
    pinned = os.path.lexists(f"{PREFIX}/var/homebrew/pinned/{name}")
    print(json.dumps({"formulae": [{"name": name, "tap": tap or "homebrew/core", "installed": installed, "pinned": pinned}]}))
    return 0


def _tap_new(arguments):
    if arguments[:1] != ["--no-git"] or len(arguments) != 2:
        raise Unknown
    user, tap = arguments[1].split("/")
    os.makedirs(f"{PREFIX}/Library/Taps/{user}/homebrew-{tap}/Formula")
    return 0


def _untap(arguments):
    if len(arguments) != 1:
        raise Unknown
    user, tap = arguments[0].split("/")
    path = f"{PREFIX}/Library/Taps/{user}/homebrew-{tap}"
    if not os.path.isdir(path):
        raise Refusal(f"No available tap {arguments[0]}.")
    shutil.rmtree(path)
    return 0


def _trust(arguments):
    if arguments[:1] != ["--formula"] or len(arguments) != 2:
        raise Unknown
    print("Trusted" if _record_trust(arguments[1]) else "Already trusted", arguments[1])
    return 0


def _record_trust(full):
    path = os.path.expanduser("~/.homebrew/trust.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    known = []
    if os.path.exists(path):
        with open(path) as stream:
            known = json.load(stream)["formulae"]
    with open(path, "w") as stream:
        json.dump({"formulae": sorted({*known, full})}, stream)
    return full not in known


def _pin(arguments):
    name = arguments[0].rsplit("/", 1)[-1]
    if not kegs(name):
        raise Refusal(f"{name} not installed")
    _link(f"{PREFIX}/var/homebrew/pinned/{name}", f"../../../Cellar/{name}/{kegs(name)[-1]}")
    return 0


def _unpin(arguments):
    path = f"{PREFIX}/var/homebrew/pinned/{arguments[0].rsplit('/', 1)[-1]}"
    if os.path.lexists(path):
        os.unlink(path)
    return 0
