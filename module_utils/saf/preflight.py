"""What a node must bring, compared with what was observed on it: pure functions.

Each problem is {check, wanted, found, fix}; the role adds the node and shows all of them in one table.
"""

from __future__ import annotations

GIB = 2**30
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the last is NUL. Below its temp dir Ray adds
# "/session_<39 characters>/sockets/plasma_store".
_SOCKET_LIMIT = {"Darwin": 103, "Linux": 107}
_RAY_SOCKET = len("/session_2026-11-23_18-42-20_935786_1234567/sockets/plasma_store")


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
    for key, label in (("glibc", "glibc"), ("macos", "macOS")):
        oldest = fitting[0].get(key)
        if oldest and observed.get(key) and version(observed[key]) < version(oldest):
            fix = f"Update the node's system: the wheels need {label} {oldest} or newer."
            return [problem("platform", f"{label} >= {oldest}", f"{label} {observed[key]}", fix)]
    return []


def capacity_problems(observed, wanted):
    """Compare memory, disk and the limit of open files; wanted: memory_bytes, disk_bytes, open_files (0: not checked)."""
    problems = []
    if observed["memory_bytes"] < wanted["memory_bytes"]:
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
    fix = f"Set cluster_address to an address of this node ({', '.join(observed['addresses'][:4])})."
    return [problem("address", "one of the node's own", address, fix)]


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
    return f"{venv_root.rstrip('/')}/" in command


def port_problems(listeners, processes, ports, venv_root):
    """Ports of Ray must be free or held by our own Ray.

    listeners: [{port, user, pid, command}], pid 0 where the system does not tell the holder (it counts as ours when its
    account is the one that our Ray runs as); processes: [{pid, user, command}]; ports: {variable name: port}.
    """
    our_users = {process["user"] for process in processes if ours(process["command"], venv_root)}
    problems = []
    for name, port in ports.items():
        for listener in listeners:
            if listener["port"] != port or ours(listener["command"], venv_root):
                continue
            if not listener["pid"] and listener["user"] in our_users:
                continue
            holder = (
                f"process {listener['pid']} ({listener['command'][:60]})" if listener["pid"] else f"account {listener['user']}"
            )
            fix = f"End what listens there, or set {name} to a free port."
            problems.append(problem("port", f"{port} free", holder, fix))
            break
    return problems


def foreign_ray_problems(processes, venv_root):
    """A Ray that is not ours would mix with ours; processes: [{pid, user, command}]."""
    foreign = [process for process in processes if is_ray(process["command"]) and not ours(process["command"], venv_root)]
    if not foreign:
        return []
    first = foreign[0]
    found = f"process {first['pid']} of {first['user']} ({first['command'].split()[0]})"
    fix = "Stop it as that user (ray stop) and remove whatever starts it: two Rays on a node disturb each other."
    return [problem("foreign Ray", "none", found, fix)]


def is_ray(command):
    """Return whether a command line is one of Ray's two daemons."""
    program = command.split()[0].rsplit("/", 1)[-1] if command.split() else ""
    return program in ("raylet", "gcs_server")


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
    seen = ", ".join(f"{item['version']} ({item['path']})" for item in found) or "no interpreter"
    fix = "Install it, name it in python_candidates, or let it be brought: python_provider: uv."
    return [problem("python", wanted, seen, fix)]


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
