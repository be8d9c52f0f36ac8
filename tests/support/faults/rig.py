"""A cluster in containers with a workload on it: how faults get in, and how what is seen gets out.

Everything goes by `podman exec`, so a node without network or SSH can still be healed. A reboot is a power cut of the container.
"""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import time
from pathlib import Path

from tests.support.faults import journal

PROGRAMS = Path(__file__).parent / "node"
FOLDER = "/var/lib/saf-faults"  # not below the root that a fault fills or wipes
JOURNAL = f"{FOLDER}/journal.jsonl"
UNIT = """[Unit]
Description=Workload of the fault tests, {name}
StartLimitIntervalSec=0
[Service]
User={user}
ExecStart=/bin/sh -c '. {root}/etc/saf.env; exec {command}'
Restart=always
RestartSec=1
KillMode=control-group
TimeoutStopSec=5
[Install]
WantedBy=multi-user.target
"""


class Rig:
    def __init__(self, prefix, nodes, head, settings, ssh_ports):
        """nodes: {name: address}; head: its name; settings: the head's variables; ssh_ports: {name: port on this machine}."""
        self.prefix, self.nodes, self.head, self.ssh_ports = prefix, nodes, head, ssh_ports
        self.root, self.user, self.settings = settings["venv_root"], settings["cluster_user"], settings
        self.read, self.events = 0, []
        self.ports = self._ports()

    @classmethod
    def of_inventory(cls, inventory, settings_of):
        """Make one from ansible-inventory's answer (tests/support/settings.py)."""
        hosts = inventory["_meta"]["hostvars"]
        names = [*inventory["head"]["hosts"], *inventory["workers"]["hosts"]]
        head = names[0]
        nodes = {name: hosts[name]["cluster_address"] for name in names}
        ssh_ports = {name: int(hosts[name]["ansible_port"]) for name in names}
        return cls(hosts[head]["molecule_prefix"], nodes, head, settings_of(hosts[head]), ssh_ports)

    def _ports(self):
        """Return {name: (host, port)} of what must answer on a healthy cluster."""
        wanted = {}
        for name, address in self.nodes.items():
            wanted[f"{name}.raylet"] = (address, self.settings["ray_node_manager_port"])
            wanted[f"{name}.agent"] = (address, self.settings["ray_dashboard_agent_port"])
        dashboard = self.settings["ray_dashboard_host"]
        loopback = dashboard in ("0.0.0.0", "::", "localhost")  # noqa: S104 compared, not bound
        wanted["http.dashboard"] = ("127.0.0.1" if loopback else dashboard, self.settings["ray_dashboard_port"])
        return wanted

    # --- commands

    def container(self, node):
        return f"{self.prefix}-{node}"

    def run(self, node, command, timeout=60, text=None):
        """Run a shell command as root in the container of a node; the answer has returncode, stdout, stderr."""
        argv = ["podman", "exec", *(["--interactive"] if text is not None else []), self.container(node), "sh", "-c", command]
        return subprocess.run(argv, capture_output=True, text=True, input=text, timeout=timeout, check=False)

    def check(self, node, command, timeout=60, text=None):
        done = self.run(node, command, timeout, text)
        if done.returncode:
            raise RuntimeError(f"{node}: `{command}` ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
        return done.stdout.strip()

    def pid(self, node):
        """Return the pid of the container's init, as this machine counts it."""
        argv = ["podman", "inspect", "--format", "{{.State.Pid}}", self.container(node)]
        return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    def from_outside(self, node, kinds, *argv):
        """Run a program of this machine in namespaces of a node's container (kinds: net, mount, pid)."""
        enter = ["nsenter", f"--target={self.pid(node)}", *(f"--{kind}" for kind in kinds)]
        done = subprocess.run([*enter, *argv], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{node}: `{' '.join(argv)}` ended with {done.returncode}: {done.stderr[-300:]}")

    # --- faults that are no command

    def cut(self, node):
        """Drop everything that arrives and leaves, silently; the filter is the one of the container's network namespace."""
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self.from_outside(node, ["net"], "iptables", "-I", chain, "1", way, "eth0", "-j", "DROP")

    def reconnect(self, node):
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self.from_outside(node, ["net"], "iptables", "-D", chain, way, "eth0", "-j", "DROP")

    def reboot(self, *nodes):
        """Cut the power of nodes and start them again in this order. The default route of a container without one goes again."""
        routes = {node: self.run(node, "ip -4 route show default").stdout.strip() for node in nodes}
        for node in nodes:
            subprocess.run(["podman", "kill", self.container(node)], capture_output=True, check=True)
            subprocess.run(["podman", "wait", self.container(node)], capture_output=True, check=True, timeout=60)
        for node in nodes:
            subprocess.run(["podman", "start", self.container(node)], capture_output=True, check=True, timeout=120)
            if not routes[node]:
                self.run(node, "ip route delete default")

    def ssh_answers(self, node):
        try:
            with socket.create_connection(("127.0.0.1", self.ssh_ports[node]), timeout=2) as connection:
                connection.settimeout(2)
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def wait_for_ssh(self, nodes, seconds=120):
        """Return the time at which the last of the nodes answered."""
        limit = time.time() + seconds
        while not all(self.ssh_answers(node) for node in nodes):
            if time.time() > limit:
                raise RuntimeError(f"{', '.join(nodes)}: no SSH within {seconds} s of the restart")
            time.sleep(0.3)
        return time.time()

    def mount(self, node, path, mib):
        """Put a small disk under a path, with what is there: a copy, so Ray must not run meanwhile."""
        script = (
            f"set -e; mkdir -p {FOLDER}/kept; cp -a {path}/. {FOLDER}/kept; mount -t tmpfs -o size={mib}m saf-faults {path};"
            f" cp -a {FOLDER}/kept/. {path}; chown --reference={FOLDER}/kept {path}; chmod --reference={FOLDER}/kept {path}"
        )
        self.check(
            node, f"mkdir -p {FOLDER}/kept && chown --reference={path} {FOLDER}/kept && chmod --reference={path} {FOLDER}/kept"
        )
        self.from_outside(node, ["mount", "pid"], "sh", "-c", script)

    def unmount(self, node, path):
        self.from_outside(node, ["mount", "pid"], "umount", "--lazy", path)
        self.run(node, f"rm -rf {FOLDER}/kept")

    def cgroup(self, node, controller):
        """Return the folder of a controller for the container, of cgroup v1 or v2, as this machine sees it."""
        for line in Path(f"/proc/{self.pid(node)}/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            path = path.removesuffix("/init.scope")
            if names == "":
                folder = Path("/sys/fs/cgroup") / path.lstrip("/")
                if (folder / f"{controller}.max").exists():
                    return folder
            elif controller in names.split(","):
                return Path("/sys/fs/cgroup") / controller / path.lstrip("/")
        raise RuntimeError(f"This machine has no cgroup controller {controller} for {self.container(node)}.")

    def limit_cpu(self, node, percent):
        """Let the whole container have this part of one core; 0: as much as there is."""
        folder = self.cgroup(node, "cpu")
        if (folder / "cpu.max").exists():
            (folder / "cpu.max").write_text(f"{percent * 1000} 100000" if percent else "max 100000")
        else:
            (folder / "cpu.cfs_period_us").write_text("100000")
            (folder / "cpu.cfs_quota_us").write_text(str(percent * 1000) if percent else "-1")

    def limit_memory(self, node, mib):
        """Let the whole container have this much memory; 0: as much as there is."""
        folder = self.cgroup(node, "memory")
        if (folder / "memory.max").exists():
            (folder / "memory.max").write_text(str(mib * 2**20) if mib else "max")
        else:
            (folder / "memory.limit_in_bytes").write_text(str(mib * 2**20) if mib else "-1")

    # --- the workload

    def install(self):
        """Start the workload and the observers on the head, as units that a reboot starts again."""
        address = " ".join(self.nodes.values())
        places = " ".join(f"{name}={host}:{port}" for name, (host, port) in self.ports.items())
        python = f"{self.root}/current/bin/python"
        units = {
            "workload": f"{python} {FOLDER}/workload.py {JOURNAL} {address}",
            "gcs": f"{python} {FOLDER}/observe.py gcs {JOURNAL}",
            "ports": f"/usr/bin/python3 {FOLDER}/observe.py ports {JOURNAL} {places}",
        }
        self.check(self.head, f"mkdir -p {FOLDER} && chown {self.user} {FOLDER}")
        for program in ("workload.py", "observe.py"):
            self.check(self.head, f"cat >{FOLDER}/{program}", text=(PROGRAMS / program).read_text())
        for name, command in units.items():
            unit = UNIT.format(name=name, user=self.user, root=self.root, command=command)
            self.check(self.head, f"cat >/etc/systemd/system/saf-faults-{name}.service", text=unit)
        self.check(self.head, f"systemctl daemon-reload && systemctl enable --now {self._units}", timeout=120)

    _units = "saf-faults-workload saf-faults-gcs saf-faults-ports"

    def remove(self):
        self.run(self.head, f"systemctl disable --now {self._units}; rm -f /etc/systemd/system/saf-faults-*", timeout=120)
        self.run(self.head, f"systemctl daemon-reload; rm -rf {FOLDER}")

    def pull(self):
        """Return all events so far; while the head is away, those that are known."""
        done = self.run(self.head, f"tail -c +{self.read + 1} {JOURNAL}")
        if done.returncode == 0:
            whole, newline, _ = done.stdout.rpartition("\n")
            self.read += len((whole + newline).encode())
            self.events = sorted([*self.events, *journal.parse(whole)], key=lambda event: event["t"])
        return self.events

    def forget(self, before):
        """Drop what happened before a time: a long catalog is not read again and again."""
        self.events = [event for event in self.events if event["t"] >= before]

    def wait_until_healthy(self, since, seconds, least=0):
        """Return None once everything is good (not before ``least`` seconds), else the names of what still is not."""
        begun = time.time()
        while True:
            now = time.time()
            events = self.pull()
            if now - begun >= least and journal.is_settled(events, self.nodes, self.ports, since, now):
                return None
            if now - begun > seconds:
                return journal.open_signals(events, self.nodes, self.ports, since, now)
            time.sleep(1)

    # --- what a node uses

    def usage(self, node):
        """Return {processes, memory_mib, open_files, disk_mib} of the account of the service on a node."""
        return json.loads(self.check(node, f"/usr/bin/python3 -c {shlex.quote(_USAGE)} {self.user} {self.root}/ray"))


_USAGE = """
import glob, json, os, pwd, subprocess, sys
uid = pwd.getpwnam(sys.argv[1]).pw_uid
found = {"processes": 0, "memory_mib": 0, "open_files": 0, "disk_mib": 0}
for folder in glob.glob("/proc/[0-9]*"):
    try:
        if os.stat(folder).st_uid != uid or b"saf-faults" in open(folder + "/cmdline", "rb").read():
            continue
        found["memory_mib"] += int(open(folder + "/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        found["open_files"] += len(os.listdir(folder + "/fd"))
        found["processes"] += 1
    except OSError:
        pass
found["memory_mib"] = round(found["memory_mib"])
used = subprocess.run(["du", "-sk", sys.argv[2]], capture_output=True, text=True).stdout
found["disk_mib"] = int(used.split()[0]) // 1024
print(json.dumps(found))
"""
