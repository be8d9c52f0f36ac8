"""The callback preload: what the parent has loaded, a forked worker does not load again."""

import os
import subprocess
import sys

from tests.support.collection import with_modules

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ ['a', 'b'] | map('upper') | join(' ') }} {{ 'site.yml' | saf.fabric.playbook_command }}"
"""
# The worker's own view, from the tests' copy of a filter: which modules its fork has brought along.
PROBE = """
import os, sys
PARENT = os.getppid()
class FilterModule:
    def filters(self):
        with open(os.environ["SAF_LOADED"], "a") as stream:
            stream.write(f"{os.getpid()} {PARENT}\\n")
        return {"probe": str}
"""


def loaded_in(root, tmp_path, folder):
    """Return the processes that loaded a filter plugin in a run of two tasks, and whether each of them is ansible-playbook."""
    (tmp_path / "filters").mkdir(exist_ok=True)
    (tmp_path / "filters" / "probe.py").write_text(PROBE)
    (tmp_path / "play.yml").write_text(PLAY + PLAY.split("tasks:\n")[1])
    record = tmp_path / "loaded"
    record.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_FILTER_PLUGINS": str(tmp_path / "filters"),
        "ANSIBLE_CALLBACK_PLUGINS": str(folder),
        "SAF_LOADED": str(record),
    }
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", str(tmp_path / "play.yml")]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    return [int(line.split()[0]) == process.pid for line in record.read_text().splitlines()]


def test_plugins_are_loaded_once_and_by_the_parent(root, tmp_path):
    assert loaded_in(root, tmp_path, root / "plugins" / "callback") == [True]


def test_without_it_every_task_loads_them_again(root, tmp_path):
    """Why the callback is there; where Ansible itself loads them once, this fails and the callback may go."""
    (tmp_path / "none").mkdir()
    assert loaded_in(root, tmp_path, tmp_path / "none") == [False, False]


PACKED = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ lookup('ansible.builtin.pipe', 'ls -R ' ~ lookup('ansible.builtin.env', 'ANSIBLE_LOCAL_TEMP')) }}"
        dest: "{{ out }}"
    - ansible.builtin.ping:
"""


def packed_at_the_start(root, tmp_path, folder):
    """Return whether the module ping was packed before a run began with its tasks."""
    (tmp_path / "packed.yml").write_text(PACKED)
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(folder),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
    }
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-e", f"out={tmp_path}/out"]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    command.append(str(tmp_path / "packed.yml"))
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    return "ansible.modules.ping-" in (tmp_path / "out").read_text()


def test_a_module_is_not_packed_again_by_the_next_run(root, tmp_path):
    packed_at_the_start(root, tmp_path, root / "plugins" / "callback")
    assert packed_at_the_start(root, tmp_path, root / "plugins" / "callback")


def test_without_it_every_run_packs_it(root, tmp_path):
    (tmp_path / "none").mkdir()
    assert not packed_at_the_start(root, tmp_path, tmp_path / "none")


def test_a_collection_with_other_modules_shares_no_packages(root, tmp_path, monkeypatch):
    """A module of the same name from another folder would be run instead of the real one in later runs."""
    modules = {"runs_info": "#!/usr/bin/python\nprint('{\"changed\": false}')\n"}
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", with_modules(tmp_path, modules))
    packed_at_the_start(root, tmp_path, root / "plugins" / "callback")
    assert not packed_at_the_start(root, tmp_path, root / "plugins" / "callback")
