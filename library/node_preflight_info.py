#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what preflight has to know about a node. The controller evaluates it (plugin_utils/provision/preflight.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_preflight_info
short_description: Get what preflight evaluates about a node
version_added: "0.1.0"
description:
  - Reads platform, memory, disk, limits, addresses, sockets, processes, interpreters and package managers. Judges nothing and
    changes nothing; role preflight compares the result with the variables of the inventory on the controller.
  - An action plugin of the same name reads the controller's clock before and after the module and adds RV(clock_offset).
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  venv_root:
    description: Folder that the installation will live in.
    type: path
    required: true
  ports:
    description: Ports whose holders are returned.
    type: list
    elements: int
    default: []
  python_version:
    description: Exact Python version whose usual places are searched.
    type: str
    required: true
  python_candidates:
    description: Interpreters to try first.
    type: list
    elements: str
    default: []
  user:
    description: Account that runs interpreters where the module runs as root; nobody before it exists.
    type: str
    default: saf
  conda:
    description: Conda program to find, by path or name. Empty tries the usual names; nothing is searched when it is not set.
    type: str
  formula:
    description: Homebrew formula whose versions are listed on a Mac; none when it is empty.
    type: str
    default: ""
  check_sudo:
    description: Also check, on a Mac without Homebrew, whether the login account needs a password for sudo.
    type: bool
    default: false
  gcs:
    description: Address of the GCS of the cluster that asks, as C(host:port). Another one that the node belongs to is tried.
    type: str
    default: ""
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Get the state of the node
  saf.fabric.node_preflight_info:
    venv_root: /opt/saf
    ports: [6380]
    python_version: 3.9.23
  register: observed
"""

RETURN = r"""
system: {description: Linux or Darwin., type: str, returned: always, sample: Linux}
machine: {description: Architecture., type: str, returned: always, sample: x86_64}
bits: {description: Width in bits of the system (32 or 64); not that of its kernel., type: int, returned: always, sample: 64}
glibc: {description: Version of glibc; empty without one., type: str, returned: always, sample: "2.36"}
cuda: {description: Newest CUDA that the NVIDIA driver runs; empty without a device., type: str, returned: always, sample: "13.0"}
macos: {description: Version of macOS; empty on other systems., type: str, returned: always, sample: "26.1"}
memory_bytes: {description: Memory that the node (a container) may use., type: int, returned: always, sample: 8589934592}
shared_memory_bytes: {description: Size of C(/dev/shm); null without one., type: int, returned: on Linux, sample: 2147483648}
disk:
  description: The file system of O(venv_root).
  type: dict
  returned: always
  sample: {path: /opt, free_bytes: 80000000000, total_bytes: 250000000000, inodes_free: 1000000}
maintenance: {description: Since when the node is in maintenance; empty if it is not., type: str, returned: always, sample: ""}
stack: {description: The stack that C(upgrade.yml) has recorded; empty before it ran., type: str, returned: always}
membership:
  description:
    - The cluster that the node belongs to, with the node's name there, the head's name (empty if unknown), the address of its GCS
      and, if that is not O(gcs), whether it answers as a GCS does (null if it does not say). Empty for a node of none.
  type: dict
  returned: always
  sample: {node: beta, head: alpha, gcs: "192.168.1.172:6380", answers: null}
has_venvs: {description: Whether a venv of the installation exists., type: bool, returned: always}
open_files_limit: {description: Hard limit of open files of the init system; null if unknown., type: int, returned: when known}
addresses: {description: The node's own IPv4 addresses., type: list, elements: str, returned: always, sample: [127.0.0.1]}
service_managers:
  description: What can keep Ray running.
  type: list
  elements: str
  returned: always
  sample: [systemd, process]
systemd: {description: Version of systemd; null where it does not run., type: int, returned: when it runs, sample: 252}
processes:
  description: Running processes of Ray, and those whose command line is below O(venv_root).
  type: list
  elements: dict
  returned: always
  sample: [{pid: 812, user: saf, command: /opt/saf/current/bin/python /opt/saf/current/bin/ray start --head}]
listeners:
  description: Listening TCP sockets on O(ports); pid 0 where the system does not report the holder.
  type: list
  elements: dict
  returned: always
  sample: [{port: 6380, user: redis, pid: 612, command: "redis-server *:6380"}]
interpreters:
  description: Python interpreters that answered, in the order in which they are preferred.
  type: list
  elements: dict
  returned: always
  sample:
    - {path: /usr/bin/python3, real_path: /usr/bin/python3.11, version: 3.11.2, implementation: cpython, machine: x86_64,
       bits: 64, libc: glibc, missing: []}
conda: {description: Path of conda; empty without one and null where O(conda) is not set., type: str, returned: when searched}
homebrew:
  description:
    - Owner of Homebrew (null without one), another prefix that it is installed in, versions of O(formula) with the tap of
      each, and the version in use; null on other systems.
  type: dict
  returned: on a Mac
  sample: {owner: admin, other_prefix: null, kegs: {3.9.23: studio-air-fabric/pinned}, in_use: 3.9.23}
sudo_without_password:
  description: Whether the login account needs no password for sudo; null where that was not checked.
  type: bool
  returned: with O(check_sudo)
time: {description: The node's clock in seconds since the epoch., type: float, returned: always}
clock_offset:
  description: Seconds by which the node's clock is ahead of the controller's; the true value is between min and max.
  type: dict
  returned: by the action plugin
  sample: {min: -0.2, max: 0.4}
"""

import os
import re
import shutil
import struct
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils import stack_record
from ansible_collections.saf.fabric.plugins.module_utils.services import membership, raylet
from ansible_collections.saf.fabric.plugins.module_utils.system import (
    cuda,
    current,
    disk,
    hardware,
    homebrew,
    interpreters,
    processes,
    sockets,
)
from ansible_collections.saf.fabric.plugins.module_utils.system.command import command_output, read

# Where conda's programs usually are beside PATH; role python searches the same places.
_CONDA_FOLDERS = ("/opt/homebrew/bin", "~/miniforge3/bin", "/opt/miniforge3/bin", "/opt/conda/bin")


def parse_open_files_limit(text):
    """Return the hard limit of open files in /proc/<pid>/limits, None without one."""
    match = re.search(r"(?m)^Max open files[ \t]+\S+[ \t]+(\d{1,18})\b", text)
    return int(match.group(1)) if match else None


def parse_systemd_version(text):
    """Return the version in the first line of ``systemctl --version``, None without one."""
    match = re.match(r"systemd (\d{1,9})\b", text)
    return int(match.group(1)) if match else None


def shared_memory_bytes(path="/dev/shm"):  # noqa: S108 - its size is read, nothing is written there
    """Return the size of the shared memory, None where there is none (a Mac)."""
    try:
        state = os.statvfs(path)
    except OSError:
        return None
    return state.f_frsize * state.f_blocks


def service_managers(is_mac):
    """Return the names of what can keep Ray running, the preferred one first."""
    systemd = ["systemd"] if os.path.isdir("/run/systemd/system") else []
    return (["launchd"] if is_mac else []) + systemd + ["process"]


def find_conda(program):
    """Return the path of conda, "" without one; program: name or path, "" tries the usual names."""
    folders = [os.path.expanduser(folder) for folder in _CONDA_FOLDERS]
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    for name in [program] if program else ["micromamba", "mamba", "conda"]:
        found = shutil.which(name, path=path)
        if found:
            return found
    return ""


def find_interpreters(params):
    """Return [{path, real_path, version, ...}] of the interpreters that answer."""
    user = interpreters.runner(params["user"])
    found = []
    for path in interpreters.places(params["python_version"], params["python_candidates"], params["venv_root"]):
        answer = interpreters.ask(path, user)
        if answer:
            found.append({"path": path, **answer})
    return found


def homebrew_state(formula):
    """Return {owner, other_prefix, kegs of ``formula`` as {version: tap}, in_use: version that its opt link leads to}."""
    here = os.path.exists(os.path.join(homebrew.PREFIX, "bin", "brew"))
    return {
        "owner": homebrew.owner() if here else None,
        "other_prefix": "/usr/local" if os.path.exists("/usr/local/bin/brew") and not here else None,
        "kegs": homebrew.installed(formula) if formula else {},
        "in_use": homebrew.in_use(formula) if formula else None,
    }


def needs_no_password(run):
    """Return whether the login account needs no password for sudo; True where that cannot be checked.

    We may be root by now: sudo leaves the name of the account that called it.
    """
    login = os.environ.get("SUDO_USER")
    if os.geteuid() == 0 and not login:
        return True
    line = ["sudo", "-n", "true"]
    return run(["sudo", "-n", "-u", login, *line] if os.geteuid() == 0 else line)[0] == 0


def concerns_us(command, venv_root):
    """Return whether a command line is one of Ray or of the installation."""
    return processes.is_part_of_ray(command) or processes.is_managed(command, venv_root)


def observe(params, run):
    """Return what RETURN documents, clock_offset excepted; params: the module's options; run: AnsibleModule.run_command."""
    now = time.time()  # first: the controller's clock was read just before
    is_mac = current.system.NAME == "Darwin"
    running = processes.running()
    managers = service_managers(is_mac)
    brew = homebrew_state(params["formula"]) if is_mac else None
    # sudo reports a refusal to the administrator, so it is asked only where Homebrew's installer has to call it.
    asks_sudo = params["check_sudo"] and brew is not None and brew["owner"] is None
    return {
        "system": current.system.NAME,
        "machine": hardware.architecture(),
        # A 64-bit kernel may run a 32-bit system (Raspberry Pi OS).
        "bits": struct.calcsize("P") * 8,
        "glibc": hardware.glibc(),
        "cuda": cuda.newest(),
        # Not platform.mac_ver(): it returns 10.16 or 16.0 to an interpreter that was built for an older system.
        "macos": command_output("sw_vers", "-productVersion").strip() if is_mac else "",
        "memory_bytes": hardware.memory_bytes(),
        "shared_memory_bytes": shared_memory_bytes(),
        "disk": disk.space(params["venv_root"]),
        "maintenance": raylet.maintenance(os.path.join(params["venv_root"], "etc", "maintenance.json")),
        "stack": stack_record.read(params["venv_root"]).get("stack", ""),
        "membership": membership.observe(
            os.path.join(params["venv_root"], "etc", "cluster.json"), params["venv_root"], running, params["gcs"]
        ),
        "has_venvs": os.path.isdir(os.path.join(params["venv_root"], "venvs")),
        "open_files_limit": None if is_mac else parse_open_files_limit(read("/proc/1/limits")),
        "addresses": sockets.own_addresses(),
        "service_managers": managers,
        "systemd": parse_systemd_version(command_output("systemctl", "--version")) if "systemd" in managers else None,
        # Nothing of other people's command lines leaves the node but that of who holds a port of the cluster.
        "processes": [process for process in running if concerns_us(process["command"], params["venv_root"])],
        "listeners": [one for one in sockets.listeners(running) if one["port"] in params["ports"]],
        "interpreters": find_interpreters(params),
        "conda": None if params["conda"] is None else find_conda(params["conda"]),
        "homebrew": brew,
        "sudo_without_password": needs_no_password(run) if asks_sudo else None,
        "time": now,
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "venv_root": {"type": "path", "required": True},
            "ports": {"type": "list", "elements": "int", "default": []},
            "python_version": {"type": "str", "required": True},
            "python_candidates": {"type": "list", "elements": "str", "default": []},
            "user": {"type": "str", "default": "saf"},
            "conda": {"type": "str"},
            "formula": {"type": "str", "default": ""},
            "check_sudo": {"type": "bool", "default": False},
            "gcs": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **observe(module.params, module.run_command))


if __name__ == "__main__":
    main()
