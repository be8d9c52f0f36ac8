"""What is wrong with a node before anything is changed on it: pure functions of what it observed and what the inventory wants.

observed: the result of module node_preflight_info, whose RETURN documents it; nothing in it is trusted. wanted: the dictionary
that role preflight builds of the variables. A check is one function of both that returns its problems; CHECKS lists them in the
order of the table.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from . import accelerator, interpreter, membership, ray_on_node
from .observed import Observed, Wanted, integer, mapping, number, text, texts, version
from .problem import Problem, problem

GIB = 2**30
MIB = 2**20
# A machine sold with 4 GB reports 3.7 to 3.9 GiB: firmware and kernel keep their part.
_MEMORY_TOLERANCE = 0.9
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the last is NUL. Below its temp dir Ray adds
# "/session_<39 characters>/sockets/plasma_store".
_SOCKET_LIMIT = {"Darwin": 103, "Linux": 107}
_RAY_SOCKET = len("/session_2026-11-23_18-42-20_935786_1234567/sockets/plasma_store")


def platform_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the stack has wheels for the node; wanted: platforms, without_mlx (those that may join without MLX)."""
    system, machine = text(observed, "system"), text(observed, "machine")
    name = f"{system} {machine}".strip() or "unknown"
    fitting: list[Mapping[str, Any]] = [
        row for row in [*wanted["platforms"], *wanted["without_mlx"]] if (row["system"], row["machine"]) == (system, machine)
    ]
    if not fitting:
        known = ", ".join(f"{row['system']} {row['machine']}" for row in wanted["platforms"])
        return [problem("platform", known, name, "The stack has no wheels for it: take the node out of the inventory.")]
    # What is not known to fit does not fit: pip would find out on the node, after accounts and folders were made.
    if fitting[0].get("glibc") and not text(observed, "glibc"):
        fix = "Use another distribution: the wheels need glibc, and this one has another C library (musl, for instance)."
        return [problem("platform", f"glibc >= {fitting[0]['glibc']}", "no glibc", fix)]
    bits = integer(observed, "bits")
    if system == "Linux" and bits != 64:
        fix = "Install a 64-bit system: the wheels need one, whatever the kernel is (`getconf LONG_BIT` shows it)."
        found = f"a {bits}-bit system ({name})" if bits else f"a system of unknown width ({name})"
        return [problem("platform", "a 64-bit system", found, fix)]
    for key, label, examples in (
        ("glibc", "glibc", " (2.35 is in Ubuntu 22.04, 2.36 in Debian 12, 2.39 in RHEL 10)"),
        ("macos", "macOS", ""),
    ):
        oldest, has = fitting[0].get(key), text(observed, key)
        if oldest and has and _is_older(has, oldest):
            fix = (
                f"Take the node out of the inventory, or update its system: the wheels need {label} {oldest} or newer{examples}."
            )
            return [problem("platform", f"{label} >= {oldest}", f"{label} {has}", fix)]
    return []


def _is_older(found: str, oldest: object) -> bool:
    """Return whether a version is not known to be ``oldest`` or newer."""
    has, needs = version(found), version(oldest)
    return has is None or (needs is not None and has < needs)


def accelerator_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return why the node cannot have the build of MLX for its GPU; wanted: accelerators, accelerator."""
    try:
        _accelerator(observed, wanted)
    except accelerator.AcceleratorError as error:
        return [problem("accelerator", error.wanted, error.found, error.fix)]
    return []


def _accelerator(observed: Observed, wanted: Wanted) -> str:
    node = (text(observed, "system"), text(observed, "machine"), text(observed, "cuda"))
    return accelerator.chosen(wanted["accelerators"], wanted["accelerator"], *node)


def memory_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the memory is too small; wanted: memory_bytes."""
    size = integer(observed, "memory_bytes")
    if size is not None and size >= _MEMORY_TOLERANCE * wanted["memory_bytes"]:
        return []
    fix = "Not enough memory for Ray and MLX: use another machine, or lower preflight_memory_gb at your own risk."
    return [problem("memory", f"{wanted['memory_bytes'] / GIB:.1f} GiB", _gib(size), fix)]


def disk_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the disk is too full; wanted: disk_bytes on a node without a venv, a GiB less where there is one."""
    needed = wanted["disk_bytes"] - (GIB if observed.get("has_venvs") is True else 0)
    with contextlib.suppress(accelerator.AcceleratorError):
        kind = _accelerator(observed, wanted)
        needed += int(wanted["accelerators"][kind]["disk_gb"] * GIB) if kind else 0
    disk = mapping(observed, "disk")
    free, path = integer(disk, "free_bytes"), text(disk, "path") or "venv_root"
    if free is not None and free >= needed:
        return []
    fix = f"Free space at {path}, or set venv_root to another file system."
    return [problem("disk", f"{needed / GIB:.1f} GiB free", f"{_gib(free)} at {path}", fix)]


def _gib(size: int | None) -> str:
    return "unknown" if size is None else f"{size / GIB:.1f} GiB"


def open_files_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether systemd may not give the service its open files; wanted: open_files (0: not checked)."""
    limit = integer(observed, "open_files_limit")
    checked = wanted["open_files"] and "systemd" in texts(observed, "service_managers")
    if not checked or limit is None or limit >= wanted["open_files"]:
        return []
    fix = f"Raise the hard limit of the init system, or set ray_open_files to at most {limit}."
    return [problem("open files", wanted["open_files"], limit, fix)]


def address_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the address that the cluster uses is not the node's own; wanted: address."""
    address, addresses = wanted["address"], texts(observed, "addresses")
    if address in addresses:
        return []
    reachable = reachable_addresses(addresses, address)
    if not reachable:
        found = f"{address}; it has {', '.join(addresses[:8]) or 'no IPv4 address'}"
        fix = "Give the node an IPv4 address in the cluster's network: it has none that another node can reach."
        return [problem("address", "one of the node's own", found, fix)]
    if not is_number(address):
        fix = (
            f"Set cluster_address to {' or '.join(reachable[:4])}. The name stays usable for the login (ansible_host): Ray knows "
            "nodes by number, and each node would look a name up by itself."
        )
        return [problem("address", "an address in numbers", f"{address}, a name", fix)]
    fix = f"Set cluster_address to an address of this node ({', '.join(reachable[:4])})."
    return [problem("address", "one of the node's own", address, fix)]


def is_number(address: str) -> bool:
    """Return whether an address is one in numbers, not a name."""
    try:
        return bool(ipaddress.ip_address(address))
    except ValueError:
        return False


def maintenance_problems(observed: Observed, _wanted: Wanted) -> list[Problem]:
    """Return whether the node is in maintenance: what would be provisioned would start."""
    since = text(observed, "maintenance")
    if not since:
        return []
    fix = "End it (playbooks/maintenance.yml -e maintenance=off --limit with its name), or put the node into group absent."
    return [problem("maintenance", "off", f"on since {since}", fix)]


def stack_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the run would take back an upgrade, or change the stack without one; wanted: stack ("": not checked)."""
    has, asked = text(observed, "stack"), wanted.get("stack", "")
    if not has or not asked or has == asked:
        return []
    fix = f"Put `stack: {has}` into the inventory, or change it back with playbooks/upgrade.yml -e stack={asked}."
    return [problem("stack", asked, f"{has}, by upgrade.yml", fix)]


def reachable_addresses(addresses: list[str], wanted: str) -> list[str]:
    """Return the addresses by which another node can reach this one, those that have most in common with ``wanted`` first."""

    def differing_bits(address: str) -> int:
        try:
            return (int(ipaddress.IPv4Address(address)) ^ int(ipaddress.IPv4Address(wanted))).bit_length()
        except ValueError:  # wanted is a name
            return 0

    known = []
    for address in addresses:
        try:
            known.append(ipaddress.ip_address(address))
        except ValueError:
            continue
    return sorted((str(one) for one in known if not (one.is_loopback or one.is_link_local)), key=differing_bits)


def path_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether Ray's sockets, which live below its temp_dir, would have too long a path; wanted: temp_dir."""
    system, temp_dir = text(observed, "system"), wanted["temp_dir"]
    limit = _SOCKET_LIMIT.get(system, min(_SOCKET_LIMIT.values())) - _RAY_SOCKET
    length = len(temp_dir.encode())
    if length <= limit:
        return []
    return [problem("path", f"at most {limit} bytes", f"{temp_dir} ({length})", "Choose a shorter venv_root.")]


def service_manager_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the service manager does not run; wanted: service_manager."""
    managers = texts(observed, "service_managers")
    if wanted["service_manager"] in managers or wanted["service_manager"] == "auto":
        return []
    fix = f"Set ray_service_manager to {' or '.join([*managers, 'auto'])}."
    return [problem("service manager", wanted["service_manager"], ", ".join(managers) or "unknown", fix)]


def systemd_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether systemd is too old; wanted: service_manager, minimums.systemd (left out: not checked)."""
    manager, oldest = wanted["service_manager"], wanted["minimums"].get("systemd", 0)
    supervised = manager == "systemd" or (manager == "auto" and "systemd" in texts(observed, "service_managers"))
    found = integer(observed, "systemd")
    if not supervised or found is None or found >= oldest:
        return []
    fix = "Update the node's system, or set ray_service_manager to process: Ray runs without a supervisor then."
    return [problem("systemd", f"{oldest} or newer", found, fix)]


def gcs_store_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return why a head cannot run the store of its GCS; wanted: gcs_store {package_manager} (empty: none), service_manager."""
    store = wanted["gcs_store"]
    if not store:
        return []
    fix = "Set ray_gcs_store to memory, or make a node with it the head."
    if text(observed, "system") == "Darwin":
        return [problem("GCS store", "a head with Linux for redis", "a Mac", fix)]
    if wanted["service_manager"] not in ("auto", "systemd"):
        found = f"ray_service_manager: {wanted['service_manager']}"
        return [
            problem("GCS store", "systemd for redis", found, "Set ray_service_manager to systemd, or ray_gcs_store to memory.")
        ]
    if "systemd" not in texts(observed, "service_managers"):
        return [problem("GCS store", "systemd for redis", "no systemd", fix)]
    if store["package_manager"] != "apt":
        return [problem("GCS store", "apt for redis (package redis-tools)", store["package_manager"], fix)]
    return []


def shared_memory_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether /dev/shm is too small; wanted: minimums.shared_memory_bytes (left out: not checked)."""
    size, least = integer(observed, "shared_memory_bytes"), wanted["minimums"].get("shared_memory_bytes", 0)
    if size is None or size >= least:
        return []
    fix = "Run `mount -o remount,size=2G /dev/shm` on the node as root; start a container with --shm-size=2g."
    return [problem("shared memory", f"at least {least / MIB:.0f} MiB", f"{size / MIB:.0f} MiB at /dev/shm", fix)]


def clock_problems(observed: Observed, wanted: Wanted) -> list[Problem]:
    """Return whether the clock certainly differs from the controller's; wanted: clock_tolerance (s)."""
    tolerance, offset = wanted["clock_tolerance"], mapping(observed, "clock_offset")
    least, most = number(offset, "min"), number(offset, "max")
    if least is None or most is None:
        found = "unknown"
    elif least <= tolerance and most >= -tolerance:
        return []
    else:
        found = f"{least if least > 0 else most:+.0f} s"
    fix = "Set the clock: turn on NTP on the node."
    return [problem("clock", f"within {tolerance:g} s of the controller", found, fix)]


CHECKS: tuple[Callable[[Observed, Wanted], list[Problem]], ...] = (
    platform_problems,
    accelerator_problems,
    memory_problems,
    disk_problems,
    open_files_problems,
    address_problems,
    maintenance_problems,
    stack_problems,
    membership.problems,
    path_problems,
    service_manager_problems,
    systemd_problems,
    gcs_store_problems,
    shared_memory_problems,
    ray_on_node.foreign_ray_problems,
    ray_on_node.port_problems,
    interpreter.homebrew_problems,
    interpreter.python_problems,
    interpreter.build_problems,
    interpreter.conda_problems,
    clock_problems,
)


def problems(observed: object, wanted: Wanted) -> list[Problem]:
    """Return everything that is wrong with a node; observed: the result of node_preflight_info, failed or not."""
    if not isinstance(observed, Mapping) or observed.get("failed") or observed.get("unreachable"):
        return [_not_observed(text(observed, "msg"))]
    return [found for check in CHECKS for found in check(observed, wanted)]


def _not_observed(said: str) -> Problem:
    fix = "Fix what the message names and run again; -vvv shows what the module printed."
    return problem("node", "a node that can be checked", " ".join(said.split()) or "no message", fix)
