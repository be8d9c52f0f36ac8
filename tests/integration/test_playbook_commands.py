"""Commands that the product prints run as they are printed, from another folder."""

import os
import re
import shlex
import subprocess

import pytest
import yaml

BUILT = re.compile(r"""['"]([\w/]+\.yml)['"]\s*\|\s*saf\.fabric\.playbook_command|\bcommand\(\s*['"]([\w/]+\.yml)['"]""")


def built(root):
    """Return the playbooks for which some message builds a command."""
    found = set()
    for folder in ("roles", "playbooks", "plugins", "module_utils"):
        for path in (*(root / folder).rglob("*.yml"), *(root / folder).rglob("*.py")):
            found |= {one or other for one, other in BUILT.findall(path.read_text())}
    return sorted(found)


@pytest.fixture
def elsewhere(root, tmp_path):
    """Run a shell command in a folder with a blank in its name: elsewhere(line, **environment) -> completed process."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "my hosts.yml").write_text(
        yaml.safe_dump(
            {
                "all": {
                    "vars": {
                        "ansible_connection": "local",
                        "ansible_become": False,
                        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                        "venv_root": str(tmp_path / "none"),
                    },
                    "children": {"cluster": {"children": {"head": {"hosts": {"alpha": {}}}, "workers": {"hosts": {"beta": {}}}}}},
                }
            }
        )
    )

    def run(line, **more):
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", **more}
        environment.pop("SAF_ANSIBLE_PLAYBOOK", None)
        if "ANSIBLE_CONFIG" not in more:
            environment.pop("ANSIBLE_CONFIG", None)
        return subprocess.run(
            ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def commands_in(text):
    """Return the commands in the output of a playbook, each as it stands on its line."""
    return list(dict.fromkeys(re.findall(r"(?m)^\s*((?:ANSIBLE_CONFIG=\S+ )?[\w./-]*ansible-playbook .*?)\s*$", text)))


def test_every_command_runs_from_another_folder(root, elsewhere, tmp_path):
    playbooks = built(root)
    assert {"site.yml", "bench.yml", "playbooks/start.yml", "playbooks/status.yml", "playbooks/reset.yml"} <= set(playbooks)
    lines = "\n".join(f"{{{{ '{name}' | saf.fabric.playbook_command(limit='beta') }}}}" for name in playbooks)
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": f"Type:\n{lines}"}}]}]
    (tmp_path / "print.yml").write_text(yaml.safe_dump(play))
    printed = elsewhere(
        f"ansible-playbook -i 'my hosts.yml' {shlex.quote(str(tmp_path / 'print.yml'))}", ANSIBLE_CONFIG=str(root / "ansible.cfg")
    )
    commands = commands_in(printed.stdout)
    assert len(commands) == len(playbooks), printed.stdout
    for line in commands:
        done = elsewhere(f"{line} --list-hosts")
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        # About the controller, or the head alone.
        others = ("compare.yml", "restore.yml", "containers.yml")
        assert "beta" in done.stdout or any(name in line for name in others), f"{line}\n{done.stdout}"
        assert "alpha" not in done.stdout


@pytest.mark.parametrize(
    ("playbook", "extra", "sentence", "then"),
    [
        ("playbooks/start.yml", "", "alpha was never provisioned", "site.yml"),
        ("playbooks/restart.yml", "--check", "alpha was never provisioned", "site.yml"),
        ("playbooks/bench_report.yml", "-e bench_results_dir=none", "There is none in none", "bench.yml"),
        ("playbooks/compare.yml", "-e bench_results_dir=none", "No run to compare in none", "bench.yml"),
    ],
)
def test_a_command_that_comes_too_early_says_what_to_type(root, elsewhere, playbook, extra, sentence, then):
    line = f"ansible-playbook -i 'my hosts.yml' {shlex.quote(str(root / playbook))} {extra}"
    done = elsewhere(line, ANSIBLE_CONFIG=str(root / "ansible.cfg"))
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    commands = commands_in(done.stdout)
    assert commands, done.stdout
    assert all(then in line for line in commands), commands
    assert elsewhere(f"{commands[0]} --syntax-check").returncode == 0


def test_status_of_nodes_that_were_never_provisioned(root, elsewhere, tmp_path):
    playbook = shlex.quote(str(root / "playbooks" / "status.yml"))
    line = f"ansible-playbook -i 'my hosts.yml' {playbook} -e status_file={tmp_path}/s.json"
    done = elsewhere(line, ANSIBLE_CONFIG=str(root / "ansible.cfg"))
    said = re.findall(r"beta: nothing was ever provisioned here:\s+(.*)", done.stdout)
    assert said, done.stdout + done.stderr
    assert "site.yml --limit beta" in said[0]
    assert elsewhere(f"{said[0]} --list-hosts").returncode == 0


def test_results_of_another_folder_are_compared(root, elsewhere, tmp_path):
    for name in ("20260101T000000Z", "20260102T000000Z"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text('{"schema_version": 0}')
    playbook = shlex.quote(str(root / "playbooks" / "compare.yml"))
    done = elsewhere(
        f"ansible-playbook -i 'my hosts.yml' {playbook} -e bench_results_dir={tmp_path}/runs",
        ANSIBLE_CONFIG=str(root / "ansible.cfg"),
    )
    assert "was written by another version" in done.stdout + done.stderr
    assert any(f"report_run_dir={tmp_path}/runs/20260101T000000Z" in line for line in commands_in(done.stdout)), done.stdout
    done = elsewhere(
        f"ansible-playbook -i 'my hosts.yml' {playbook} -e bench_results_dir={tmp_path}/runs "
        f"-e compare_runs=nowhere,{tmp_path}/runs/20260102T000000Z",
        ANSIBLE_CONFIG=str(root / "ansible.cfg"),
    )
    words = " ".join((done.stdout + done.stderr).split())
    assert f"nowhere is no run in {tmp_path}/runs; the newest are 20260102T000000Z, 20260101T000000Z." in words
    assert "Traceback" not in words
