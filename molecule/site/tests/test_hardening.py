"""What systemd keeps Ray, its jobs and the watchdog from doing, and that Ray works within that."""

import json
import re

import pytest
from tests.support.waiting import wait_for

UNITS = ["saf-ray.service", "saf-ray-watchdog.service"]
MOST_EXPOSED = 4.0
_MARK = "answer of the job: "
# Runs on every node as a task of Ray. What it attempts is undone by nobody, so each path is one that would do no harm.
_JOB = """
import json, os, ray, sys

@ray.remote(max_retries=0)
def task(root):
    import ctypes, socket, subprocess, tempfile
    libc = ctypes.CDLL(None, use_errno=True)
    status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
    found = {"host": socket.gethostname(), "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
             "no_new_privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"], "written": [], "called": []}
    shown = tempfile.mkdtemp()
    for folder in ("/", "/etc", "/home", "/root", "/usr/local/bin", "/var/lib", "/opt",
                   root, root + "/etc", root + "/log", root + "/run", root + "/current/bin", "/run",
                   "/srv", "/sys/kernel", "/proc/sys/kernel"):
        try:
            open(folder + "/saf-test-hardening", "w").close()
            found["written"].append(folder)
        except OSError:
            pass
    for folder in ("/tmp", "/var/tmp", "/dev/shm", os.environ["HOME"], os.environ["RAY_TMPDIR"], shown):
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"x")
    found["home"] = os.path.exists("/home/admin") or os.access("/root", os.R_OK)
    CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
    calls = {"unshare user": lambda: libc.unshare(CLONE_NEWUSER), "unshare net": lambda: libc.unshare(CLONE_NEWNET),
             "chroot": lambda: libc.chroot(b"/tmp"), "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
             "sethostname": lambda: libc.sethostname(b"x", 1), "ptrace": lambda: libc.ptrace(0, 0, 0, 0),
             "chmod s": lambda: libc.chmod(tempfile.mkstemp()[1].encode(), 0o4755)}
    for name, call in calls.items():
        if call() == 0:
            found["called"].append(name)
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
        found["called"].append("packet socket")
    except OSError:
        pass
    found["sudo"] = subprocess.run(["sudo", "-n", "id", "-u"], capture_output=True, text=True).stdout.strip()
    return found

ray.init(address=%r, logging_level="ERROR", log_to_driver=False)
there = ["node:" + node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]]
print(%r + json.dumps(ray.get([task.options(resources={name: 0.01}).remote(%r) for name in there], timeout=120)), flush=True)
"""


def as_a_person(node, source, timeout=180):
    """Run a driver as people do: as the account, outside of the service."""
    user = node.vars["cluster_user"]
    run = (
        f"cd / && timeout {timeout} runuser -u {user} -- sh -c '. {node.root}/etc/saf.env; exec python -' <<'END'\n{source}\nEND"
    )
    return node.run(run)


def answer_in(output):
    found = [line[len(_MARK) :] for line in output.stdout.splitlines() if line.startswith(_MARK)]
    assert found, (output.stdout + output.stderr)[-800:]
    return json.loads(found[-1])


@pytest.fixture(scope="module")
def job(head):
    address = f"{head.address}:{head.vars['ray_port']}"
    return {found["host"]: found for found in answer_in(as_a_person(head, _JOB % (address, _MARK, head.root)))}


@pytest.mark.parametrize("unit", UNITS)
def test_little_of_the_node_is_exposed(node, unit):
    said = node.check(f"systemd-analyze security --no-pager {unit}")
    exposure = float(re.search(r"Overall exposure level for \S+ (\d+\.\d+)", said).group(1))
    assert exposure < MOST_EXPOSED, said


@pytest.mark.parametrize("unit", UNITS)
def test_the_document_names_everything_that_is_left_open(node, root, unit):
    rows = json.loads(node.check(f"systemd-analyze security --json=short --no-pager {unit}"))
    text = (root / "docs" / "hardening.md").read_text()
    left = {re.split(r"[=_]", row["name"])[0] for row in rows if row["set"] is False and float(row["exposure"] or 0) > 0}
    assert left
    assert {name for name in left if f"`{name}" not in text} == set()


def test_units_have_no_mistakes(node):
    for unit in UNITS:
        checked = node.run(f"systemd-analyze verify /etc/systemd/system/{unit}")
        assert not re.search(r"saf-ray\S*:\d+:", checked.stderr), checked.stderr


def test_a_job_writes_only_to_the_folders_of_the_service(job, nodes):
    """log and run belong to the account: nothing but the sandbox closes them."""
    assert len(job) == len(nodes)
    assert {name: found["written"] for name, found in job.items() if found["written"]} == {}


def test_a_job_does_not_see_the_homes_of_people(job):
    assert not [name for name, found in job.items() if found["home"]]


def test_a_job_has_no_privileges_and_cannot_gain_any(job):
    for found in job.values():
        assert (found["capabilities"], found["no_new_privileges"], found["seccomp"]) == (0, "1", "2")
        assert found["called"] == []
        assert found["sudo"] == ""


def test_tasks_actors_objects_and_spilling_work_within_it(head, nodes):
    """Objects of more than the store, half of them of another node."""
    source = f"""
import json, numpy, ray
ray.init(address="{head.address}:{head.vars["ray_port"]}", logging_level="ERROR", log_to_driver=False)

@ray.remote
class Counter:
    def __init__(self): self.n = 0
    def add(self): self.n += 1; return self.n

@ray.remote(resources={{"mlx": 1}})
def matrix():
    import mlx.core as mx
    return float((mx.ones((64, 64)) @ mx.ones((64, 64)))[0, 0].item())

@ray.remote(num_cpus=1)
def block(n):
    return numpy.full(100_000_000 // 8, n, dtype="float64")

counter = Counter.remote()
blocks = [block.remote(n) for n in range({12 * len(nodes)})]
answer = {{"actor": ray.get([counter.add.remote() for _ in range(20)])[-1], "mlx": ray.get([matrix.remote() for _ in range(4)])}}
answer["objects"] = [float(ray.get(one)[-1]) for one in blocks]
print("{_MARK}" + json.dumps(answer), flush=True)
"""
    found = answer_in(as_a_person(head, source, timeout=300))
    assert found["actor"] == 20
    assert found["mlx"] == [64.0] * 4
    assert found["objects"] == [float(n) for n in range(12 * len(nodes))]


def test_the_account_has_no_shell_no_password_no_groups_and_no_sudo(node):
    user = node.vars["cluster_user"]
    entry = node.check(f"getent passwd {user}").split(":")
    assert entry[6].endswith(("nologin", "false"))
    assert node.check(f"getent shadow {user}").split(":")[1][:1] in ("!", "*")
    assert node.check(f"id -Gn {user}").split() == [user]
    assert node.run(f"runuser -u {user} -- sudo -n true").rc != 0
    assert node.run(f"grep -rsw {user} /etc/sudoers /etc/sudoers.d /etc/doas.conf").stdout == ""


_EXECUTED = """
import glob, json, os
found = set(os.environ["PATH"].split(":"))
for process in glob.glob("/proc/[0-9]*"):
    try:
        if os.stat(process).st_uid != os.getuid():
            continue
        found.add(os.readlink(process + "/exe"))
        for line in open(process + "/maps"):
            fields = line.split(None, 5)
            if "x" in fields[1] and len(fields) == 6 and fields[5].startswith("/"):
                found.add(fields[5].strip())
    except OSError:
        pass
files = sorted(path for path in found if not path.endswith(" (deleted)"))
print(json.dumps([len(files), [path for path in files if os.access(path, os.W_OK) or os.access(os.path.dirname(path), os.W_OK)]]))
"""


def test_no_code_that_ray_executes_is_writable_by_ray(node):
    """The programs and libraries of its processes, and the folders in which they look for programs."""
    environment = f"PATH=$(sed -n 's/^PATH=\"*\\([^\"]*\\).*/\\1/p' {node.root}/etc/ray.env)"
    source = f"env \"{environment}\" {node.python} - <<'END'\n{_EXECUTED}\nEND"
    (count, writable) = json.loads(node.check(f"cd / && runuser -u {node.vars['cluster_user']} -- sh -c '{_quoted(source)}'"))
    assert count > 20
    assert writable == []


def _quoted(text):
    return text.replace("'", "'\"'\"'")


def test_a_task_that_is_killed_for_its_memory_leaves_the_node(head, node, ray, nodes):
    """As the kernel does it: SIGKILL to the process with the most memory. The service continues with the same process."""
    before = node.service.pid
    source = f"""
import json, os, ray, signal
ray.init(address="{head.address}:{head.vars["ray_port"]}", logging_level="ERROR", log_to_driver=False)

@ray.remote(max_retries=0, resources={{"node:{node.address}": 0.01}})
def eat():
    hog = bytearray(300_000_000)
    os.kill(os.getpid(), signal.SIGKILL)
    return len(hog)

@ray.remote(resources={{"node:{node.address}": 0.01}})
def after():
    return os.uname().nodename

try:
    ray.get(eat.remote())
    ended = "no error"
except ray.exceptions.WorkerCrashedError:
    ended = "crashed"
print("{_MARK}" + json.dumps([ended, ray.get(after.remote(), timeout=60)]), flush=True)
"""
    ended, host = answer_in(as_a_person(head, source))
    assert (ended, host) == ("crashed", node.name)
    assert node.service.pid == before
    assert node.check("systemctl show saf-ray --property=OOMPolicy --value") == "continue"


def test_old_sessions_are_removed_at_a_start_and_the_one_in_use_is_not(node, ray, nodes):
    user, folder = node.vars["cluster_user"], f"{node.root}/ray/tmp"
    node.check(f"runuser -u {user} -- sh -c 'cd {folder} && for n in 1 2 3 4 5 6 7; do mkdir -p session_2001-01-0$n/logs; done'")
    latest = node.check(f"basename $(readlink {folder}/session_latest)")
    node.check("systemctl restart saf-ray")
    ray.wait_until_alive([one.address for one in nodes.values()])
    left = node.check(f"cd {folder} && ls -1d session_2*").split()
    assert latest in left
    assert len([name for name in left if name != node.check(f"basename $(readlink {folder}/session_latest)")]) <= 5
    wait_for(lambda: node.run(f"test -S {folder}/session_latest/sockets/raylet").rc == 0, "the socket of the raylet", 60)
