"""Root does only root's work: nothing of the venv or of Homebrew is executed by a task that does not name another account."""

import re

import pytest
import yaml
from tests.support.role_files import role_vars

# What another account than root may change on some node: the venv's interpreter (a keg of Homebrew's), Homebrew's programs.
FOREIGN = re.compile(r"cluster_venv_python|_ray_venv }}/bin|cluster_venv }}/bin|current/bin|/opt/homebrew/bin")
READING = {"ansible.builtin.stat", "ansible.builtin.find", "ansible.builtin.slurp", "ansible.builtin.template"}
KEYWORDS = {
    "name",
    "tasks",
    "pre_tasks",
    "post_tasks",
    "roles",
    "vars",
    "when",
    "register",
    "loop",
    "environment",
    "loop_control",
    "block",
    "rescue",
    "always",
}


def flat(tasks):
    for task in tasks or []:
        yield task
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            yield from flat(task.get(part) if isinstance(task.get(part), list) else [])


def tasks(root):
    for pattern in ("roles/*/tasks/*.yml", "playbooks/*.yml"):
        for path in sorted(root.glob(pattern)):
            yield from ((path, task) for task in flat(yaml.safe_load(path.read_text())))


def executed(task):
    """Return [(module, its options)] of a task whose options name what is not root's."""
    modules = [(name, options) for name, options in task.items() if name not in KEYWORDS and name not in READING]
    return [(name, options) for name, options in modules if FOREIGN.search(str(options)) and name != "become_user"]


def names_an_account(task, options):
    if task.get("become_user") or task.get("become") is False:
        return True
    # creates: is looked at, not run
    rest = {key: value for key, value in options.items() if key != "creates"} if isinstance(options, dict) else options
    return not FOREIGN.search(str(rest)) or (isinstance(options, dict) and "cluster_user" in str(options.get("user", "")))


def test_every_task_that_runs_the_venv_or_homebrew_names_the_account(root):
    seen, without = 0, []
    for path, task in tasks(root):
        for name, options in executed(task):
            seen += 1
            if not names_an_account(task, options):
                without.append(f"{path.relative_to(root)}: {task['name']} ({name})")
    assert seen > 8
    # Conda is the owner's own program, asked for by python_provider; command -v looks a name up and runs nothing.
    assert [entry for entry in without if "conda.yml" not in entry and "Check for iperf3" not in entry] == []


def test_daemons_of_root_run_nothing_of_the_venv(root):
    """The definitions in role vars: whoever has no UserName is root."""
    for path in [*root.glob("roles/*/vars/main.yml"), *root.glob("roles/*/vars/main/*.yml")]:
        for name, value in yaml.safe_load(path.read_text()).items():
            if isinstance(value, dict) and "ProgramArguments" in value and "UserName" not in value:
                assert "_ray_argv" not in str(value["ProgramArguments"]), name
    variables = role_vars(root, "ray")
    assert not any(FOREIGN.search(str(word)) for word in variables["_ray_watchdog_argv"])


def test_folders_of_the_account_are_closed(root):
    """Ray makes what lies in them 0777."""
    folders = yaml.safe_load((root / "roles" / "node" / "vars" / "main.yml").read_text())["_node_directories"]
    given = [folder for folder in folders if "owner" in folder]
    assert {folder["path"].rpartition("/")[2] for folder in given} == {"ray", "log", "run"}
    assert {folder["mode"] for folder in given} == {"0700"}


@pytest.mark.parametrize(
    "name", ["ray_cluster_info", "locked_venv", "node_hardware_info", "ray_benchmark", "mlx_benchmark", "collective_benchmark"]
)
def test_modules_that_run_an_interpreter_can_be_told_the_account(root, name):
    pytest.importorskip(name)
    source = (root / "library" / f"{name}.py").read_text() + (root / "module_utils" / "measure" / "benchmark_spec.py").read_text()
    assert '"user": {"type": "str"' in source
