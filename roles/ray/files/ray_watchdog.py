"""Restarts a Ray node that has left the cluster: one check, started by launchd or systemd at an interval.

`ray start --block` outlives its children when they end by SIGTERM: the supervisor sees a running process, but the cluster has
lost the node. So the raylet's port is checked, and the GCS is asked if that port is closed (and every few minutes if it is
open, to find a raylet that hangs). Nothing is done while the service is stopped or has just started, while the head of a worker
is not running (its raylet ends then, and the supervisor restarts it), or while a benchmark runs.

It runs as root on an interpreter that only root can write, with the standard library alone. Asking Ray needs the venv's
interpreter, which others may write (Homebrew): ray_membership.py does it in a child that runs as the service account.

usage: ray_watchdog.py CONFIG
  JSON: {name, head, host, port, gcs, user, python, question, state_file, pid: argv, restart: argv}
"""

import contextlib
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
ASK_S = 300  # interval at which the GCS is asked about a node whose port answers; each time starts Python with Ray
STRIKES = 2
# A busy head answers late, and restarting it ends every job of the cluster: it is restarted only after minutes without an answer.
UNANSWERED_S = 900
QUESTION_S = 60
LEASE_S = 30
_MOST = 1 << 20  # bytes of an answer


def decide(state, seen, now):
    """Return (new state, whether to restart).

    state: {pid, since, asked, strikes, unanswered} of the last check; seen: {pid, head, gcs}; now: seconds. gcs is None if it was
    not asked, else one of
      "alive", "gone"   the state of this node in the GCS
      "closed"          nothing listens on the port of the GCS
      "unanswered"      the GCS listens and did not answer
      "failed"          the GCS could not be asked, which proves nothing about the node
    """
    if not seen["pid"]:
        return {}, False
    fresh = {"pid": seen["pid"], "since": now, "asked": now, "strikes": 0}
    if state.get("pid") != seen["pid"]:
        return fresh, False
    if now - state["since"] < GRACE_S:
        return state, False
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
        return fresh, True
    asked = now if gcs in ("alive", "gone", "failed") else state["asked"]
    state = {key: value for key, value in state.items() if key != "unanswered"}
    return {**state, "asked": asked, "strikes": strikes, **({} if unanswered is None else {"unanswered": unanswered})}, False


def must_ask(state, port_open, now):
    """Return whether this check asks the GCS."""
    pending = state.get("strikes", 0) > 0 or state.get("unanswered") is not None
    return not port_open or pending or now - state.get("asked", now) >= ASK_S


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
    """Return what interpret() returns."""
    host, _, port = config["gcs"].rpartition(":")
    if is_closed(host, int(port)):
        return "closed", ""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [config["python"], "-I", config["question"], config["gcs"], config["name"]]
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
                preexec_fn=become(config["user"]),  # noqa: PLW1509 one thread; Popen's own options need Python 3.9
            )
        except (OSError, KeyError, subprocess.SubprocessError) as error:
            return "failed", f"{argv[0]} could not be started as {config['user']}: {error}"
        try:
            returncode = child.wait(QUESTION_S)
        except subprocess.TimeoutExpired:
            returncode = None
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        output.seek(0)
        text = output.read(_MOST).decode("utf-8", "replace")
    return interpret(list(parse_lines(text)), returncode)


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


def main(path):
    with open(path, encoding="utf-8") as stream:
        config = json.load(stream)
    if measuring(time.time()):
        return
    # The wall clock may be changed between two checks.
    now = time.monotonic()
    before = read_state(config["state_file"], now)
    failure = before.get("failure", "")
    state = {key: value for key, value in before.items() if key != "failure"}
    seen = {"pid": service_pid(config["pid"]), "head": config["head"], "gcs": None}
    port_open = bool(seen["pid"]) and answers(config["host"], config["port"])
    young = state.get("pid") != seen["pid"] or now - state["since"] < GRACE_S
    if seen["pid"] and not young and must_ask(state, port_open, now):
        seen["gcs"], reason = ask_gcs(config)
        # A failed check is reported once, not twice a minute, and has no consequence.
        reason = reason if seen["gcs"] == "failed" else ""
        if reason and reason != failure:
            say(f"{config['name']}: the cluster could not be asked, so nothing is restarted: {reason}")
        failure = reason
    state, restart = decide(state, seen, now)
    kept = {**state, **({"failure": failure} if failure else {})}
    if kept != before or not os.path.exists(config["state_file"]):
        write_state(config["state_file"], kept)
    if restart:
        say(f"{config['name']} has left the cluster ({seen['gcs']}) while its service is still running: restarting it")
        subprocess.run(config["restart"], check=False)


if __name__ == "__main__":
    main(sys.argv[1])
