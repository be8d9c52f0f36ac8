"""Prometheus' programs: where they are, and servers on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / ".cache" / "prometheus" / "bin"  # tools/unpack_prometheus.sh


def program(*names):
    """Return the path of the first of a program's names that is there; without one the test fails and says what to do."""
    path = os.pathsep.join([os.environ.get("PATH", ""), str(UNPACKED)])
    found = next((found for name in names if (found := shutil.which(name, path=path))), None)
    assert found, f"{names[0]} is neither in PATH nor in {UNPACKED}: run tools/unpack_prometheus.sh, or install it"
    return found


def promtool(*arguments, text=None, cwd=None):
    """Run promtool and return its exit status and all it said."""
    done = subprocess.run([program("promtool"), *arguments], input=text, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def free_ports(number):
    """Return ports of loopback that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(command, log):
    """Run a server until the block ends; log: the file of its output."""
    with open(log, "w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def get(port, path, **parameters):
    """Return the data of an answer of Prometheus' HTTP interface."""
    address = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)["data"]


def query(port, expression):
    """Return [(labels, value)] of an instant query."""
    return [(one["metric"], float(one["value"][1])) for one in get(port, "query", query=expression)["result"]]


@contextlib.contextmanager
def server(folder, textfiles, rules):
    """Run node_exporter over a folder of text files and a Prometheus that scrapes it; yield Prometheus' port once it has data.

    folder: for its configuration, data and logs; rules: path of a file of rules.
    """
    exporter_port, port = free_ports(2)
    target = f"127.0.0.1:{exporter_port}"
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    exporter = [
        program("node_exporter", "prometheus-node-exporter"),
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={textfiles}",
        f"--web.listen-address={target}",
    ]
    prometheus = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def scraped():
        with contextlib.suppress(OSError):
            return bool(query(port, "saf_run_info"))

    def logs():
        return "the first scrape:\n" + "\n".join((folder / name).read_text() for name in ("exporter.log", "prometheus.log"))

    with running(exporter, folder / "exporter.log"), running(prometheus, folder / "prometheus.log"):
        wait_for(scraped, logs, seconds=60)
        yield port
