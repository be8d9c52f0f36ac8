"""What a node must bring, compared with what was observed on it: pure functions.

Each problem is {check, wanted, found, fix}; the role adds the node and shows all of them in one table.
"""

from __future__ import annotations

import ipaddress
import re
import shlex

GIB = 2**30
MIB = 2**20
# A machine sold with 4 GB reports 3.7 to 3.9 GiB: firmware and kernel keep their part.
_MEMORY_TOLERANCE = 0.9
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the last is NUL. Below its temp dir Ray adds
# "/session_<39 characters>/sockets/plasma_store".
_SOCKET_LIMIT = {"Darwin": 103, "Linux": 107}
_RAY_SOCKET = len("/session_2026-11-23_18-42-20_935786_1234567/sockets/plasma_store")
# A venv of this product, the environment that any other Ray lies in, and what Ray starts beside its daemons.
_PRODUCT = re.compile(r"(/.*?)/venvs/[0-9a-f]{16}/")
_PACKAGE = re.compile(r"(/.*?)/lib/python[\d.]+/site-packages/ray/")
_RAY_CHILD = re.compile(r"site-packages/ray/|\bray\.util\.client\.server\b|^ray::|^ray-dashboard-|/bin/ray start ")


def problem(check, wanted, found, fix):
    """Return one problem."""
    return {"check": check, "wanted": str(wanted), "found": str(found), "fix": fix}


def version(text):
    """Return a dotted version as a comparable tuple."""
    return tuple(int(part) for part in str(text).split("."))


def platform_problems(observed, platforms, without_mlx):
    """Compare the node's platform with those for which the stack has wheels."""
    name = f"{observed['system']} {observed['machine']}"
    fitting = [
        row for row in platforms + without_mlx if (row["system"], row["machine"]) == (observed["system"], observed["machine"])
    ]
    if not fitting:
        wanted = ", ".join(f"{row['system']} {row['machine']}" for row in platforms)
        return [problem("platform", wanted, name, "The stack has no wheels for it: take the node out of the inventory.")]
    # What is not known to fit does not fit: pip would find out on the node, after accounts and folders were made.
    if fitting[0].get("glibc") and not observed.get("glibc"):
        fix = "Take another distribution: the wheels need glibc, and this one has another C library (musl, for instance)."
        return [problem("platform", f"glibc >= {fitting[0]['glibc']}", "no glibc", fix)]
    if observed["system"] == "Linux" and observed.get("bits") != 64:
        fix = "Install a 64-bit system: the wheels are for one, whatever the kernel is (`getconf LONG_BIT` tells)."
        found = f"a {observed['bits']}-bit system ({name})" if observed.get("bits") else f"a system of unknown width ({name})"
        return [problem("platform", "a 64-bit system", found, fix)]
    for key, label, examples in (
        ("glibc", "glibc", " (2.35 is in Ubuntu 22.04, 2.36 in Debian 12, 2.39 in RHEL 10)"),
        ("macos", "macOS", ""),
    ):
        oldest = fitting[0].get(key)
        if oldest and observed.get(key) and version(observed[key]) < version(oldest):
            fix = (
                f"Take the node out of the inventory, or update its system: the wheels need {label} {oldest} or newer{examples}."
            )
            return [problem("platform", f"{label} >= {oldest}", f"{label} {observed[key]}", fix)]
    return []


def system_problems(observed, manager, minimums):
    """Compare what the node's own system brings; minimums: {systemd, shared_memory_bytes}, one that is left out is not checked.

    observed: among others systemd (version, None without one), shared_memory_bytes (None without).
    """
    problems = []
    supervised = manager == "systemd" or (manager == "auto" and "systemd" in observed["service_managers"])
    oldest = minimums.get("systemd", 0)
    if supervised and observed["systemd"] is not None and observed["systemd"] < oldest:
        fix = "Update the node's system, or set ray_service_manager to process: Ray runs without a supervisor then."
        problems.append(problem("systemd", f"{oldest} or newer", observed["systemd"], fix))
    size, least = observed["shared_memory_bytes"], minimums.get("shared_memory_bytes", 0)
    if size is not None and size < least:
        fix = "Run `mount -o remount,size=2G /dev/shm` on the node as root; a container is made with --shm-size=2g."
        found = f"{size / MIB:.0f} MiB at /dev/shm"
        problems.append(problem("shared memory", f"at least {least / MIB:.0f} MiB", found, fix))
    return problems


def capacity_problems(observed, wanted):
    """Compare memory, disk and the limit of open files; wanted: memory_bytes, disk_bytes, open_files (0: not checked)."""
    problems = []
    if observed["memory_bytes"] < _MEMORY_TOLERANCE * wanted["memory_bytes"]:
        found = f"{observed['memory_bytes'] / GIB:.1f} GiB"
        fix = "Ray and MLX do not fit: use another machine, or lower preflight_memory_gb knowingly."
        problems.append(problem("memory", f"{wanted['memory_bytes'] / GIB:.1f} GiB", found, fix))
    if observed["disk_free_bytes"] < wanted["disk_bytes"]:
        fix = f"Free space at {observed['disk_path']}, or set venv_root to another file system."
        found = f"{observed['disk_free_bytes'] / GIB:.1f} GiB at {observed['disk_path']}"
        problems.append(problem("disk", f"{wanted['disk_bytes'] / GIB:.1f} GiB free", found, fix))
    limit = observed.get("open_files_limit")
    if wanted["open_files"] and limit is not None and limit < wanted["open_files"]:
        fix = f"Raise the hard limit of the init system, or set ray_open_files to at most {limit}."
        problems.append(problem("open files", wanted["open_files"], limit, fix))
    return problems


def address_problems(observed, address):
    """The address that the cluster uses must be one of the node's own."""
    if address in observed["addresses"]:
        return []
    reachable = reachable_addresses(observed["addresses"], address)
    if not reachable:
        found = f"{address}; it has {', '.join(observed['addresses']) or 'no IPv4 address'}"
        fix = "Give the node an IPv4 address in the cluster's network: it has none that another node can reach."
        return [problem("address", "one of the node's own", found, fix)]
    fix = f"Set cluster_address to an address of this node ({', '.join(reachable[:4])})."
    return [problem("address", "one of the node's own", address, fix)]


def reachable_addresses(addresses, wanted):
    """Return the addresses by which another node can reach this one, those that have most in common with ``wanted`` first."""

    def differing_bits(address):
        try:
            return (int(ipaddress.IPv4Address(address)) ^ int(ipaddress.IPv4Address(wanted))).bit_length()
        except ValueError:  # wanted is a name
            return 0

    known = [ipaddress.ip_address(address) for address in addresses]
    return sorted((str(one) for one in known if not (one.is_loopback or one.is_link_local)), key=differing_bits)


def path_problems(system, temp_dir):
    """Ray's sockets live below its temp dir, and their paths have a limit."""
    limit = _SOCKET_LIMIT[system] - _RAY_SOCKET
    if len(temp_dir.encode()) <= limit:
        return []
    return [problem("path", f"at most {limit} bytes", f"{temp_dir} ({len(temp_dir.encode())})", "Choose a shorter venv_root.")]


def service_manager_problems(observed, manager):
    """The service manager that was asked for must be running."""
    if manager in observed["service_managers"] or manager == "auto":
        return []
    fix = f"Set ray_service_manager to {' or '.join(observed['service_managers'])}, or to auto."
    return [problem("service manager", manager, ", ".join(observed["service_managers"]), fix)]


def ours(command, venv_root):
    """Return whether a command line belongs to what we installed."""
    return re.search(rf"(?:^|[\s=:\"']){re.escape(venv_root.rstrip('/'))}/", command) is not None


def port_problems(listeners, processes, ports, venv_root):
    """Ports of Ray must be free or held by our own Ray; one row for each holder. A foreign Ray's ports are in its own row.

    listeners: [{port, user, pid, command}], pid 0 where the system does not tell the holder (it counts as ours when its
    account is the one that our Ray runs as); processes: [{pid, user, command}]; ports: {variable name: port}.
    """
    our_users = {process["user"] for process in processes if ours(process["command"], venv_root)}
    strangers = foreign_rays(processes, venv_root)
    known = {"users": {ray["user"] for ray in strangers}, "any": bool(strangers)}
    held = {}
    for name, port in ports.items():
        for listener in listeners:
            if listener["port"] != port or ours(listener["command"], venv_root):
                continue
            if not listener["pid"] and listener["user"] in our_users | known["users"]:
                continue
            if known["any"] and of_ray(listener["command"]):
                continue
            command = listener["command"][:60]
            holder = f"process {listener['pid']} ({command})" if listener["pid"] else f"account {listener['user']}"
            held.setdefault(holder, {})[name] = port
            break
    return [
        problem(
            "port",
            f"{', '.join(str(port) for port in mine.values())} free",
            holder,
            f"End what listens there, or set {', '.join(mine)} to {'a free port' if len(mine) == 1 else 'free ports'}.",
        )
        for holder, mine in held.items()
    ]


def foreign_rays(processes, venv_root):
    """Return [{pid, user, root, program, daemon}] of the Rays that are not ours, one for each installation and account.

    root: the folder of another installation of this product ("" for any other Ray); program: its `ray`, "" where its place
    cannot be told; daemon: what was found running.
    """
    found = {}
    for process in processes:
        command = process["command"]
        if not is_ray(command) or ours(command, venv_root):
            continue
        daemon = _daemon(command)
        product, package = _PRODUCT.match(daemon), _PACKAGE.match(daemon)
        root = product.group(1) if product else ""
        program = f"{package.group(1)}/bin/ray" if package else ""
        ray = {**process, "root": root, "program": program, "daemon": daemon}
        found.setdefault((process["user"], root or program), ray)
    return list(found.values())


def foreign_ray_problems(processes, venv_root):
    """A Ray that is not ours would mix with ours; processes: [{pid, user, command}]. One row for each, with what ends it.

    A row carries the command to type on the node, or other_root for an installation of this product: the controller knows
    the commands for that. A table would fold them.
    """
    problems = []
    for ray in foreign_rays(processes, venv_root):
        if ray["root"]:
            found = f"Studio Air Fabric in {ray['root']}, process {ray['pid']} of {ray['user']}"
            fix = "Stop it, or remove it: the commands are below the table."
            problems.append({**problem("foreign Ray", "none", found, fix), "other_root": ray["root"]})
        else:
            stop = f"sudo -u {shlex.quote(ray['user'])} {shlex.quote(ray['program'] or 'ray')} stop"
            found = f"process {ray['pid']} of {ray['user']} ({ray['daemon']})"
            fix = "Stop it (the command is below the table) and remove whatever starts it: two Rays on a node disturb each other."
            problems.append({**problem("foreign Ray", "none", found, fix), "command": stop})
    return problems


def is_ray(command):
    """Return whether a command line is one of Ray's two daemons."""
    return bool(_daemon(command))


def _daemon(command):
    """Return the program of a command line that is one of Ray's two daemons, "" for any other; its path may have blanks."""
    words = command.split()
    # Both have nothing but long options.
    program = command.split(" --", 1)[0].rstrip()
    candidates = words[:1] + ([program] if program.startswith("/") and " /" not in program else [])
    return next((path for path in candidates if path.rsplit("/", 1)[-1] in ("raylet", "gcs_server")), "")


def of_ray(command):
    """Return whether a command line is any process that Ray starts."""
    return is_ray(command) or _RAY_CHILD.search(command) is not None


def homebrew_problems(observed, wanted):
    """What keeps Homebrew from bringing the pinned Python.

    wanted: {version, macos: oldest with a bottle, formula, kegs: versions that will do, tap, replace, way: how Homebrew itself
    may come (script, pkg or never), sudo: whether the login account needs no password for it, fallback: provider that is
    tried then}; {} where this version has no pinned bottle.
    """
    if not wanted.get("kegs"):
        fix = "Set python_provider to uv or system, or python_version to one of data/homebrew_bottles.yml."
        return [problem("homebrew", "a pinned bottle", f"none of {wanted.get('version')}", fix)]
    state, problems = observed["homebrew"], []
    if state is None:
        fix = "Set python_provider to system, uv or conda for this node: Homebrew is for Macs here."
        return [problem("homebrew", "a Mac", observed["system"], fix)]
    if wanted["fallback"]:
        return []
    if observed["macos"] and version(observed["macos"]) < version(wanted["macos"]):
        fix = "Update macOS, or set python_provider to uv for all nodes."
        problems.append(problem("homebrew", f"macOS >= {wanted['macos']}", f"macOS {observed['macos']}", fix))
    if state["other_prefix"]:
        fix = "Bottles are tied to /opt/homebrew: install the native Homebrew there, or set python_provider to uv for all nodes."
        problems.append(problem("homebrew", "/opt/homebrew", f"{state['other_prefix']} only", fix))
    elif state["owner"] is None and wanted["way"] == "never":
        fix = "Install it (https://brew.sh), let us do it with homebrew_install: auto, or set python_provider to uv."
        problems.append(problem("homebrew", "/opt/homebrew/bin/brew", "no Homebrew", fix))
    elif state["owner"] is None and wanted["way"] == "script" and not wanted["sudo"]:
        fix = (
            "Homebrew is missing and its installer calls sudo itself: set homebrew_pkg to Homebrew's package on the controller, "
            "install Homebrew there by hand, or set python_provider to uv for all nodes."
        )
        problems.append(problem("homebrew", "sudo -n for the login account", "a password is required", fix))
    elif state["owner"] == "root":
        fix = "Give /opt/homebrew to the account that uses it: sudo chown -R <account> /opt/homebrew."
        problems.append(problem("homebrew", "an owner that is not root", "root owns /opt/homebrew", fix))
    foreign = [keg for keg, tap in state["kegs"].items() if tap != wanted["tap"]]
    if foreign and not wanted["replace"] and state["in_use"] not in wanted["kegs"]:
        shown = state["in_use"] if state["in_use"] in foreign else foreign[0]
        fix = "Uninstall it, allow it with homebrew_replace_python: true, or set python_provider to uv for all nodes."
        problems.append(problem("homebrew", f"{wanted['formula']} {wanted['kegs'][-1]}", f"{shown} of another tap", fix))
    return problems


def python_problems(found, chosen, wanted, provider):
    """The exact interpreter must be there, unless a provider brings it."""
    if chosen or provider in ("uv", "homebrew", "conda"):
        return []
    seen = (
        ", ".join(f"{item['version']} ({', '.join([item['path'], *_unlike(item, wanted)])})" for item in found)
        or "no interpreter"
    )
    fix = "Install it where every account may run it, name it in python_candidates, or let it be brought: python_provider: uv."
    return [problem("python", wanted, seen, fix)]


def _unlike(interpreter, wanted):
    """Return why an interpreter of the wanted version was not chosen: what it was built for."""
    if interpreter["version"] != wanted:
        return []
    built_for = [interpreter["machine"]] if interpreter.get("machine") else []
    built_for += ["32 bits"] if interpreter.get("bits") == 32 else []
    return built_for + (["no glibc"] if interpreter.get("libc") == "" else [])


def provider_problems(observed, provider, wanted, pinned):
    """What keeps the provider from bringing the interpreter; pinned: versions for which it has a build for this platform."""
    problems = []
    if provider in ("uv", "conda") and wanted not in pinned:
        instead = f"Set python_version to {' or '.join(pinned)}, or" if pinned else "Set"
        fix = f"{instead} python_provider to system; data/python_builds.yml lists the builds."
        name = {"uv": "python-build-standalone", "conda": "conda-forge"}[provider]
        problems.append(problem("python", f"a pinned build of {name}", f"none of {wanted} for {observed['machine']}", fix))
    if provider == "conda" and not observed["conda"]:
        fix = "Install micromamba, mamba or conda on the node, name it in python_conda, or choose another python_provider."
        problems.append(problem("conda", "micromamba, mamba or conda", "none", fix))
    return problems


def clock_problems(earliest, latest, tolerance):
    """The node's clock against the controller's; the true offset (s) lies between earliest and latest."""
    if earliest <= tolerance and latest >= -tolerance:
        return []
    offset = earliest if earliest > 0 else latest
    return [
        problem(
            "clock", f"within {tolerance:g} s of the controller", f"{offset:+.0f} s", "Set the clock: turn on NTP on the node."
        )
    ]
