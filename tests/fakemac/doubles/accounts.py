"""dscl and defaults: accounts that really are there (in /etc/passwd), preferences as property lists."""

from __future__ import annotations

import os
import plistlib
import pwd
import subprocess
import sys

from doubles import host
from doubles.refuse import Unknown

# dscl attribute: field of passwd(5)
_FIELDS = {"UniqueID": 2, "PrimaryGroupID": 3, "RealName": 4, "NFSHomeDirectory": 5, "UserShell": 6}


def _rows():
    with open("/etc/passwd") as stream:
        return [line.rstrip("\n").split(":") for line in stream]


def _write(rows):
    with open("/etc/passwd.new", "w") as stream:
        stream.writelines(":".join(row) + "\n" for row in rows)
    os.replace("/etc/passwd.new", "/etc/passwd")


def dscl(argv):
    if argv[:1] != ["."] or len(argv) < 3:
        raise Unknown
    verb, path, rest = argv[1], argv[2], argv[3:]
    name = path.rsplit("/", 1)[-1]
    if verb == "-list" and path == "/Users" and rest == ["UniqueID"]:
        for entry in pwd.getpwall():
            print(f"{entry.pw_name:<24}{entry.pw_uid if entry.pw_uid != 65534 else -2}")
        return 0
    if not path.startswith("/Users/"):
        raise Unknown
    rows = {row[0]: row for row in _rows()}
    if verb == "-create":
        if os.geteuid() != 0:
            sys.stderr.write("<main> attribute status: eDSPermissionError\n<dscl_cmd> DS Error: -14120 (eDSPermissionError)\n")
            return 40
        # Without an identity an account cannot log in, and no numeric identity is given to it by itself.
        row = rows.setdefault(name, [name, "*", "99999", "20", "", "/var/empty", "/usr/bin/false"])
        if rest and rest[0] in _FIELDS:
            row[_FIELDS[rest[0]]] = rest[1]
        elif rest and rest[0] not in ("Password", "IsHidden"):
            raise Unknown
        _write(rows.values())
        if not rest:
            subprocess.run(
                ["sh", "-c", f"grep -q '^{name}:' /etc/shadow || echo '{name}:*:19000::::::' >>/etc/shadow"], check=True
            )
        return 0
    if name not in rows:
        sys.stderr.write("<dscl_cmd> DS Error: -14136 (eDSRecordNotFound)\n")
        return 56
    if verb == "-read" and len(rest) == 1 and rest[0] in _FIELDS:
        print(f"{rest[0]}: {rows[name][_FIELDS[rest[0]]]}")
    elif verb == "-delete" and not rest:
        del rows[name]
        _write(rows.values())
        subprocess.run(["sed", "-i", f"/^{name}:/d", "/etc/shadow"], check=True)
    else:
        raise Unknown
    return 0


def defaults(argv):
    """read, write and delete arrays of one key."""
    if len(argv) < 3:
        raise Unknown
    verb, domain, key, rest = argv[0], argv[1], argv[2], argv[3:]
    path = domain if domain.endswith(".plist") else f"/var/root/Library/Preferences/{domain}.plist"
    try:
        with open(path, "rb") as stream:
            document = plistlib.load(stream)
    except OSError:
        document = {}
    if verb == "read" and not rest:
        if key not in document:
            sys.stderr.write(f"The domain/default pair of ({domain}, {key}) does not exist\n")
            return 1
        print("(\n" + ",\n".join(f"    {value}" for value in document[key]) + "\n)")
        return 0
    if verb == "write" and rest[:1] == ["-array-add"]:
        document[key] = document.get(key, []) + rest[1:]
    elif verb == "write" and rest[:1] == ["-array"]:
        document[key] = rest[1:]
    elif verb == "delete" and not rest:
        document.pop(key, None)
    else:
        raise Unknown
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        plistlib.dump(document, stream)
    return 0


def plutil(argv):
    if len(argv) != 2 or argv[0] != "-lint":
        raise Unknown
    try:
        with open(argv[1], "rb") as stream:
            plistlib.load(stream)
    except Exception as error:
        print(f"{argv[1]}: {error}")
        return 1
    print(f"{argv[1]}: OK")
    return 0


_PKG_USER = "/var/tmp/.homebrew_pkg_user.plist"  # noqa: S108 where Homebrew's package looks


def pkgutil(argv):
    """The report on a package's signature as macOS prints it; whose it is, is the test's word."""
    if len(argv) != 2 or argv[0] != "--check-signature" or not os.path.exists(argv[1]):
        raise Unknown
    print(f'Package "{os.path.basename(argv[1])}":')
    team = host.setting("pkg_team", "927JGANW46")
    if not team:
        print("   Status: no signature")
        return 1
    print("   Status: signed by a developer certificate issued by Apple for distribution")
    print("   Notarization: trusted by the Apple notary service")
    print(f"   Certificate Chain:\n    1. Developer ID Installer: Example ({team})\n    2. Developer ID Certification Authority")
    return 0


def installer(argv):
    """Homebrew's package: wants root, the Command Line Tools, and a file of root's, closed to others, that names the owner."""
    if len(argv) != 4 or argv[0] != "-pkg" or argv[2:] != ["-target", "/"] or not os.path.exists(argv[1]):
        raise Unknown
    if os.geteuid() != 0:
        sys.stderr.write("installer: Must be run as root to install this package.\n")
        return 1
    for path in (argv[1], os.path.dirname(argv[1])):
        state = os.stat(path)
        if state.st_uid != 0 or state.st_mode & 0o022:
            sys.stderr.write(f"fakemac: another account could exchange the package by way of {path}\n")
            return 70
    if not os.path.exists(CLT + "/usr/bin/git"):
        sys.stderr.write("installer: Error - Command Line Tools (CLT) are missing\n")
        return 1
    try:
        state = os.lstat(_PKG_USER)
        with open(_PKG_USER, "rb") as stream:
            owner = pwd.getpwnam(plistlib.load(stream)["HOMEBREW_PKG_USER"])
    except (OSError, KeyError, plistlib.InvalidFileException):
        owner = None
    if owner is None or state.st_uid != 0 or state.st_mode & 0o777 != 0o600:
        sys.stderr.write("No valid user for Homebrew installation\n")
        return 1
    os.rename("/opt/fakemac/payload/homebrew", "/opt/homebrew")
    os.chown("/opt/homebrew", owner.pw_uid, owner.pw_gid)
    return 0


CLT = "/Library/Developer/CommandLineTools"
_PLACEHOLDER = "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress"  # noqa: S108 the path that macOS looks at
_LABEL = "Command Line Tools for Xcode 26.4-26.4"


def softwareupdate(argv):
    if host.setting("network", True) is False:
        sys.stderr.write("No new software available: the server could not be reached\n")
        return 1
    if argv in (["-l"], ["--list"]):
        print("Software Update Tool\n\nFinding available software")
        if os.path.exists(_PLACEHOLDER) and not os.path.exists(CLT + "/usr/bin/git"):
            for label in ("Command Line Tools for Xcode-16.4", _LABEL, "Command Line Tools beta 2 for Xcode-27.0"):
                print(f"* Label: {label}\n\tTitle: Command Line Tools, Version: 1, Size: 707501KiB, Recommended: YES,")
        return 0
    if argv == ["-i", _LABEL]:
        if os.geteuid() != 0:
            sys.stderr.write("softwareupdate: must be run as root\n")
            return 1
        for tool in ("git", "python3"):
            os.makedirs(CLT + "/usr/bin", exist_ok=True)
            with open(f"{CLT}/usr/bin/{tool}", "w") as stream:
                stream.write("#!/bin/sh\nexit 0\n")
            os.chmod(f"{CLT}/usr/bin/{tool}", 0o755)  # noqa: S103 a program
        print(f"Installed {_LABEL}")
        return 0
    raise Unknown


def xcode_select(argv):
    there = os.path.exists(CLT + "/usr/bin/git")
    if argv == ["-p"]:
        if not there:
            sys.stderr.write("xcode-select: error: unable to get active developer directory\n")
            return 2
        print(CLT)
        return 0
    if argv == ["--switch", CLT]:
        return 0 if there else 1
    raise Unknown
