"""The commands of each package manager of Linux: query, fetch, install and remove a package.

Pure: command lines as lists, nothing is run here. Fetching is separate from installing, because only the first waits for a
network and only the first may be interrupted.
"""

from __future__ import annotations

import collections

# query ends with 0 where the package is installed (and prints ``installed`` where that is set); refresh renews the index, or is
# None where that alone is not safe or not needed; names are appended to all but refresh.
Manager = collections.namedtuple("Manager", "query installed fetch refresh install remove hint")

# A mirror that drops packets costs ten seconds, not the two minutes of a TCP connection, and not four times.
_APT = ["apt-get", "--yes", "--quiet", "-o", "Acquire::Retries=0", "-o", "DPkg::Lock::Timeout=60"]
_APT += [part for scheme in ("http", "https") for part in ("-o", f"Acquire::{scheme}::Timeout=10")]
# Configuration files that were edited stay.
_APT_INSTALL = [*_APT, "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
_APT_INSTALL += ["--no-install-recommends", "install"]
_RPM = ["rpm", "--query", "--whatprovides"]
_DNF = ["--assumeyes", "--setopt=timeout=10", "--setopt=retries=1"]
_DNF_INSTALL = [*_DNF, "--setopt=install_weak_deps=False", "install"]
# Other packages that are no longer needed are unmanaged.
_DNF_REMOVE = ["--assumeyes", "--setopt=clean_requirements_on_remove=False", "remove"]
_ZYPPER = ["zypper", "--non-interactive"]
_ZYPPER_INSTALL = [*_ZYPPER, "--no-refresh", "install", "--no-recommends"]


def _dnf(program):
    return Manager(
        query=_RPM,
        installed="",
        fetch=[program, *_DNF_INSTALL, "--downloadonly"],
        refresh=None,  # it renews an index that has expired by itself
        install=[program, *_DNF_INSTALL],
        remove=[program, *_DNF_REMOVE],
        hint="",
    )


MANAGERS = {
    "apt": Manager(
        query=["dpkg-query", "-W", "-f=${db:Status-Status}\n"],
        installed="installed",
        fetch=[*_APT_INSTALL, "--download-only"],
        # Without the error mode an index that could not be fetched is a warning and exit status 0.
        refresh=[*_APT, "-o", "APT::Update::Error-Mode=any", "update"],
        install=_APT_INSTALL,
        remove=["apt-get", "--yes", "--quiet", "-o", "DPkg::Lock::Timeout=60", "remove"],
        hint="",
    ),
    "dnf": _dnf("dnf"),
    "dnf5": _dnf("dnf5"),
    "yum": _dnf("yum"),
    "pacman": Manager(
        query=["pacman", "--query"],
        installed="",
        fetch=["pacman", "--sync", "--downloadonly", "--noconfirm", "--needed"],
        refresh=None,
        install=["pacman", "--sync", "--noconfirm", "--needed"],
        remove=["pacman", "--remove", "--noconfirm"],
        # A fresh index under old packages is a partial upgrade, which Arch does not support.
        hint="Where its index is outdated: pacman -Syu, then run again.",
    ),
    "zypper": Manager(
        query=_RPM,
        installed="",
        fetch=[*_ZYPPER_INSTALL, "--download-only"],
        refresh=[*_ZYPPER, "refresh"],
        install=_ZYPPER_INSTALL,
        remove=[*_ZYPPER, "remove"],
        hint="",
    ),
}


def from_folder(folder):
    """Return apt as it works with the packages of a folder alone, which has sources.list and lists; no mirror is asked."""
    settings = {
        "Dir::Etc::sourcelist": f"{folder}/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": f"{folder}/lists",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    apt = MANAGERS["apt"]
    return apt._replace(
        fetch=[apt.fetch[0], *options, *apt.fetch[1:]],
        refresh=[apt.refresh[0], *options, *apt.refresh[1:]],
        install=[apt.install[0], *options, *apt.install[1:]],
    )


def is_installed(manager, rc, out):
    """Return whether the answer of ``manager``'s query (exit status, output) means that a package is installed."""
    return rc == 0 and (not manager.installed or manager.installed in out.split())


def complaint(rc, out, err, lines=3):
    """Return what a command that failed printed, as one line: its errors, or the end of what it printed."""
    text = [line.strip() for line in (err + "\n" + out).splitlines() if line.strip()]
    errors = [line for line in text if line.lower().startswith(("e:", "error", "err:"))]
    return " ".join((errors or text)[-lines:]) or f"exit status {rc}"
