"""Runs inside a separate network namespace: one Ray with token and TLS, and everybody who tries to talk to it.

usage: secured_ray.py CONFIG   JSON: {venv, folder, good, ports}; prints one JSON document: what each of them got.
"""

import contextlib
import glob
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "library")]

import ray_cluster_info  # noqa: E402 the path is set above
import url_answer  # noqa: E402

GCS = "127.0.0.1:6380"
AGENT = 6384
_JOB = {"entrypoint": "echo ran"}
_DRIVER = """
import ray_settings_file, sys
ray_settings_file.apply(sys.argv[1])
import ray
ray.init(address=sys.argv[2], log_to_driver=False, logging_level=40)
print(ray.get(ray.remote(lambda: "ran").remote(), timeout=60))
"""


def environment(config, settings):
    bare = {"PATH": f"{config['venv']}/bin:/usr/bin:/bin:/sbin:/usr/sbin", "HOME": config["folder"], "LC_ALL": "C"}
    return {**bare, "RAY_USAGE_STATS_ENABLED": "0", **settings}


def start(config, settings, *options):
    """Start one node of Ray in the foreground of its own process group."""
    program = [f"{config['venv']}/bin/python", str(ROOT / "roles/ray/files/ray_start.py"), f"{config['folder']}/maintenance.json"]
    argv = [
        *program,
        f"{config['venv']}/bin/ray",
        "start",
        "--block",
        "--disable-usage-stats",
        "--object-store-memory=100000000",
        *options,
    ]
    log = open(Path(config["folder"]) / f"{options[0].strip('-').partition('=')[0]}.log", "ab")  # noqa: SIM115 the child has it
    return subprocess.Popen(argv, env=environment(config, settings), stdout=log, stderr=log, start_new_session=True)


class Head:
    """The head, started again when it ends, as a supervisor does: a busy machine exceeds Ray's own 30 s."""

    def __init__(self, config, settings):
        temp = f"--temp-dir={config['folder']}/t"
        options = ["--port=6380", "--node-ip-address=127.0.0.1", "--node-name=alpha", "--num-cpus=1", temp]
        self._start = lambda: start(config, settings, "--head", f"--dashboard-agent-listen-port={AGENT}", *options)
        self.process = self._start()

    def keep(self):
        if self.process.poll() is not None:
            self.process = self._start()


def members(config, settings_file, timeout=20):
    """Return (names of the nodes that are alive, reason) as the product's probe sees it."""
    result, reason = ray_cluster_info.ask(f"{config['venv']}/bin/python", GCS, timeout, None, str(settings_file))
    return sorted(node["name"] for node in result["nodes"] if node["alive"]) if result else [], reason


def wait(config, settings_file, names, seconds, head):
    """Return the members once they are ``names``, or the last ones and the reason."""
    end = time.monotonic() + seconds
    while True:
        found, reason = members(config, settings_file)
        if found == names or time.monotonic() > end:
            return found, reason
        head.keep()
        time.sleep(1)


def status_of(port, path, token="", body=None):
    """Return the status of HTTP, 0 where nothing answers."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def driver(config, settings_file, seconds):
    """Return what a driver of a person prints, "" where it is refused."""
    (Path(config["folder"]) / "driver.py").write_text(_DRIVER)
    argv = [f"{config['venv']}/bin/python", "driver.py", str(settings_file), GCS]
    place = {"PYTHONPATH": str(ROOT / "module_utils" / "services")}
    try:
        done = subprocess.run(
            argv,
            env=environment(config, place),
            cwd=config["folder"],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip()


def watchdog(config, settings_file):
    """Return what the watchdog's question prints."""
    etc = Path(config["folder"]) / "etc"
    etc.mkdir(exist_ok=True)
    for file in ("roles/ray/files/ray_membership.py", "module_utils/services/ray_settings_file.py"):
        (etc / file.rpartition("/")[2]).write_text((ROOT / file).read_text())
    argv = [f"{config['venv']}/bin/python", "-I", str(etc / "ray_membership.py"), GCS, "alpha", str(settings_file)]
    done = subprocess.run(argv, env={"PATH": os.defpath}, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.splitlines()[-1:]


def seen_in_processes(secret):
    """Return the files of /proc (command lines, environments) that hold a text."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if secret.encode() in Path(path).read_bytes():
                found.append(path)
    return found


def end_raylet(supervisor):
    """End the raylet of a node by SIGTERM; return how its supervisor ends, None if it stays."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = Path(path).read_text().partition(" ")
            if rest.startswith("(raylet)") and rest.split()[2] == str(supervisor.pid):
                os.kill(int(pid), signal.SIGTERM)
    try:
        return supervisor.wait(30)
    except subprocess.TimeoutExpired:
        return None


def settings_file(config, name, settings):
    path = Path(config["folder"]) / f"{name}.env"
    path.write_text("".join(f'{key}="{value}"\n' for key, value in settings.items()))
    return path


def main(path):
    config = json.loads(Path(path).read_text())
    good, said = config["good"], {}
    files = {name: settings_file(config, name, settings) for name, settings in {"good": good, **config["bad"]}.items()}
    token_file = good.get("RAY_AUTH_TOKEN_PATH", "")
    token = Path(token_file).read_text().strip() if token_file else ""
    head = Head(config, good)
    try:
        said["good"] = wait(config, files["good"], ["alpha"], 150, head)
        said["driver"] = driver(config, files["good"], 90)
        said["watchdog"] = watchdog(config, files["good"])
        url = "http://127.0.0.1:8265/api/version"
        end = time.monotonic() + 60
        while url_answer.ask(url, token_file) and time.monotonic() < end:
            time.sleep(1)
        said["dashboard"] = [url_answer.ask(url, token_file), url_answer.ask(url)]
        said["job"] = {
            "without": status_of(AGENT, "/api/job_agent/jobs/", body=_JOB),
            "wrong": status_of(AGENT, "/api/job_agent/jobs/", "0" * 64, body=_JOB),
            "with": status_of(AGENT, "/api/job_agent/jobs/", token, body=_JOB),
        }
        said["seen"] = seen_in_processes(token) if token else []
        for name in config["bad"]:
            said[name] = members(config, files[name], 8)
        said["driver without"] = driver(config, files["no_certificate"], 20)
        more = ["--address=127.0.0.1:6380", "--node-ip-address=127.0.0.1", "--num-cpus=1"]
        stranger = start(config, config["bad"]["wrong_token" if token else "no_certificate"], *more, "--node-name=stranger")
        time.sleep(15)
        said["stranger"] = members(config, files["good"])
        stranger.terminate()
        worker = start(config, good, *more, "--node-name=beta")
        said["worker"] = wait(config, files["good"], ["alpha", "beta"], 90, head)
        said["raylet ended"] = end_raylet(worker)
        worker.terminate()
    finally:
        head.process.terminate()
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
