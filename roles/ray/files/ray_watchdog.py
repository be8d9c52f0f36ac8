"""Restarts a Ray node that has left the cluster: one check, started by launchd or systemd at an interval.

`ray start --block` outlives its children when they end by SIGTERM: the supervisor sees a running process, but the cluster has
lost the node. So the raylet's port is checked, and the GCS is asked if that port is closed (and every few minutes if it is
open, to find a raylet that hangs). Further faults that a supervisor does not see have a row in FAULTS.

Nothing is done while the service is stopped or has just started, while the node is in maintenance, while the head of a worker
is not running (its raylet ends then, and the supervisor restarts it), or while a benchmark runs. A node that is only slow is
never restarted, nor one that could not be asked. A head in use is restarted only for what stops its jobs anyway.

It runs as root on an interpreter that only root can write, with the standard library alone. Asking Ray needs the venv's
interpreter, which others may write (Homebrew): ray_membership.py and ray_task.py do it in a child of the service account.

usage: ray_watchdog.py CONFIG
  JSON: {name, head, host, port, gcs, dashboard: "host:port" or empty, user, python, question, task, settings, maintenance,
  state_file, pid: argv, restart: argv}
"""

import contextlib
import errno
import glob
import json
import os
import pwd
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

GRACE_S = 90  # within this time after its start a node joins the cluster
DASHBOARD_GRACE_S = 240  # Ray gives it 30 s, a machine that starts up takes longer
ASK_S = 300  # interval at which the GCS is asked about a node whose port answers; each time starts Python with Ray
FAULT_ASK_S = 120  # the same while a fault is known
TASK_S = 1800  # interval of the empty task; each starts a driver and a worker process
TASK_AGAIN_S = 180  # the same after a task that did not end
STRIKES = 2
# A busy head answers late, and restarting it ends every job of the cluster: it is restarted only after minutes without an answer.
UNANSWERED_S = 900
QUESTION_S = 60
TASK_WAIT_S = 120
LEASE_S = 30
BUSY_LOAD = 2  # per core; above it a task that does not end may only be slow
# A restart that has not helped is repeated after 10 minutes, then after twice that time, up to half a day.
AGAIN_S, DOUBLINGS = 600, 6
_MOST = 1 << 20  # bytes of an answer

# {fault: (checks in a row, seconds until a head in use is restarted for it, None for never, what is wrong)}
FAULTS = {
    "zombie": (2, 0, "has a dead raylet"),
    "sockets": (2, UNANSWERED_S, "has lost the sockets of its raylet (every task on it hangs)"),
    "wedged": (3, UNANSWERED_S, "executes nothing"),
    "dashboard": (3, None, "has no dashboard (no job can be submitted)"),
}


def decide(state, seen, now):
    """Return (new state, why the service is restarted, "" for not).

    state: of the last check: {pid, since, asked, tasked, strikes, unanswered, faults: {fault: [checks, since]}, moved, healed:
    {fault: [times, last time]}}; now: seconds.
    seen: {pid, head, gcs, used, faults: {fault: true, false or None for unknown}, moved: whether the node's address is on none of
    its interfaces}. used: what a restart of the head would end, None if unknown. gcs is None if it was not asked, else one of
      "alive", "gone"   the state of this node in the GCS
      "closed"          nothing listens on the port of the GCS
      "unanswered"      the GCS listens and did not answer
      "failed"          the GCS could not be asked, which proves nothing about the node
    """
    # A restart after which a fault was seen to be gone has helped, and does not delay the next one.
    healed = {name: row for name, row in state.get("healed", {}).items() if seen.get("faults", {}).get(name) is not False}
    history = {"healed": healed} if healed else {}
    if not seen["pid"]:
        return history, ""
    fresh = {"pid": seen["pid"], "since": now, "asked": now, "tasked": now, "strikes": 0, **history}
    if state.get("pid") != seen["pid"]:
        return fresh, ""
    if now - state["since"] < GRACE_S:
        return {**_without(state, "healed"), **history}, ""
    if seen.get("moved"):  # a restart does not bring the address back
        return {**_without(state, "unanswered", "faults"), "strikes": 0, "moved": True}, ""
    gcs, strikes, unanswered = seen["gcs"], state["strikes"], state.get("unanswered")
    if gcs in (None, "failed"):
        strikes, unanswered = (strikes, unanswered) if gcs else (0, None)
    elif gcs == "unanswered":
        strikes, unanswered = 0, now if unanswered is None else unanswered
    else:
        # The GCS is a child of the head's service: if nothing listens, the head has failed, not the worker.
        lost = gcs == "gone" or (gcs == "closed" and seen["head"])
        strikes, unanswered = strikes + 1 if lost else 0, None
    hung = seen["head"] and unanswered is not None and now - unanswered >= UNANSWERED_S
    if strikes >= STRIKES or hung:
        return fresh, f"has left the cluster ({gcs})"
    faults = counted(state.get("faults", {}), seen.get("faults", {}), now)
    for name in faults:
        if is_due(name, faults[name], healed.get(name), seen, now):
            return {**fresh, "healed": {**healed, name: [healed.get(name, [0])[0] + 1, now]}}, FAULTS[name][2]
    asked = now if gcs in ("alive", "gone", "failed") else state["asked"]
    tasked = now if seen.get("tasked") else state.get("tasked", now)
    state = {**_without(state, "unanswered", "faults", "moved", "healed"), **history}
    if unanswered is not None:
        state["unanswered"] = unanswered
    if faults:
        state["faults"] = faults
    return {**state, "asked": asked, "tasked": tasked, "strikes": strikes}, ""


def _without(state, *names):
    return {name: value for name, value in state.items() if name not in names}


def counted(known, seen, now):
    """Return {fault: [checks in a row, time of the first]}; what is unknown at this check stays unchanged."""
    faults = {name: known[name] for name in known if seen.get(name) is None}
    for name, wrong in seen.items():
        if wrong:
            checks, since = known.get(name, [0, now])
            faults[name] = [checks + 1, since]
    return faults


def is_due(name, fault, healed, seen, now):
    """Return whether the service is restarted for a fault; fault: [checks, since]; healed: [times, last time] or None."""
    least, patience, _text = FAULTS[name]
    if fault[0] < least or not seen["faults"].get(name):
        return False
    if healed and now - healed[1] < AGAIN_S * 2 ** min(healed[0] - 1, DOUBLINGS):
        return False
    if not seen["head"] or seen.get("used") == 0:
        return True
    return patience is not None and now - fault[1] >= patience


def must_ask(state, port_open, now):
    """Return whether this check asks the GCS."""
    pending = state.get("strikes", 0) > 0 or state.get("unanswered") is not None
    interval = FAULT_ASK_S if state.get("faults") else ASK_S
    return not port_open or pending or now - state.get("asked", now) >= interval


def must_task(state, port_open, busy, now):
    """Return whether this check runs the empty task: on a node that seems healthy otherwise, and is not busy."""
    doubtful = state.get("strikes", 0) > 0 or state.get("unanswered") is not None or set(state.get("faults", {})) - {"wedged"}
    interval = TASK_AGAIN_S if "wedged" in state.get("faults", {}) else TASK_S
    return port_open and not busy and not doubtful and now - state.get("tasked", now) >= interval


def is_own(host):
    """Return whether an address is on an interface of this machine; None for a name and if unknown."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            break
    else:
        return None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
            return True
        except OSError as error:
            return False if error.errno == errno.EADDRNOTAVAIL else None


def children_by_proc(parent):
    """Return [(state, command line)] of the raylets among a process's children, from /proc."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(path, encoding="utf-8", errors="replace") as stream:
                head, _, tail = stream.read().rpartition(")")
            fields = tail.split()
            if int(fields[1]) == parent and head.partition("(")[2] == "raylet":
                with open(os.path.dirname(path) + "/cmdline", "rb") as stream:
                    found.append((fields[0], stream.read(_MOST).decode("utf-8", "replace").split("\0")))
    return found


def children_by_ps(parent, text):
    """Return the same from `ps -axww -o ppid=,stat=,command=`; the path of a socket has no blanks there."""
    found = []
    for line in text.splitlines():
        fields = line.split(None, 2)
        if len(fields) == 3 and fields[0] == str(parent) and re.search(r"(^|/)\(?raylet\b", fields[2].split(" --", 1)[0]):
            found.append((fields[1][:1], fields[2].split()))
    return found


def is_missing(path):
    """Return whether nothing is at a path, None where that cannot be seen (a folder that this process may not enter)."""
    try:
        os.lstat(path)
        return False
    except FileNotFoundError:
        return True
    except OSError:
        return None


def raylet_faults(children):
    """Return {zombie, sockets} of what children_by_proc() returns; no raylet at all is a start that still waits for its head."""
    alive = [words for state, words in children if state != "Z"]
    sockets = [word.partition("=")[2] for words in alive for word in words if word.startswith("--raylet_socket_name=")]
    missing = [is_missing(path) for path in sockets]
    return {
        "zombie": bool(children) and not alive,
        "sockets": None if None in missing or not missing else all(missing),
    }


def raylets(parent):
    if os.path.isdir("/proc/self"):
        return children_by_proc(parent)
    listing = subprocess.run(["/bin/ps", "-axww", "-o", "ppid=,stat=,command="], capture_output=True, check=False).stdout
    return children_by_ps(parent, listing.decode("utf-8", "replace"))


def answers(host, port):
    """Return whether a connection is established within 3 s."""
    try:
        socket.create_connection((host, port), timeout=3).close()
        return True
    except OSError:
        return False


def is_closed(host, port):
    """Return whether nothing listens on the port of the GCS; a timeout does not prove it."""
    try:
        socket.create_connection((host, port), timeout=3).close()
        return False
    except socket.timeout:
        return False
    except OSError:
        return True


def interpret(events, returncode):
    """Return (answer for decide(), reason) from the output of the child.

    events: its JSON lines as dicts; returncode: None if it did not end in time, negative for a signal.
    """
    said = {key: value for event in events if isinstance(event, dict) for key, value in event.items()}
    if "alive" in said:
        return ("alive" if said["alive"] is True else "gone"), ""
    if "unanswered" in said:
        return "unanswered", str(said["unanswered"])
    ended = "did not end in time" if returncode is None else f"ended with {returncode}"
    # If the GCS ends meanwhile, Ray's client ends its process by SIGABRT or waits forever.
    if "asking" in said and (returncode is None or returncode < 0):
        return "unanswered", f"the client of the GCS {ended}"
    return "failed", str(said.get("failed", f"the question {ended}"))


def become(user):
    """Return what the child calls before it starts the program; None if this process is not root or the account is."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(user)

    def drop():
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return drop if entry.pw_uid != 0 else None


def ask_gcs(config):
    """Return (answer for decide(), reason, what a restart of the head would end)."""
    host, _, port = config["gcs"].rpartition(":")
    if is_closed(host, int(port)):
        return "closed", "", None
    argv = [config["python"], "-I", config["question"], config["gcs"], config["name"], config.get("settings", "")]
    events, returncode = run_child(argv + ["head"] * bool(config.get("head")), config["user"], QUESTION_S)
    used = [event["used"] for event in events if isinstance(event, dict) and isinstance(event.get("used"), int)]
    return (*interpret(events, returncode), used[-1] if used else None)


def run_task(config):
    """Return (whether the node is wedged, None if unknown, reason): the node has taken a task and not executed it in time."""
    argv = [config["python"], "-I", config["task"], config["gcs"], config["name"], config["settings"], config["host"]]
    events, returncode = run_child(argv, config["user"], TASK_WAIT_S)
    said = {key: value for event in events if isinstance(event, dict) for key, value in event.items()}
    if said.get("done") is True:
        return False, ""
    if said.get("submitted") is True and returncode is None:
        return True, f"an empty task did not end within {TASK_WAIT_S} s"
    return None, str(said.get("failed", f"the task's driver ended with {returncode}"))


def run_child(argv, user, seconds):
    """Return (JSON documents that it printed, its return code or None if it did not end in time); runs as the account."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile() as output:
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
                preexec_fn=become(user),  # noqa: PLW1509 one thread; Popen's own options need Python 3.9
            )
        except (OSError, KeyError, subprocess.SubprocessError) as error:
            return [{"failed": f"{argv[0]} could not be started as {user}: {error}"}], 127
        try:
            returncode = child.wait(seconds)
        except subprocess.TimeoutExpired:
            returncode = None
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        output.seek(0)
        text = output.read(_MOST).decode("utf-8", "replace")
    return list(parse_lines(text)), returncode


def parse_lines(text):
    """Yield the JSON documents among the lines; libraries print as well."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def service_pid(argv):
    """Return the pid in the supervisor's answer (launchctl print, systemctl show --property=MainPID), 0 without a process."""
    text = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False).stdout
    found = re.search(r"(?m)^(?:\tpid = |MainPID=)([0-9]{1,10})$", text)
    return int(found.group(1)) if found else 0


def measuring(now):
    """Return whether a benchmark runs here, which renews its lease. Links and files of other accounts are ignored, because any
    account can create such a folder. now: seconds since the epoch."""
    for path in glob.glob(os.path.join(tempfile.gettempdir(), "saf-job-*", "lease")):
        with contextlib.suppress(OSError):
            folder, lease = os.lstat(os.path.dirname(path)), os.lstat(path)
            owned = folder.st_uid == lease.st_uid == os.geteuid()
            if owned and stat.S_ISDIR(folder.st_mode) and stat.S_ISREG(lease.st_mode) and abs(now - lease.st_mtime) < LEASE_S:
                return True
    return False


def say(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


def read_state(path, now):
    try:
        with open(path, encoding="utf-8") as stream:
            state = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    numbers = [state.get(name) if isinstance(state, dict) else None for name in ("since", "asked", "strikes")]
    if any(type(number) not in (int, float) for number in numbers) or type(state.get("unanswered", 0)) not in (int, float):
        return {}  # damaged; what it held is found out again
    return state if state["since"] <= now else {}  # the machine has rebooted


def write_state(path, state):
    partial = path + ".new"
    with open(partial, "w", encoding="utf-8") as stream:
        json.dump(state, stream)
    os.replace(partial, path)


def observe(config, state, port_open, now):
    """Return (what decide() wants to see, why something could not be asked) of a service that is old enough."""
    faults = dict(raylet_faults(raylets(state["pid"])))
    dashboard = config.get("dashboard", "").rpartition(":")
    if dashboard[0] and now - state["since"] >= DASHBOARD_GRACE_S:
        faults["dashboard"] = is_closed(dashboard[0].strip("[]"), int(dashboard[2]))
    seen = {"gcs": None, "used": None, "faults": faults, "moved": is_own(config["host"]) is False}
    if seen["moved"]:
        return seen, ""
    reason = ""
    if must_ask(state, port_open, now):
        seen["gcs"], why, seen["used"] = ask_gcs(config)
        # A failed check is reported once, not twice a minute, and has no consequence.
        reason = why if seen["gcs"] == "failed" else ""
    busy = os.getloadavg()[0] > BUSY_LOAD * (os.cpu_count() or 1)
    healthy = seen["gcs"] in (None, "alive") and not any(faults.values())
    if config.get("task") and healthy and must_task(state, port_open, busy, now):
        faults["wedged"], why = run_task(config)
        seen["tasked"] = True
        reason = reason or (why if faults["wedged"] is None else "")
    return seen, reason


def main(path):
    with open(path, encoding="utf-8") as stream:
        config = json.load(stream)
    if measuring(time.time()) or ("maintenance" in config and os.path.lexists(config["maintenance"])):
        return
    # The wall clock may be changed between two checks.
    now = time.monotonic()
    before = read_state(config["state_file"], now)
    failure = before.get("failure", "")
    state = _without(before, "failure")
    pid = service_pid(config["pid"])
    port_open = bool(pid) and answers(config["host"], config["port"])
    seen = {"pid": pid, "head": config["head"], "gcs": None}
    young = state.get("pid") != pid or now - state["since"] < GRACE_S
    if pid and not young:
        more, reason = observe(config, state, port_open, now)
        seen.update(more)
        if reason and reason != failure:
            say(f"{config['name']}: the cluster could not be asked, so nothing is restarted: {reason}")
        asked = seen["gcs"] is not None or seen.get("tasked")
        failure = reason if asked else failure
    state, restart = decide(state, seen, now)
    tell_changes(config, before, state)
    kept = {**state, **({"failure": failure} if failure else {})}
    if kept != before or not os.path.exists(config["state_file"]):
        write_state(config["state_file"], kept)
    if restart:
        say(f"{config['name']} {restart} while its service is still running: restarting it")
        subprocess.run(config["restart"], check=False)


def tell_changes(config, before, state):
    """Report once what is not healed at once: an address that is gone, a fault of a head in use."""
    if state.get("moved") and not before.get("moved"):
        say(
            f"{config['name']}: its address {config['host']} is on none of its interfaces, so nothing is restarted. Set its"
            " cluster_address in the inventory to the present one, then run site.yml."
        )
    for name, (checks, _since) in state.get("faults", {}).items():
        if checks == FAULTS[name][0]:
            say(f"{config['name']} {FAULTS[name][2]}; it is in use or was restarted for it already, and is restarted later")


if __name__ == "__main__":
    main(sys.argv[1])
