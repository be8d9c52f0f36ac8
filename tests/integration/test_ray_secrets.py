"""A real Ray with token and TLS, in a separate network namespace: who gets in, and who does not."""

import datetime
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import settings

from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import Store

STACKS = ("studio-2025", "current")
TLS = ("RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT")


def venv_of(root, name):
    """Return the folder of a venv with the stack's Ray and its dependencies as locked; kept between runs."""
    lock = root / "stacks" / name / "requirements.lock"
    folder = root / ".cache" / "test-ray" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not (folder / "ready").exists():
        # A shim of pyenv answers for no version that is not chosen; elsewhere uv finds or downloads one.
        ours = sorted(map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python")))
        python = (ours or ["3.13"])[-1]
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", python, str(folder)], check=True, timeout=300)
        packages = [f"ray[default]=={settings.stack(name)['pins']['ray']}", "--constraint", str(lock)]
        command = ["uv", "pip", "install", "--quiet", "--python", f"{folder}/bin/python", *packages]
        subprocess.run(command, check=True, timeout=600)
        (folder / "ready").touch()
    return folder


def files_of(store, node):
    row = {"RAY_TLS_SERVER_CERT": f"nodes/{node}.crt", "RAY_TLS_SERVER_KEY": f"nodes/{node}.key", "RAY_TLS_CA_CERT": "ca.crt"}
    return {name: str(store.folder / file) for name, file in row.items()}


@pytest.fixture(scope="module", params=STACKS)
def stack(request):
    return settings.stack(request.param)


@pytest.fixture(scope="module")
def has_token(stack):
    return stack["capabilities"]["token_authentication"]


@pytest.fixture(scope="module")
def said(request, stack, has_token, tmp_path_factory):
    """Return what everybody got who talked to one secured Ray."""
    folder = tmp_path_factory.mktemp("r")
    now = datetime.datetime.now(datetime.timezone.utc)
    mine, other = (Store(folder / name, "alpha", now, "rotate") for name in ("mine", "other"))
    for store in (mine, other):
        with store.locked():
            store.token()
            store.certificates({"alpha": ["127.0.0.1"]})
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(mine.folder / "token")} if has_token else {}
    good = {**token, "RAY_USE_TLS": "1", **files_of(mine, "alpha")}
    bad = {"no_certificate": token, "wrong_certificate": {**good, **{name: files_of(other, "alpha")[name] for name in TLS[:2]}}}
    if has_token:
        bad["no_token"] = {**good, "RAY_AUTH_MODE": "disabled"}
        bad["wrong_token"] = {**good, "RAY_AUTH_TOKEN_PATH": str(other.folder / "token")}
    config = folder / "config.json"
    venv = venv_of(request.config.rootpath, stack["name"])
    config.write_text(json.dumps({"venv": str(venv), "folder": str(folder), "good": good, "bad": bad}))
    inside = f"ip link set lo up && exec {sys.executable} {request.config.rootpath}/tests/support/secured_ray.py {config}"
    apart = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    apart += ["--map-root-user"] if os.geteuid() else []
    done = subprocess.run([*apart, "sh", "-c", inside], capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_probe_a_driver_and_the_watchdog_get_in_with_what_the_service_has(said):
    assert said["good"] == [["alpha"], ""]
    assert said["driver"] == "ran"
    assert said["watchdog"] == ['{"alive": true}']


def test_nobody_else_gets_an_answer_of_the_gcs(said, has_token):
    wrong = ["no_certificate", "wrong_certificate", *(["no_token", "wrong_token"] if has_token else [])]
    for who in wrong:
        members, reason = said[who]
        assert (who, members) == (who, [])
        assert reason.startswith("The GCS at 127.0.0.1:6380 could not be asked: ")


def test_a_driver_without_a_certificate_runs_nothing(said):
    assert said["driver without"] == ""


def test_a_node_with_wrong_secrets_does_not_join_and_one_with_the_right_ones_does(said):
    assert said["stranger"] == [["alpha"], ""]
    assert said["worker"] == [["alpha", "beta"], ""]


def test_a_node_whose_raylet_ends_by_sigterm_ends_itself_so_that_it_is_started_again(said):
    assert said["raylet ended"] == 1


def test_a_job_on_the_agents_port_needs_the_token_and_tls_does_not_cover_it(said, has_token):
    """The second half is what docs/security.md says of the stack without tokens."""
    wanted = {"without": 401, "wrong": 403, "with": 200} if has_token else {"without": 200, "wrong": 200, "with": 200}
    assert said["job"] == wanted


def test_the_dashboard_answers_with_the_token_alone(said, has_token):
    assert said["dashboard"][0] == ""
    assert ("401" in said["dashboard"][1]) == has_token


def test_no_command_line_and_no_environment_has_the_token(said):
    assert said["seen"] == []
