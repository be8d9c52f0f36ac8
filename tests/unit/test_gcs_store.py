"""How the head's Ray gets the password of its store, and what of the store every account may read."""

import json
import stat
import subprocess
import sys

import yaml
from tests.support.role_files import role_vars

from ansible_collections.saf.fabric.plugins.module_utils.services import service_state, systemd

SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], {k: v for k, v in os.environ.items() if k.startswith('RAY_')}]))"


def shell(root):
    return role_vars(root, "ray")["_ray_gcs_store_shell"].strip()


def start(root, password_file):
    """Start a program as the unit starts Ray."""
    argv = ["/bin/sh", "-c", shell(root), "gcs-store-1", "127.0.0.1:6389", "saf-a-2.49.1", str(password_file)]
    argv += [sys.executable, "-c", SHOW, "--head", '--resources={"a b": 1}']
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_password_comes_from_its_file_and_the_addresses_by_the_environment(root, tmp_path):
    (tmp_path / "password").write_text("s3 cret")
    done = start(root, tmp_path / "password")
    arguments, environment = json.loads(done.stdout)
    assert arguments == ["--head", '--resources={"a b": 1}', "--redis-password=s3 cret"]
    assert environment["RAY_REDIS_ADDRESS"] == "127.0.0.1:6389"
    assert environment["RAY_external_storage_namespace"] == "saf-a-2.49.1"


def test_without_the_file_ray_is_not_started(root, tmp_path):
    done = start(root, tmp_path / "missing")
    assert done.returncode != 0
    assert done.stdout == ""


def test_unit_expands_nothing_of_the_shell(root):
    quoted = systemd.quote(shell(root))
    assert "$1" in shell(root)
    assert quoted.count("$$") == quoted.count("$") / 2


def test_status_reads_the_address_of_a_head_with_a_store(root):
    command = f"ExecStart=/bin/sh -c '{shell(root)}' gcs-store-1 127.0.0.1:6389 x /p /opt/saf/bin/ray --node-ip-address=10.0.0.1"
    assert service_state.configured(command) == {"address": "10.0.0.1", "head": None}


def password_script(root):
    """Return the task that makes the password."""
    tasks = yaml.safe_load((root / "roles/gcs_store/tasks/store.yml").read_text())
    return next(task["ansible.builtin.shell"] for task in tasks if "ansible.builtin.shell" in task)


def make(root, folder):
    """Run that task in a folder; return what it printed."""
    account = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    names = {"PASSWORD": str(folder / "password"), "ACL": str(folder / "acl"), "READER": account, "STORE": account}
    script = password_script(root)
    argv = [script["executable"], "-c", script["cmd"]]
    environment = {"PATH": "/usr/bin:/bin", "COMMANDS": "~* +@all", **names}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment, timeout=60).stdout


def test_password_is_made_once_and_redis_gets_its_digest(root, tmp_path):
    assert make(root, tmp_path) == "written\n"
    password = (tmp_path / "password").read_text()
    assert len(password) >= 40
    assert password.isalnum()
    digest = subprocess.run(["sha256sum"], input=password, capture_output=True, text=True, check=True).stdout.split()[0]
    assert (tmp_path / "acl").read_text() == f"user default on #{digest} ~* +@all\n"
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("password", "acl")] == [0o400, 0o400]
    assert make(root, tmp_path) == ""
    assert (tmp_path / "password").read_text() == password


def test_an_interrupted_or_lost_half_is_made_again(root, tmp_path):
    make(root, tmp_path)
    password, line = ((tmp_path / name).read_text() for name in ("password", "acl"))
    (tmp_path / "acl").unlink()
    (tmp_path / "acl.new").write_text("half")
    assert make(root, tmp_path) == "written\n"
    assert (tmp_path / "acl").read_text() == line
    (tmp_path / "password").unlink()
    (tmp_path / "password.new").write_text("half")
    assert make(root, tmp_path) == "written\n"
    assert (tmp_path / "password").read_text() != password
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acl", "password"]


def test_configuration_that_everybody_may_read_has_no_secret_and_only_loopback(root):
    text = (root / "roles/gcs_store/templates/gcs_store.conf.j2").read_text()
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    settings = {line[0]: line[1] for line in lines}
    assert settings["bind"] == "127.0.0.1"
    assert settings["protected-mode"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert not {"requirepass", "masterauth"} & set(settings)
