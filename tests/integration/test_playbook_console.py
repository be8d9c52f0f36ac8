"""The console's output of real plays, at 80 columns."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from tests.support.collection import with_modules

HOSTS = "alpha,beta,"
CHANGE = {"name": "Change it", "ansible.builtin.command": "true"}


@pytest.fixture
def play(root, tmp_path):
    """Run tasks on two nodes of this machine: play(tasks, *arguments, **environment) -> (status, stdout, stderr)."""

    def run(tasks, *arguments, hosts=HOSTS, **environment):
        document = [{"name": "My play", "hosts": "all", "gather_facts": False, "tasks": tasks}]
        (tmp_path / "mine.yml").write_text(yaml.safe_dump(document))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SAF_", "NO_COLOR"))}
        local = ["-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}"]
        command = ["ansible-playbook", "-i", hosts, *local, *arguments, str(tmp_path / "mine.yml")]
        settings = {"ANSIBLE_CONFIG": str(root / "ansible.cfg"), "SAF_COLUMNS": "80", "LC_ALL": "C.UTF-8", **environment}
        done = subprocess.run(
            command, cwd=root, env=inherited | settings, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout, done.stderr

    return run


def lines_of(text):
    """Return the lines that are not empty, without the seconds at their ends."""
    return [re.sub(r"\s+(\d+ s|\d+:\d+)$", "", line) for line in text.splitlines() if line.strip()]


def test_a_play_is_one_line_with_what_its_tasks_say(play):
    tasks = [CHANGE, {"ansible.builtin.debug": {"msg": ["said once", "in two lines"]}}]
    status, said, _errors = play(tasks)
    assert status == 0
    title, *answer, phase, closing = lines_of(said)
    assert title == " Studio Air Fabric · mine · alpha, beta (alpha,beta,)"
    assert answer == [" said once", " in two lines"]
    assert re.fullmatch(r" ✓ My play +alpha, beta changed", phase)
    assert re.fullmatch(r" 2 nodes in \d+ s\. 2 changes\.", closing)
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said


def test_a_failure_is_printed_once_without_ansible_s_frame(play):
    tasks = [{"name": "Reach the mirror", "ansible.builtin.command": "sh -c 'echo no route >&2; exit 4'"}]
    status, said, errors = play(tasks)
    assert status == 2
    assert lines_of(said)[1:3] == [" ✗ alpha, beta: Reach the mirror: exit status 4", "   no route"]
    assert (said + errors).count("no route") == 1
    for frame in ("Origin", "task path", "fatal:", "[ERROR]", "Task failed"):
        assert frame not in said + errors


def test_caught_failures_are_no_failures(play):
    fails = {"name": "Try it", "ansible.builtin.command": "false"}
    block = {"block": [{"block": [fails]}], "rescue": [{"ansible.builtin.debug": {"msg": "another way"}}]}
    status, said, errors = play([block, {**fails, "ignore_errors": True}, {**fails, "failed_when": False}])
    assert status == 0
    assert "✗" not in said
    assert "Try it" not in said + errors
    assert "     another way" in said.splitlines()


def test_a_failure_in_the_rescue_section_is_one(play):
    fails = {"name": "Try it", "ansible.builtin.command": "false"}
    status, said, _errors = play([{"block": [fails], "rescue": [{**fails, "name": "Repair it"}]}])
    assert status == 2
    assert "Repair it: exit status 1" in said
    assert "Try it" not in said


def test_an_unreachable_node_has_the_reason_of_ssh(play):
    options = "-o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5 -p 1"
    status, said, errors = play(
        [{"ansible.builtin.ping": {}}],
        "-e",
        "ansible_connection=ssh",
        "-e",
        f"ansible_ssh_common_args='{options}'",
        "-e",
        "ansible_host=127.0.0.1",
        hosts="alpha,",
    )
    assert status == 4
    assert re.search(r"✗ alpha cannot be reached: .*127\.0\.0\.1.*refused", " ".join(said.split()))
    assert "UNREACHABLE" not in said + errors


def test_what_a_node_answers_does_not_act_on_the_terminal(play):
    evil = "printf '\\033]0;owned\\007\\033[2Jred\\033[31m \\342\\200\\256x' >&2; exit 1"
    tasks = [
        {"ansible.builtin.command": f'sh -c "{evil}"', "register": "answer", "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": "it says {{ answer.stderr }}"}},
        {"name": "Fail", "ansible.builtin.fail": {"msg": "{{ answer.stderr }}"}},
    ]
    status, said, _errors = play(tasks, hosts="alpha,")
    assert status == 2
    assert "     it says red x" in said.splitlines()
    assert not set(said) & {"\x1b", "\x07", "\u202e"}


def test_a_secret_stays_one(play, tmp_path):
    secret = {"name": "Set the password", "no_log": True}
    tasks = [
        {**secret, "ansible.builtin.copy": {"content": "hunter2\n", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}"}},
        {**secret, "ansible.builtin.command": "sh -c 'echo hunter2 >&2; exit 1'"},
    ]
    status, said, errors = play(tasks, "--diff")
    assert status == 2
    assert "hunter2" not in said + errors
    assert "Set the password" in said


def test_a_dry_run_is_a_plan_with_equal_diffs_once(play, tmp_path):
    tasks = [{"name": "Write it", "ansible.builtin.copy": {"content": "new\n", "dest": f"{tmp_path}/file"}}]
    (tmp_path / "file").write_text("old\n")
    status, said, _errors = play(tasks, "--check", "--diff")
    assert status == 0
    plan = lines_of(said)
    at = plan.index("     Write it: alpha, beta")
    assert plan[at + 4 : at + 6] == ["       -old", "       +new"]
    assert said.count("+new") == 1
    assert "2 changes would be made on 2 nodes; nothing was changed." in said
    assert (tmp_path / "file").read_text() == "old\n"


def test_loops_show_what_failed(play):
    tasks = [
        {
            "name": "Install",
            "ansible.builtin.command": "sh -c 'exit {{ item }}'",
            "loop": [0, 3],
            "loop_control": {"label": "no. {{ item }}"},
        }
    ]
    status, said, _errors = play(tasks, hosts="alpha,")
    assert status == 2
    assert " ✗ alpha: Install: no. 3: exit status 3" in said.splitlines()


def test_warnings_are_not_lost(play, tmp_path):
    _status, said, errors = play(
        [{"ansible.builtin.command": "true", "register": "x"}, {"ansible.builtin.assert": {"that": "1 == 1"}}]
    )
    assert "WARNING" not in said
    (tmp_path / "warn.py").write_text(
        "from ansible.module_utils.basic import AnsibleModule\n"
        "module = AnsibleModule({})\nmodule.warn('the disk is old')\nmodule.exit_json()\n"
    )
    _status, said, errors = play([{"warn": None}], "--module-path", str(tmp_path))
    assert (said + errors).count("the disk is old") == 1


@pytest.mark.parametrize(("arguments", "environment"), [(["-v"], {}), ([], {"ANSIBLE_STDOUT_CALLBACK": "default"})])
def test_ansible_s_own_output_comes_back(play, arguments, environment):
    status, said, _errors = play([CHANGE], *arguments, **environment)
    assert status == 0
    assert "TASK [Change it]" in said
    assert "PLAY RECAP" in said
    assert "Studio Air Fabric" not in said


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({"ANSIBLE_FORCE_COLOR": "1"}, True),
        ({"ANSIBLE_FORCE_COLOR": "1", "NO_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({}, False),
    ],
)
def test_colors(play, environment, colored):
    _status, said, _errors = play([CHANGE], **environment)
    assert ("\x1b[" in said) is colored
    assert "✓" in said


def test_an_output_without_utf8_gets_ascii(play):
    _status, said, _errors = play([CHANGE], PYTHONIOENCODING="ascii")
    assert " + My play" in said
    assert said.isascii()


@pytest.mark.parametrize(
    ("broken", "tasks", "status"),
    [
        ("said", [{"ansible.builtin.debug": {"msg": "x"}}, CHANGE], 0),
        ("failure", [{"name": "Fail it", "ansible.builtin.command": "sh -c 'echo the reason >&2; exit 3'"}], 2),
    ],
)
def test_an_error_in_the_console_loses_neither_the_run_nor_its_failure(play, root, tmp_path, broken, tasks, status):
    collections = with_modules(tmp_path, {})
    utils = tmp_path / "collections/ansible_collections/saf/fabric/plugins/plugin_utils"
    utils.unlink()
    shutil.copytree(root / "plugins/plugin_utils", utils)
    module = utils / "console/messages.py"
    module.write_text(f"{module.read_text()}\n\ndef {broken}(result):\n    raise RuntimeError('broken on purpose')\n")
    got, said, errors = play(tasks, ANSIBLE_COLLECTIONS_PATH=collections)
    assert got == status
    assert "broken on purpose" in said + errors
    assert "PLAY RECAP" in said
    assert ("the reason" in said + errors) is (status == 2)


def test_without_the_collection_ansible_prints_as_always(play, tmp_path):
    status, said, _errors = play([CHANGE], ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    assert status == 0
    assert "PLAY RECAP" in said


JSON_CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "as_json"

    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps({"hosts": sorted(stats.processed)}))
"""


def test_other_callbacks_have_standard_output_for_themselves(play, root, tmp_path):
    (tmp_path / "as_json.py").write_text(JSON_CALLBACK)
    folders = f"{root / 'plugins/callback'}:{tmp_path}"
    tasks = [{"ansible.builtin.debug": {"msg": "x"}}, CHANGE]
    status, said, _errors = play(tasks, ANSIBLE_STDOUT_CALLBACK="as_json", ANSIBLE_CALLBACK_PLUGINS=folders)
    assert status == 0
    assert json.loads(said) == {"hosts": ["alpha", "beta"]}


def test_a_reader_that_goes_away_ends_no_run_and_causes_no_traceback(root, tmp_path):
    (tmp_path / "mine.yml").write_text(
        yaml.safe_dump(
            [
                {
                    "name": "My play",
                    "hosts": "all",
                    "gather_facts": False,
                    "tasks": [
                        *({"ansible.builtin.debug": {"msg": f"line {number}"}} for number in range(30)),
                        {"ansible.builtin.copy": {"dest": str(tmp_path / "done"), "content": "x"}},
                    ],
                }
            ]
        )
    )
    local = f"-e ansible_connection=local -e ansible_python_interpreter={sys.executable}"
    command = f"ansible-playbook -i alpha, {local} {tmp_path}/mine.yml | head -n 1"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SAF_"))}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=root,
        env={**inherited, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    assert (tmp_path / "done").exists()
    assert "pipe" not in done.stderr.lower()


def test_nodes_that_do_not_wait_are_named_and_their_failures_have_the_right_task(root, tmp_path):
    document = [
        {
            "name": "My play",
            "hosts": "all",
            "strategy": "free",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "First",
                    "ansible.builtin.command": "sh -c 'sleep 2; exit {{ 3 if inventory_hostname == groups.all[0] else 0 }}'",
                },
                {"name": "Second", "ansible.builtin.debug": {"msg": "went on"}},
            ],
        }
    ]
    (tmp_path / "mine.yml").write_text(yaml.safe_dump(document))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "console",
        "LC_ALL": "C.UTF-8",
    }
    command = [
        "ansible-playbook",
        "-i",
        HOSTS,
        "-e",
        "ansible_connection=local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        str(tmp_path / "mine.yml"),
    ]
    said = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120).stdout
    assert " ✗ alpha: First: exit status 3" in said
    assert "     beta: went on" in said


def test_a_playbook_for_no_node_says_so(root):
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "console",
        "LC_ALL": "C.UTF-8",
    }
    command = ["ansible-playbook", "-i", HOSTS, "playbooks/status.yml"]
    said = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120).stdout
    assert " ! No node takes part: the inventory has no host in cluster:!absent." in said
