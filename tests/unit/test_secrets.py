"""Passwords of proxies and indexes: in no result, no argument, no diff."""

import json
import re

import pytest
import yaml
from tests.support.role_files import role_vars

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock, wheelhouse

HIDDEN = "s3cr3tW0rd"
INDEX = f"https://me:{HIDDEN}@127.0.0.1:1/simple"
PROXY = {"https_proxy": f"http://me:{HIDDEN}@127.0.0.1:1", "PIP_RETRIES": "0", "X": "1"}


@pytest.fixture
def fetching(root, tmp_path, monkeypatch):
    """Fetch wheels with a pip that fails and says its index; return (result as text, [argv], [environment])."""
    commands, environments = [], []

    def pip(command, _seconds, environment=None, **_options):
        commands.append(command)
        environments.append(environment)
        return 1, "", f"WARNING: {PROXY['https_proxy']}\nERROR: no match at {INDEX}, asked as me with {HIDDEN}\n"

    monkeypatch.setattr(wheelhouse.bounded, "run", pip)
    target = {"system": "Linux", "machine": "x86_64", "python_version": "3.11.2", "glibc": "2.36"}
    parts = [
        lock.resolve((root / path).read_text(), target)
        for path in ("stacks/studio-2025/requirements.lock", "data/installer.lock")
    ]
    with pytest.raises(wheelhouse.FetchError) as refused:
        wheelhouse.Wheelhouse(str(tmp_path), INDEX, PROXY, str(tmp_path)).ensure(*parts, target)
    return json.dumps([str(refused.value), refused.value.command]), commands, environments


def test_the_index_password_is_in_no_result(fetching):
    told, commands, _environments = fetching
    assert commands
    assert "could not be fetched" in told
    assert HIDDEN not in told
    assert "127.0.0.1" in told, "the host helps to find the fault"


def test_the_index_password_is_in_no_argument_and_reaches_pip(fetching):
    _told, commands, environments = fetching
    assert HIDDEN not in json.dumps(commands)
    assert environments[0]["PIP_INDEX_URL"] == INDEX
    assert environments[0]["https_proxy"] == PROXY["https_proxy"]


def tasks_of(root):
    """Yield (path, task) of every role's tasks, blocks included."""

    def flat(tasks):
        for task in tasks or []:
            yield task
            for part in ("block", "rescue", "always"):
                yield from flat(task.get(part))

    for path in sorted((root / "roles").glob("*/tasks/*.yml")):
        yield from ((path, task) for task in flat(yaml.safe_load(path.read_text())))


CARRIERS = {"proxy_env", "ray_environment", "_ray_environment"}


def carries(root, text):
    """Return whether a template's text, or a template that it names, gets at the owner's environment."""
    named = [root / "roles" / "ray" / "templates" / name for name in re.findall(r"'(\S+\.j2)'", text)]
    return bool(CARRIERS & set(re.findall(r"\w+", " ".join([text, *(path.read_text() for path in named)]))))


def test_files_that_hold_the_owners_environment_are_closed_and_have_no_diff(root):
    """Whichever template or copy gets at proxy_env or ray_environment, under whatever name it goes."""
    found = []
    for path, task in tasks_of(root):
        module = task.get("ansible.builtin.template") or task.get("ansible.builtin.copy")
        if not module:
            continue
        source = path.parents[1] / "templates" / str(module.get("src", ""))
        text = str(module.get("content", "")) + (source.read_text() if source.is_file() else "")
        if CARRIERS & set(re.findall(r"\w+", text)):
            found.append(str(module["dest"]))
            # The one for Homebrew's installer is the login account's own and lives as long as the installer.
            closed = module["mode"] == "0600" and task.get("no_log") is True and task.get("diff") is False
            assert closed, f"{path.name}: {task['name']}"
    assert len(found) == 1


def test_files_of_ray_that_hold_it_are_secret_to_their_module(root):
    variables = role_vars(root, "ray")
    closed = [text for text in variables["_ray_environment_files"] if carries(root, text)]
    assert len(closed) == len(variables["_ray_environment_files"]) == 2
    for text in closed:
        assert "'secret_content'" in text
        assert "combine(_ray_secret_file)" in text
    shown = [*variables["_ray_watchdog_files"]]
    for name in ("_ray_service_files", "_ray_watchdog_units"):
        shown += [file for files in variables[name].values() for file in files]
    assert len(shown) >= 8
    assert [file["path"] for file in shown if carries(root, str(file.get("content", "")))] == []


def test_definitions_that_everybody_reads_have_public_variables_alone(root):
    variables = role_vars(root, "ray")
    assert variables["_ray_daemon"]["EnvironmentVariables"].strip("{} ") == "_ray_environment_public"
    assert not {"proxy_env", "ray_environment"} & set(re.findall(r"\w+", variables["_ray_environment_public"]))
    assert not {"_ray_environment", "proxy_env", "ray_environment"} & set(re.findall(r"\w+", variables["_ray_definition"]))


def test_no_module_gets_the_owners_environment_as_an_option_that_is_shown(root):
    """Three blot it out, that of the others is no_log; the service reads it from its file."""
    takers = set()
    for _path, task in tasks_of(root):
        for name, options in task.items():
            if isinstance(options, dict) and name not in ("vars", "environment") and "environment" in options:
                takers.add(name.removeprefix("saf.fabric."))
    assert takers == {"offline_fetch", "wheelhouse", "node_package", "pinned_formula", "container_image"}
    for module in ("pinned_formula", "container_image"):
        option = '"environment": {"type": "dict", "default": {}, "no_log": True}'
        assert option in (root / "library" / f"{module}.py").read_text()
