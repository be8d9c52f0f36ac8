"""What a node says about itself: sockets, processes, addresses, limits.

Reads /proc on Linux, asks lsof, ps and ifconfig elsewhere.
"""

from __future__ import annotations

import contextlib
import glob
import os
import platform
import pwd
import re
import shutil
import struct
import subprocess

from . import homebrew

_LISTEN = "0A"


def command_output(*command, partial=False):
    """Return the standard output of a command, "" when it is not there or fails.

    A command that fails may explain itself on its standard output (nvidia-smi): that is no answer. partial: what it printed
    counts nevertheless, for commands that fail when one of several things that they were asked for is missing (sysctl, lsof).
    """
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout if partial or answer.returncode == 0 else ""


def parse_proc_net_tcp(text):
    """Return ``{port: (inode, uid)}`` of the listening sockets in /proc/net/tcp or tcp6."""
    sockets = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            sockets[int(fields[1].rsplit(":", 1)[1], 16)] = (fields[9], int(fields[7]))
    return sockets


def parse_lsof(text):
    """Return [{port, pid, command}] of ``lsof -nP -iTCP -sTCP:LISTEN -F pcn``."""
    found, pid, command = [], 0, ""
    for line in text.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("c"):
            command = line[1:]
        elif line.startswith("n") and line.rsplit(":", 1)[-1].isdigit():
            found.append({"port": int(line.rsplit(":", 1)[-1]), "pid": pid, "command": command})
    return found


def parse_fib_trie(text):
    """Return the node's own IPv4 addresses from /proc/net/fib_trie."""
    addresses, last = [], ""
    for line in text.splitlines():
        match = re.search(r"\|-- (\d+\.\d+\.\d+\.\d+)", line)
        if match:
            last = match.group(1)
        elif "/32 host LOCAL" in line and last not in addresses:
            addresses.append(last)
    return addresses


def parse_ifconfig_addresses(text):
    """Return the IPv4 addresses in the output of ``ifconfig -a``."""
    return re.findall(r"(?m)^\s+inet (\d+\.\d+\.\d+\.\d+)", text)


def parse_ip_addresses(text):
    """Return the IPv4 addresses in the output of ``ip -o -4 addr``."""
    return re.findall(r"(?m)^\d+: \S+\s+inet (\d+\.\d+\.\d+\.\d+)", text)


def parse_ps(text):
    """Return [{pid, user, command}] of ``ps -axww -o pid= -o user= -o args=``.

    An -o for each column: to BSD's ps all that follows the first "=" is that column's header, commas included.
    """
    rows = [line.split(None, 2) for line in text.splitlines()]
    return [{"pid": int(row[0]), "user": row[1], "command": row[2]} for row in rows if len(row) == 3]


def parse_open_files_limit(text):
    """Return the hard limit of open files in /proc/<pid>/limits."""
    match = re.search(r"(?m)^Max open files\s+\S+\s+(\d+)", text)
    return int(match.group(1)) if match else None


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _same_network(folder):
    """Return whether a process shares our network; one in a container has ports of its own and is a node of its own."""
    try:
        return os.readlink(f"{folder}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:
        return True


def processes():
    """Return [{pid, user, command}] of all processes that we may see and that share our network."""
    if platform.system() == "Darwin":
        return parse_ps(command_output("ps", "-axww", "-o", "pid=", "-o", "user=", "-o", "args="))
    found = []
    for folder in glob.glob("/proc/[0-9]*"):
        command = _read(f"{folder}/cmdline").replace("\0", " ").strip()
        if not command or not _same_network(folder):
            continue
        with contextlib.suppress(OSError):
            user = user_name(os.stat(folder).st_uid)
            found.append({"pid": int(os.path.basename(folder)), "user": user, "command": command})
    return found


def listeners(running):
    """Return [{port, user, pid, command}] of listening TCP sockets; running: as from processes().

    Linux without CAP_SYS_PTRACE (a container) does not tell who holds a socket of another account: pid is 0 then.
    """
    if platform.system() == "Darwin":
        accounts = {process["pid"]: process["user"] for process in running}
        commands = {process["pid"]: process["command"] for process in running}
        found = parse_lsof(command_output("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-F", "pcn", partial=True))
        # lsof cuts names; ps has the whole line.
        return [
            {**row, "user": accounts.get(row["pid"], ""), "command": commands.get(row["pid"], row["command"])} for row in found
        ]
    sockets = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        sockets.update(parse_proc_net_tcp(_read(table)))
    holders = {}
    for process in running:
        for link in glob.glob(f"/proc/{process['pid']}/fd/*"):
            with contextlib.suppress(OSError):
                target = os.readlink(link)
                if target.startswith("socket:["):
                    holders[target[8:-1]] = process
    return [
        {"port": port, "user": user_name(uid), **holders.get(inode, {"pid": 0, "command": ""})}
        for port, (inode, uid) in sorted(sockets.items())
    ]


def user_name(uid):
    """Return an account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def own_addresses():
    """Return the node's IPv4 addresses."""
    if platform.system() == "Darwin":
        return parse_ifconfig_addresses(command_output("ifconfig", "-a"))
    # gVisor has no fib_trie.
    return parse_fib_trie(_read("/proc/net/fib_trie")) or parse_ip_addresses(command_output("ip", "-o", "-4", "addr"))


def nearest_existing(path):
    """Return the closest parent of ``path`` that exists; the root does, so this ends."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def memory_bytes():
    """Return the memory that the node may use: what is installed, or the limit of the container that it is."""
    if platform.system() == "Darwin":
        return int(command_output("sysctl", "-n", "hw.memsize") or 0)
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = cgroup_memory_limit(_read("/proc/self/cgroup"))
    return min(installed, limit) if limit else installed


def cores_limit():
    """Return the cores (1.5, for instance) that the container which the node is may use, None without a limit."""
    return None if platform.system() == "Darwin" else cgroup_cores_limit(_read("/proc/self/cgroup"))


def _cgroup_values(member_of, folder, controller, files):
    """Return the contents of ``files`` in our own control group and all above it, as far as they are seen from here.

    member_of: /proc/self/cgroup; folder: where the hierarchies are mounted; controller: "" in version 2, where there is one
    hierarchy. A container often sees its own group as the root of the mount, whatever its path is called outside.
    """
    found = []
    for line in member_of.splitlines():
        _number, controllers, path = line.split(":", 2)
        if controller not in controllers.split(","):
            continue
        # A login may have limits of its own (systemd's user.slice); what is started as a service has not.
        inside = not path.startswith(("/user.slice", "/.."))
        parts = [part for part in path.split("/") if part] if inside else []
        for mount in (
            [os.path.join(folder, name) for name in dict.fromkeys((controllers, controller))] if controller else [folder]
        ):
            for length in range(len(parts) + 1):
                values = [_read(os.path.join(mount, *parts[:length], file)).split() for file in files]
                if all(values):
                    found.append([value for words in values for value in words])
    return found


def cgroup_memory_limit(member_of, folder="/sys/fs/cgroup"):
    """Return the smallest memory limit of our control groups, of version 1 or 2; None where there is none."""
    values = _cgroup_values(member_of, folder, "", ["memory.max"])
    values += _cgroup_values(member_of, folder, "memory", ["memory.limit_in_bytes"])
    return min((int(value) for (value,) in values if value.isdigit()), default=None)


def cgroup_cores_limit(member_of, folder="/sys/fs/cgroup"):
    """Return the smallest limit of our control groups in cores, of version 1 or 2; None where there is none."""
    values = _cgroup_values(member_of, folder, "", ["cpu.max"])
    values += _cgroup_values(member_of, folder, "cpu", ["cpu.cfs_quota_us", "cpu.cfs_period_us"])
    return min((int(quota) / int(period) for quota, period in values if quota.isdigit()), default=None)


def glibc():
    """Return the version of glibc, "" where there is none."""
    with contextlib.suppress(ValueError, OSError):
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
    return ""


def machine():
    """Return the machine's architecture; an interpreter that runs translated (Rosetta) is told x86_64 by its system."""
    if platform.system() == "Darwin" and command_output("sysctl", "-n", "hw.optional.arm64").strip() == "1":
        return "arm64"
    return platform.machine()


def observe(venv_root, formula=""):
    """Return everything that preflight judges; formula: the one that Homebrew is to pour."""
    running = processes()
    path = nearest_existing(venv_root)
    managers = ["process"]
    if os.path.isdir("/run/systemd/system"):
        managers.insert(0, "systemd")
    if platform.system() == "Darwin":
        managers.insert(0, "launchd")
    return {
        "system": platform.system(),
        "machine": machine(),
        # Of the system that our interpreter belongs to: a 64-bit kernel may run a 32-bit one (Raspberry Pi OS).
        "bits": struct.calcsize("P") * 8,
        "glibc": glibc(),
        # Not platform.mac_ver(): it tells 10.16 or 16.0 to an interpreter that was built for an older system.
        "macos": command_output("sw_vers", "-productVersion").strip() if platform.system() == "Darwin" else "",
        "memory_bytes": memory_bytes(),
        "disk_path": path,
        "disk_free_bytes": shutil.disk_usage(path).free,
        "open_files_limit": None if platform.system() == "Darwin" else parse_open_files_limit(_read("/proc/1/limits")),
        "addresses": own_addresses(),
        "service_managers": managers,
        "processes": running,
        "listeners": listeners(running),
        "homebrew": homebrew_state(formula) if platform.system() == "Darwin" else None,
    }


def homebrew_state(formula):
    """Return what Homebrew is on this Mac.

    {owner (None without one), other_prefix, kegs of ``formula`` as {version: tap}, in_use: version that its opt link leads to}.
    """
    here = os.path.exists(os.path.join(homebrew.PREFIX, "bin", "brew"))
    return {
        "owner": homebrew.owner() if here else None,
        "other_prefix": "/usr/local" if os.path.exists("/usr/local/bin/brew") and not here else None,
        "kegs": homebrew.installed(formula) if formula else {},
        "in_use": homebrew.in_use(formula) if formula else None,
    }
