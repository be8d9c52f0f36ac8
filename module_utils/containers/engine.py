"""Container engines of a node: which one answers, its compose command, and what it reports of a project. No judgment."""

from __future__ import annotations

import json
import os
import shutil

from ..system import bounded

LABEL = "org.studio-air-fabric.project"
DIGEST = "org.studio-air-fabric.digest"
_ASK_SECONDS = 30
_OF_A_MAC = ["/usr/local/bin", "/opt/homebrew/bin"]
_MOST = 400  # characters of a reason


def run(command, timeout=_ASK_SECONDS, cwd=None):
    """Return (exit status, output, error); a program that is not there or takes too long has status 127 or 124."""
    try:
        return bounded.run(command, timeout, cwd=cwd)
    except bounded.TimedOut as error:
        return 124, "", str(error)
    except ValueError as error:  # a NUL in an argument
        return 127, "", str(error)


def reason(text):
    """Return why an image is not available, with what to type where the engine does not say it."""
    said = last_line(text)
    if "short-name" in text:
        return f"{said}. Name the registry too: -e containers_image=<registry>/rayproject/ray:<tag>, or containers_base_image"
    return said


def last_line(text):
    """Return the last line that says something, for a message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_MOST] if lines else "it gave no reason"


def described(text):
    """Return what `info` of docker or podman prints as JSON, in one shape; {} where no engine answers.

    The command docker may be podman's: the shape of the answer decides.
    """
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(answer, dict):
        return {}
    if isinstance(answer.get("host"), dict):
        host, version = answer["host"], answer.get("version")
        return {
            "name": "podman",
            "version": str((version if isinstance(version, dict) else {}).get("Version", "")),
            "memory_mib": int(host.get("memTotal") or 0) // 2**20,
            "cpus": int(host.get("cpus") or 0),
            "machine": str(host.get("arch", "")),
            "rootless": bool((host.get("security") or {}).get("rootless")),
        }
    if not answer.get("ServerVersion"):
        return {}
    return {
        "name": "docker",
        "version": str(answer["ServerVersion"]),
        "memory_mib": int(answer.get("MemTotal") or 0) // 2**20,
        "cpus": int(answer.get("NCPU") or 0),
        "machine": str(answer.get("Architecture", "")),
        "rootless": any("rootless" in str(option) for option in answer.get("SecurityOptions") or []),
    }


def which(name):
    """Return the path of a program, None without one.

    A login over SSH on a Mac does not look where Homebrew and Docker Desktop put theirs. Root does not look there: whoever owns
    these folders would be root.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep) + ([] if os.geteuid() == 0 else _OF_A_MAC)
    return shutil.which(name, path=os.pathsep.join(folders))


def ask(name):
    """Return (description, reason): an engine's own, or why there is none."""
    path = which(name)
    if not path:
        return {}, f"{name} is not installed"
    status, output, error = run([path, "info", "--format", "{{json .}}"])
    found = described(output)
    if found:
        return {**found, "path": path}, ""
    return {}, f"{name} does not answer ({last_line(error) if status or error else 'no server'})"


def compose_of(engine):
    """Return (command, version) of compose for an engine, ([], "") where there is none."""
    ways = {
        "docker": [[engine["path"], "compose"], ["docker-compose"]],
        "podman": [["podman-compose"], [engine["path"], "compose"]],
    }[engine["name"]]
    for way in ways:
        path = which(way[0])
        if not path:
            continue
        status, output, _error = run([path, *way[1:], "version"])
        if status == 0:
            return [path, *way[1:]], last_line(output)
    return [], ""


def containers(path, project):
    """Return the containers of a project: name, digest, running, state, health, restarts."""
    status, output, error = run([path, "ps", "--all", "--quiet", "--filter", f"label={LABEL}={project}"])
    if status:
        raise OSError(f"{os.path.basename(path)} does not list its containers: {last_line(error)}")
    found = []
    for one in output.split():
        status, text, _error = run([path, "inspect", "--type", "container", one])
        if status == 0:  # one that ends meanwhile is no container any more
            found += [inspected(item) for item in json.loads(text)]
    return sorted(found, key=lambda item: item["name"])


def inspected(item):
    """Return what is wanted of an answer of `inspect`; podman says Healthcheck or Health, by its release."""
    state = item.get("State") or {}
    health = state.get("Health") or state.get("Healthcheck") or {}
    labels = (item.get("Config") or {}).get("Labels") or {}
    return {
        "name": str(item.get("Name", "")).lstrip("/"),
        "digest": str(labels.get(DIGEST, "")),
        "state": str(state.get("Status", "")),
        "running": bool(state.get("Running")),
        "health": str(health.get("Status", "")),
        "restarts": int(item.get("RestartCount") or 0),
    }


def has_image(path, image):
    """Return whether an engine has an image."""
    return run([path, "image", "inspect", image])[0] == 0


def has_network(path, name):
    """Return whether an engine has a network."""
    return run([path, "network", "inspect", name])[0] == 0
