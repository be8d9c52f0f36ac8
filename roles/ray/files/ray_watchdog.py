"""Brings a half-dead Ray node back: one check, started by launchd or systemd every so often.

`ray start --block` outlives its children when they end by SIGTERM: the supervisor sees a running process, the cluster has
lost the node. So the raylet's port is tried, and the GCS is asked when that port is closed (and now and then when it is open,
for a raylet that hangs). Nothing is done while the service is stopped or young, while a worker's head is away (its raylet ends
by itself then, and the supervisor starts it again), or while a measurement runs.

It runs as root on an interpreter of root's, with the standard library alone. The question to Ray needs the venv's interpreter,
which need not be root's (Homebrew): it is asked in a child that runs as the service account, by ray_membership.py.

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

GRACE_S = 90  # a node joins within this time after its start
ASK_S = 300  # how often the GCS is asked about a node whose port answers: a start of Python with Ray each time
STRIKES = 2
# A busy head answers late. Restarting it ends every job of the cluster, so its silence counts in minutes, however often we ask.
UNANSWERED_S = 900
QUESTION_S = 60
LEASE_S = 30
_MOST = 1 << 20  # bytes of an answer


def decide(state, seen, now):
    """Return (new state, whether to restart).

    state: {pid, since, asked, strikes, unanswered} of the last check; seen: {pid, head, gcs}; now: seconds. gcs is None when it
    was not asked, else one of
      "alive", "gone"   what the GCS says of this node
      "closed"          nothing listens at its port
      "unanswered"      it listens, and did not answer the question
      "failed"          the question could not be put: our own fault, which says nothing about the node
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
        # The head's GCS is one of its own children: that nothing listens is the head's fault, and no worker's.
        lost = gcs == "gone" or (gcs == "closed" and seen["head"])
        strikes, unanswered = strikes + 1 if lost else 0, None
    hung = seen["head"] and unanswered is not None and now - unanswered >= UNANSWERED_S
    if strikes >= STRIKES or hung:
        return fresh, True
    asked = now if gcs in ("alive", "gone", "failed") else state["asked"]
    state = {key: value for key, value in state.items() if key != "unanswered"}
    return {**state, "asked": asked, "strikes": strikes, **({} if unanswered is None else {"unanswered": unanswered})}, False


def must_ask(state, port_open, now):
    """Tell whether this check includes a question to the GCS."""
    pending = state.get("strikes", 0) > 0 or state.get("unanswered") is not None
    return not port_open or pending or now - state.get("asked", now) >= ASK_S


def answers(host, port):
    """Tell whether a connection comes about within 3 s."""
    try:
        socket.create_connection((host, port), timeout=3).close()
        return True
    except OSError:
        return False


def is_closed(host, port):
    """Tell whether nothing listens at the GCS's port; no answer in time is no proof of that."""
    try:
        socket.create_connection((host, port), timeout=3).close()
        return False
    except socket.timeout:
        return False
    except OSError:
        return True


def interpret(events, returncode):
    """Return (answer of decide(), reason) for what the child said.

    events: its JSON lines as dicts; returncode: None where it did not end in time, negative for a signal.
    """
    said = {key: value for event in events if isinstance(event, dict) for key, value in event.items()}
    if "alive" in said:
        return ("alive" if said["alive"] is True else "gone"), ""
    if "unanswered" in said:
        return "unanswered", str(said["unanswered"])
    ended = "did not end in time" if returncode is None else f"ended with {returncode}"
    # Ray's client ends its process by SIGABRT, or waits for ever, where the GCS goes away meanwhile.
    if "asking" in said and (returncode is None or returncode < 0):
        return "unanswered", f"the client of the GCS {ended}"
    return "failed", str(said.get("failed", f"the question {ended}"))


def become(user):
    """Return what the child calls before it starts the program; None where we are not root or the account is."""
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
    """Yield the JSON documents of the lines that are one; libraries print as well."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def service_pid(argv):
    """Return the pid in the supervisor's answer (launchctl print, systemctl show --property=MainPID), 0 without a process."""
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = re.search(r"(?m)^(?:\tpid = |MainPID=)(\d+)$", text)
    return int(found.group(1)) if found else 0


def measuring(now):
    """Tell whether a measurement of bench.yml runs here: it renews its lease. Only one of our own account counts, and no link:
    anybody may make such a folder. now: seconds since the epoch."""
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
    except (OSError, ValueError):
        return {}
    return state if state.get("since", 0) <= now else {}  # the machine was started anew


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
    # Not the clock of the wall: it may be set while we sleep.
    now = time.monotonic()
    before = read_state(config["state_file"], now)
    failure = before.get("failure", "")
    state = {key: value for key, value in before.items() if key != "failure"}
    seen = {"pid": service_pid(config["pid"]), "head": config["head"], "gcs": None}
    port_open = bool(seen["pid"]) and answers(config["host"], config["port"])
    young = state.get("pid") != seen["pid"] or now - state["since"] < GRACE_S
    if seen["pid"] and not young and must_ask(state, port_open, now):
        seen["gcs"], reason = ask_gcs(config)
        # A failure of our own is said once, not twice a minute, and counts as nothing.
        reason = reason if seen["gcs"] == "failed" else ""
        if reason and reason != failure:
            say(f"{config['name']}: the cluster could not be asked, nothing follows from that: {reason}")
        failure = reason
    state, restart = decide(state, seen, now)
    kept = {**state, **({"failure": failure} if failure else {})}
    if kept != before or not os.path.exists(config["state_file"]):
        write_state(config["state_file"], kept)
    if restart:
        say(f"{config['name']} is gone from the cluster ({seen['gcs']}) while its service runs: restart")
        subprocess.run(config["restart"], check=False)


if __name__ == "__main__":
    main(sys.argv[1])
