"""What a Linux node is: its architecture, its C library, and the memory and cores that it, or its container, may use."""

from __future__ import annotations

import contextlib
import os
import platform

from ..command import read
from ..numbers import whole


def architecture():
    """Return the machine's architecture."""
    return platform.machine()


def glibc():
    """Return the version of glibc, "" where there is none."""
    with contextlib.suppress(ValueError, OSError):
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
    return ""


def memory_bytes():
    """Return the memory that the node may use: what is installed, or the limit of the container that it is."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = cgroup_memory_limit(read("/proc/self/cgroup"))
    return min(installed, limit) if limit else installed


def cores_limit():
    """Return the cores (1.5, for instance) that the container which the node is may use, None without a limit."""
    return cgroup_cores_limit(read("/proc/self/cgroup"))


def _cgroup_values(member_of, folder, controller, files):
    """Return the contents of ``files`` in our own control group and all above it, as far as they are seen from here.

    member_of: /proc/self/cgroup; folder: where the hierarchies are mounted; controller: "" in version 2, where there is one
    hierarchy. A container often sees its own group as the root of the mount, whatever its path is called outside.
    """
    found = []
    for line in member_of.splitlines():
        _number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not path or controller not in controllers.split(","):
            continue
        # A login may have separate limits (systemd's user.slice); a service does not have them.
        inside = not path.startswith(("/user.slice", "/.."))
        parts = [part for part in path.split("/") if part] if inside else []
        for mount in (
            [os.path.join(folder, name) for name in dict.fromkeys((controllers, controller))] if controller else [folder]
        ):
            for length in range(len(parts) + 1):
                values = [read(os.path.join(mount, *parts[:length], file)).split() for file in files]
                if all(values):
                    found.append([value for words in values for value in words])
    return found


def cgroup_memory_limit(member_of, folder="/sys/fs/cgroup"):
    """Return the smallest memory limit of our control groups, of version 1 or 2; None where there is none."""
    values = _cgroup_values(member_of, folder, "", ["memory.max"])
    values += _cgroup_values(member_of, folder, "memory", ["memory.limit_in_bytes"])
    return min((size for words in values if (size := whole(words[0])) is not None), default=None)


def cgroup_cores_limit(member_of, folder="/sys/fs/cgroup"):
    """Return the smallest limit of our control groups in cores, of version 1 or 2; None where there is none."""
    values = _cgroup_values(member_of, folder, "", ["cpu.max"])
    values += _cgroup_values(member_of, folder, "cpu", ["cpu.cfs_quota_us", "cpu.cfs_period_us"])
    limits = [(whole(words[0]), whole(words[1])) for words in values if len(words) == 2]
    return min((quota / period for quota, period in limits if quota is not None and period), default=None)
