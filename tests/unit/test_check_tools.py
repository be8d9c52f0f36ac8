"""The checks of tools/ that make forgetting impossible: what they must find, and what they must leave alone."""

import sys

import pytest
import yaml


@pytest.fixture
def tool(root, monkeypatch):
    """Import a tool: tool("check_types")."""
    monkeypatch.syspath_prepend(str(root / "tools"))

    def load(name):
        module = __import__(name)
        monkeypatch.delitem(sys.modules, name)
        return module

    return load


OPTIONS = {"ray_port": "int", "memory_gb": "float", "mixed": "bool"}


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ ray_port }}", ["ray_port"]),
        ("{{ ray_port | int }}", []),
        ("{{ ray_port | float }}", []),
        ("{{ ray_port | default(3) | int }}", []),
        ("{{ ray_port | default(3) }}", ["ray_port"]),
        ("{{ x if ray_port is defined else y }}", []),
        ("--port={{ ray_port }}", []),  # a number in a text
        ("{{ address ~ ':' ~ ray_port }}", []),
        ("{{ ray_port + 1 }}", ["ray_port"]),
        ("{{ (ray_port / 4) | int }}", ["ray_port"]),
        ("{{ [ray_port, 3] | min }}", ["ray_port"]),
        ("{{ {'port': ray_port} }}", ["ray_port"]),
        ("{% if ray_port > 0 %}x{% endif %}", ["ray_port"]),
        ("{{ hostvars[item].ray_port }}", ["ray_port"]),
        ("{{ hostvars[item]['ray_port'] | int }}", []),
        ("{{ item.ray_port }}", []),  # another thing of that name
        ("{{ memory_gb | int }}", ["memory_gb"]),  # loses what is behind the point
        ("{{ memory_gb | float }}", []),
        ("flag is {{ mixed }}", ["mixed"]),  # yes, true and True are not the same text
        ("{{ not mixed }}", ["mixed"]),
        ("{{ not mixed | bool }}", []),
    ],
)
def test_uses_of_typed_options(tool, template, found):
    assert [name.split()[0] for name in tool("check_types").unconverted(template, OPTIONS)] == found


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ reset_confirm | default('') }}", ["reset_confirm"]),
        ("{{ reset_confirm | default(lookup('saf.fabric.option_default', 'reset_confirm')) }}", []),
        ("{{ my_own | default('') }}", []),
    ],
)
def test_defaults_have_one_place(tool, template, found):
    assert [name.split()[0] for name in tool("check_types").repeated_defaults(template, {"reset_confirm"})] == found


TASKS = """
- name: Own module
  own:
    port: "{{ ray_port }}"
    name: "{{ ray_port }}"
    nested: {port: "{{ ray_port }}"}
  when: mixed
- name: Unmanaged
  ansible.builtin.pause:
    seconds: "{{ ray_port }}"
  until: [not mixed | bool, ray_port == 1]
"""


def test_tasks_in_yaml(tool):
    modules = {"own": {"port": {"type": "int"}, "name": {"type": "str"}, "nested": {"type": "dict"}}}
    lines = list(tool("check_types").in_document(yaml.safe_load(TASKS), OPTIONS, modules))
    assert [line.split()[0] for line in lines] == ["ray_port", "ray_port", "mixed", "ray_port", "ray_port"]


def test_nothing_of_the_repository_uses_an_option_as_it_came(tool):
    found, count = tool("check_types").findings()
    assert found == []
    assert count > 50


def test_every_typed_option_of_every_role_is_known_to_the_check(tool):
    options = tool("check_types").typed_options()
    assert {"ray_watchdog_interval", "python_mixed_providers", "bench_task_size", "preflight_memory_gb"} <= set(options)


PLAYS = """
- name: Without a strategy
  hosts: cluster
- name: On the controller
  hosts: localhost
  strategy: linear
  vars: {ansible_become: false}
- name: Good
  hosts: cluster
  strategy: linear
  become: false
  tasks:
    - name: Bare
      ansible.builtin.command: id
    - name: As root
      ansible.builtin.command: id
      become: true
    - name: Shell
      ansible.builtin.raw: id
      become: true
    - name: Plugin
      ansible.builtin.debug: {msg: x}
    - name: Block
      vars: {ansible_become: false}
      block:
        - name: Inherits
          ansible.builtin.command: id
        - name: Delegated
          ansible.builtin.command: id
          delegate_to: localhost
"""


def test_plays(tool):
    found = list(tool("check_plays").in_document(yaml.safe_load(PLAYS)))
    assert [name for name, _sentence in found] == ["Without a strategy", "On the controller", "Bare", "Shell", "Delegated"]
    assert "ansible_python_interpreter" in found[4][1]


def test_every_play_and_task_says_who_does_the_work(tool):
    checks = tool("check_plays")
    for path, document in tool("playbook_files").yaml_files():
        if isinstance(document, list):
            assert list(checks.in_document(document)) == [], path


def test_whoever_puts_something_into_the_controllers_cache_makes_it_first(root):
    users = [path for path in root.glob("roles/*/tasks/*.yml") if "cluster_controller_cache" in path.read_text()]
    assert {path.parts[-3] for path in users} >= {"cluster", "homebrew", "python", "venv"}
    for path in users:
        assert path.name == "cache.yml" or "tasks_from: cache" in path.read_text(), path
