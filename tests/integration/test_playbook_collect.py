"""The archive for a request for help, and the backup of a controller, on this machine without a cluster."""

import getpass
import json
import os
import stat
import subprocess
import sys
import tarfile

import pytest
import yaml

TOKEN = "5e3f" * 16
BECOME = "zebra-crossing-77"
PLANTED = ("hunter22", "elk:99", "MIIEsecretkey")


@pytest.fixture
def play(root, tmp_path):
    """Run a playbook with the inventory of the test: play(playbook, {variables}, [arguments]) -> (status, output)."""

    def run(playbook, variables=None, arguments=()):
        extra = {
            "bench_results_dir": str(tmp_path / "results"),
            "cluster_secrets_dir": str(tmp_path / "secrets"),
            **(variables or {}),
        }
        line = [
            "ansible-playbook",
            "-i",
            str(tmp_path / "inventory"),
            "-e",
            json.dumps(extra),
            *arguments,
            f"playbooks/{playbook}",
        ]
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "200",
        }
        done = subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=240)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


@pytest.fixture
def cluster(tmp_path):
    """Write an inventory of this machine and a node that is not there, and what an installation would have left."""
    me = {
        "ansible_host": "127.0.0.1",
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
        "ansible_become_password": BECOME,
    }
    gone = {"ansible_host": "127.0.0.2", "ansible_port": 1}
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    groups = {"head": {"hosts": {"alpha": me}}, "workers": {"hosts": {"beta": gone}}}
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"cluster": {"children": groups}}))
    settings = {
        "venv_root": str(tmp_path / "saf"),
        "cluster_user": getpass.getuser(),
        "collect_max_file_bytes": 20000,
        "proxy_env": {"https_proxy": "http://u:elk:99@proxy:3128"},
        "ray_environment": {"SOME_KEY": "hunter22"},
    }
    (inventory / "group_vars" / "all.yml").write_text(yaml.safe_dump(settings))
    logs = tmp_path / "saf" / "ray" / "tmp" / "session_2026-11-23_18-00-00_000000_42" / "logs"
    logs.mkdir(parents=True)
    (logs.parent.parent / "session_latest").symlink_to(logs.parent)
    (logs / "raylet.out").write_text(
        "raylet \x1b[31mdied\x1b[0m\n" * 5000 + f"with {TOKEN} and {BECOME}\n--redis-password=hunter22 x\n"
    )
    (logs / "worker-1.out").write_text("printed by a job\n")
    (logs / "leak.log").symlink_to(tmp_path / "saf" / "etc" / "ray-token")
    (tmp_path / "saf" / "etc").mkdir()
    (tmp_path / "saf" / "etc" / "ray.env").write_text(
        'RAY_AUTH_MODE="token"\nRAY_AUTH_TOKEN="hunter22"\nHTTPS_PROXY="http://u:elk:99@p"\n'
    )
    (tmp_path / "saf" / "etc" / "ray-token").write_text(TOKEN)
    (tmp_path / "saf" / "log").mkdir()
    (tmp_path / "saf" / "log" / "ray.log").write_text(
        "-----BEGIN PRIVATE KEY-----\nMIIEsecretkey\n-----END PRIVATE KEY-----\nin /home/alice/x\n"
    )
    (tmp_path / "saf" / "manifest.json").write_text('{"entries": []}')
    secrets = tmp_path / "secrets" / "alpha-127.0.0.1-6380"
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "token").write_text(TOKEN)
    (secrets / "token").chmod(0o600)
    run = tmp_path / "results" / "20261123T181500Z"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"nodes": {}, "said": f"it was {BECOME}"}))


def test_an_archive_has_what_helps_and_no_secret(play, cluster, tmp_path):
    status, printed = play("collect.yml")
    assert status == 0, printed
    assert "nothing of beta" in printed
    (path,) = (tmp_path / "results").glob("saf-collect-alpha-127.0.0.1-6380-*.tar.gz")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as archive:
        texts = {entry.name.partition("/")[2]: archive.extractfile(entry).read().decode() for entry in archive}
    whole = "\n".join([*texts, *texts.values()])
    assert [secret for secret in (TOKEN, BECOME, *PLANTED, "alice", "\x1b") if secret in whole] == []
    assert {"index.md", "status.json", "settings.json", "controller.json", "runs/20261123T181500Z/run.json"} <= set(texts)
    of_alpha = {name.removeprefix("nodes/alpha/") for name in texts if name.startswith("nodes/alpha/")}
    assert {"manifest.json", "machine.json", "hardware.json", "settings.json", "log/ray.log", "ray/raylet.out"} <= of_alpha
    assert {name for name in of_alpha if "worker" in name or "leak" in name} == set()
    assert texts["nodes/alpha/ray/raylet.out"].endswith("with *** and ***\n--redis-password=*** x\n")
    assert len(texts["nodes/alpha/ray/raylet.out"]) <= 20000
    assert json.loads(texts["nodes/alpha/settings.json"]) == {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "(set)"}
    assert json.loads(texts["settings.json"])["beta"]["settings"]["proxy_env"] == {"https_proxy": "http://***@proxy:3128"}
    assert "| beta | all | It does not answer over SSH" in texts["index.md"]
    assert "| alpha | ray/raylet.out | " in texts["index.md"].partition("## Cut")[2].partition("## Files")[0]
    assert json.loads(texts["status.json"])["verdict"] == "unknown"


def test_a_second_controller_has_what_the_first_one_had(play, cluster, tmp_path):
    (tmp_path / "password").write_text("of the backup\n")
    backup, password = tmp_path / "backup.vault", ["--vault-password-file", str(tmp_path / "password")]
    status, printed = play("backup.yml", {"backup_file": str(backup)})
    assert status
    assert "Add --ask-vault-pass" in printed
    assert not backup.exists()
    status, printed = play("backup.yml", {"backup_file": str(backup)}, password)
    assert status == 0, printed
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert backup.read_text().startswith("$ANSIBLE_VAULT")

    second = tmp_path / "second"
    there = {
        "restore_file": str(backup),
        "backup_inventory_dir": str(second / "inventories"),
        "cluster_secrets_dir": str(second / "secrets"),
        "bench_results_dir": str(second / "results"),
    }
    status, printed = play("restore.yml", there, password)
    assert status == 0, printed
    token = second / "secrets" / "alpha-127.0.0.1-6380" / "token"
    assert token.read_text() == TOKEN
    assert [stat.S_IMODE(path.stat().st_mode) for path in (token, token.parent, token.parent.parent)] == [0o600, 0o700, 0o700]
    for name in ("hosts.yml", "group_vars/all.yml"):
        assert (second / "inventories" / "inventory" / name).read_text() == (tmp_path / "inventory" / name).read_text()
    assert (second / "results" / "latest" / "run.json").exists()
    token.write_text("another")
    status, printed = play("restore.yml", there, password)
    assert status
    assert f"Nothing was restored: {token} would be replaced" in printed
    assert token.read_text() == "another"
