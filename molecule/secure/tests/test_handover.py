"""A cluster with token and TLS: its archive has no secret, and a second checkout takes over from a backup."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.support import output, playbooks, settings

RUN = "20261123T181500Z"


@pytest.fixture(scope="module")
def past():
    """A run in the results of the first controller, which the second one has to know."""
    folder = settings.results() / RUN
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"nodes": {}}))
    yield folder
    shutil.rmtree(folder)


def test_the_archive_of_a_cluster_at_work_has_its_logs_and_no_secret(saf_playbook, nodes, past):
    done = saf_playbook("playbooks/collect.yml")
    assert done.rc == 0, done.output
    assert done.changed == {}
    path = max(settings.results().glob("saf-collect-*.tar.gz"), key=os.path.getmtime)
    with tarfile.open(path) as archive:
        texts = {entry.name.partition("/")[2]: archive.extractfile(entry).read().decode() for entry in archive}
    path.unlink()
    (folder,) = (settings.ephemeral() / "secrets").iterdir()
    secrets = [(folder / "token").read_text().strip()]
    for key in (folder / "ca.key", *(folder / "nodes").glob("*.key")):
        secrets += [line for line in key.read_text().splitlines() if len(line) > 20 and "PRIVATE" not in line]
    assert len(secrets) > len(nodes)
    assert [name for name, text in texts.items() if any(secret in text for secret in secrets)] == []
    for node in nodes:
        of_node = {name.removeprefix(f"nodes/{node}/"): text for name, text in texts.items() if name.startswith(f"nodes/{node}/")}
        assert {"manifest.json", "machine.json", "service/definitions.txt", "log/ray-journal.log", "ray/raylet.out"} <= set(
            of_node
        )
        assert "ExecStart=" in of_node["service/definitions.txt"]
        assert "ActiveState=active" in of_node["service/state.txt"]
        assert json.loads(of_node["settings.json"])["RAY_USE_TLS"] == "1"
    assert json.loads(texts["status.json"])["verdict"] == "healthy"
    print({node: sorted(name for name in texts if name.startswith(f"nodes/{node}/")) for node in nodes})
    print(texts["index.md"])


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A second checkout with an empty home: run(playbook, variables, arguments) -> Outcome; run.folder."""
    folder = tmp_path_factory.mktemp("second")
    clone, home = folder / "clone", folder / "home"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=settings.ROOT, capture_output=True, check=True).stdout
    clone.mkdir()
    home.mkdir()
    for name in filter(None, listed.decode().split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(settings.ROOT / name, clone / name, follow_symlinks=False)

    def run(playbook, *arguments, **variables):
        line = ["ansible-playbook", *arguments, "-e", json.dumps(variables), playbook]
        more = {"ANSIBLE_CONFIG": str(clone / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "HOME": str(home), **output.ENVIRONMENT}
        done = subprocess.run(
            line, cwd=clone, env={**os.environ, **more}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return playbooks.outcome(done.returncode, done.stdout + done.stderr)

    run.folder = folder
    return run


def test_a_second_controller_restores_a_backup_and_changes_nothing(saf_playbook, second, past):
    """The addresses of keys in the inventory stay, so both read the same SSH key; secrets and runs are the restored ones."""
    password, backup = second.folder / "password", second.folder / "backup.vault"
    password.write_text("of the backup\n")
    done = saf_playbook("playbooks/backup.yml", {"backup_file": str(backup)}, arguments=["--vault-password-file", str(password)])
    assert done.rc == 0, done.output
    places = {"cluster_secrets_dir": str(second.folder / "secrets"), "bench_results_dir": str(second.folder / "results")}
    vault = ("--vault-password-file", str(password))
    done = second("playbooks/restore.yml", *vault, restore_file=str(backup), **places)
    assert done.rc == 0, done.output
    (first,) = (settings.ephemeral() / "secrets").iterdir()
    (restored,) = Path(places["cluster_secrets_dir"]).iterdir()
    names = sorted(path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file() and path.name != ".lock")
    assert "ca.key" in names
    assert [name for name in names if (first / name).read_bytes() != (restored / name).read_bytes()] == []
    inventory = ("-i", f"inventory/{settings.inventory_path().name}")
    # A release of the wheels is downloaded again by a new controller; that takes minutes and proves nothing here.
    places["cluster_controller_cache"] = str(settings.ROOT / ".cache")
    checked = second("site.yml", *inventory, "--check", **places)
    assert checked.rc == 0, checked.output
    assert checked.changed == {}
    provisioned = second("site.yml", *inventory, **places)
    assert provisioned.rc == 0, provisioned.output
    assert provisioned.changed == {}
    status = second("playbooks/status.yml", *inventory, **places)
    assert status.rc == 0, status.output
    assert (Path(places["bench_results_dir"]) / "latest").resolve().name == RUN
    print({"check": checked.counts, "site": provisioned.counts})
