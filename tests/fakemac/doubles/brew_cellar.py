"""What brew keeps on disk: kegs with receipts and links, pins, trust, its developer mode; brew.py has the commands."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil

from doubles import host

PREFIX = "/opt/homebrew"
PAYLOAD = "/opt/fakemac/payload"
CORE = "homebrew/core"
# Formulae of homebrew-core that are poured as they are, with what they need at run time.
LIBRARIES = {
    "ca-certificates": ("2026-07-16", []),
    "gdbm": ("1.26", []),
    "mpdecimal": ("4.0.1", []),
    "openssl@3": ("3.6.3", ["ca-certificates"]),
    "readline": ("8.3.3", []),
    "sqlite": ("3.53.4", ["readline"]),
    "xz": ("5.8.3", []),
}
PROGRAMS = {"iperf3": ("3.20", ["openssl@3"])}
# As homebrew-core's sitecustomize does it (all but in a venv), and as dlopen answers where a library has gone.
_SITE = """
import os
import sys

if "PYTHONEXECUTABLE" not in os.environ and sys.prefix == sys.base_prefix:
    sys.executable = sys._base_executable = "{prefix}/opt/{name}/bin/python3.9"


class _Libraries:
    NEEDED = {{
        "_ssl": "openssl@3", "_hashlib": "openssl@3", "_sqlite3": "sqlite", "_lzma": "xz", "_decimal": "mpdecimal",
        "readline": "readline", "_gdbm": "gdbm",
    }}

    @classmethod
    def find_spec(cls, name, _path=None, _target=None):
        library = cls.NEEDED.get(name)
        if library and not os.path.exists("{prefix}/opt/" + library):
            raise ImportError("dlopen: Library not loaded: {prefix}/opt/" + library + "/lib")


sys.meta_path.insert(0, _Libraries)
"""


def keg_of(name, version):
    return f"{PREFIX}/Cellar/{name}/{version}"


def racks():
    """Return the names of all installed formulae."""
    return sorted(os.path.basename(path) for path in glob.glob(f"{PREFIX}/Cellar/*") if os.listdir(path))


def kegs(name):
    """Return the installed versions of a formula."""
    return sorted(os.path.basename(path) for path in glob.glob(f"{PREFIX}/Cellar/{name}/*"))


def receipt(name, version=None):
    """Return the receipt of a keg, of the newest where no version is given; {} when it is not installed."""
    found = kegs(name)
    if not found:
        return {}
    with open(f"{keg_of(name, version or found[-1])}/INSTALL_RECEIPT.json") as stream:
        return json.load(stream)


def tap_of(name):
    """Return the tap that an installed formula came from, None when it is not installed."""
    return receipt(name).get("source", {}).get("tap")


def full_name(name):
    return f"{tap_of(name)}/{name}"


def write_receipt(name, version, document):
    with open(f"{keg_of(name, version)}/INSTALL_RECEIPT.json", "w") as stream:
        json.dump(document, stream)


def mark_on_request(name, wanted):
    for version in kegs(name):
        write_receipt(name, version, {**receipt(name, version), "installed_on_request": wanted})


def pour(name, version, tap, answers_as=None, on_request=True, needs=(), skip_link=False):
    """Put a keg there as a bottle would: files, receipt, opt link, links in bin. Return whether the last could be made."""
    keg = keg_of(name, version)
    if name.startswith("python@"):
        _pour_python(name, keg, answers_as)
    else:
        os.makedirs(f"{keg}/lib")
        if os.path.exists(f"{PAYLOAD}/{name}"):
            os.makedirs(f"{keg}/bin")
            shutil.copy2(f"{PAYLOAD}/{name}", f"{keg}/bin/{name}")
    document = {"source": {"tap": tap}, "poured_from_bottle": True, "installed_on_request": on_request}
    write_receipt(name, version, {**document, "runtime_dependencies": [{"full_name": need} for need in needs]})
    link(f"{PREFIX}/opt/{name}", f"../Cellar/{name}/{version}")
    return skip_link or _link_programs(name, version)


def _pour_python(name, keg, answers_as):
    shutil.copytree(f"{PAYLOAD}/python3.9", keg, symlinks=True)
    # Bottles are made before post_install: neither site-packages nor pip.
    shutil.rmtree(f"{keg}/lib/python3.9/site-packages", ignore_errors=True)
    for program in glob.glob(f"{keg}/bin/pip*"):
        os.unlink(program)
    os.makedirs(f"{keg}/lib/python3.9", exist_ok=True)
    path, text = f"{keg}/lib/python3.9/sitecustomize.py", ""
    if os.path.exists(path):
        with open(path) as stream:
            text = stream.read()
    if answers_as:
        text = re.sub(r"VERSION = .*", f'VERSION = "{answers_as}"', text)
    with open(path, "w") as stream:
        stream.write(text + _SITE.format(prefix=PREFIX, name=name))
    # In process lists and in the firewall's list the interpreter is this file (Mac/Tools/pythonw.c).
    app = f"{keg}/Frameworks/Python.framework/Versions/3.9/Resources/Python.app/Contents/MacOS"
    os.makedirs(app)
    shutil.copy2(f"{keg}/bin/python3.9", f"{app}/Python")


def _link_programs(name, version):
    for program in glob.glob(f"{keg_of(name, version)}/bin/*"):
        path = f"{PREFIX}/bin/{os.path.basename(program)}"
        if os.path.lexists(path) and not (os.path.islink(path) and "Cellar/" in os.readlink(path)):
            return False
        link(path, f"../Cellar/{name}/{version}/bin/{os.path.basename(program)}")
    return True


def link(path, target):
    if os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def remove(name):
    """Remove all kegs of a formula with their links."""
    shutil.rmtree(f"{PREFIX}/Cellar/{name}")
    for path in [f"{PREFIX}/opt/{name}", pin_of(name), *glob.glob(f"{PREFIX}/bin/*")]:
        if os.path.islink(path) and not os.path.exists(path):
            os.unlink(path)


def pin_of(name):
    return f"{PREFIX}/var/homebrew/pinned/{name}"


# --- what brew may load


def visible():
    """Return (formulae that brew sees, those that it skips): one of a tap is dropped where its trust is not found."""
    seen, skipped = [], []
    for name in racks():
        (seen if tap_of(name) == CORE or full_name(name) in trusted() else skipped).append(name)
    return seen, skipped


def needed_by(name):
    """Return the formulae that brew knows to need another one."""
    return [other for other in visible()[0] if name in _needs(other)]


def _needs(name):
    return [need["full_name"].rsplit("/", 1)[-1] for need in receipt(name).get("runtime_dependencies", [])]


def orphans():
    """Return what `brew autoremove` would remove: not asked for, and needed by nothing that brew sees."""
    seen, found = visible()[0], []
    while True:
        left = [name for name in seen if name not in found]
        kept = {need for name in left for need in _needs(name)}
        more = [name for name in left if name not in kept and not receipt(name)["installed_on_request"]]
        if not more:
            return sorted(found)
        found += more


def trust_file():
    config = os.environ.get("XDG_CONFIG_HOME")
    return f"{config}/homebrew/trust.json" if config else os.path.expanduser("~/.homebrew/trust.json")


def trusted():
    try:
        with open(trust_file()) as stream:
            return json.load(stream)["trustedformulae"]
    except (OSError, KeyError):
        return []


def change_trust(full, wanted):
    """Add or remove one formula; return whether that changed anything. The file goes with its last entry."""
    path = trust_file()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        before = trusted()
        after = sorted({*before, full} if wanted else {*before} - {full})
        if after:
            with open(path, "w") as stream:
                json.dump({"trustedformulae": after}, stream)
        elif os.path.exists(path):
            os.unlink(path)
    return after != before


# --- developer mode: a value in the git configuration of Homebrew's own repository


def developer_mode():
    try:
        with open(f"{PREFIX}/.git/config") as stream:
            return "devcmdrun = true" in stream.read()
    except OSError:
        return False


def set_developer_mode(on):
    os.makedirs(f"{PREFIX}/.git", exist_ok=True)
    with open(f"{PREFIX}/.git/config", "w") as stream:
        stream.write("[homebrew]\n\tdevcmdrun = true\n" if on else "[homebrew]\n")


def cleanup_is_due():
    """Whether the thirty days of `brew cleanup` are over, by the test's word."""
    return host.setting("cleanup_due", False)
