"""Commands that the product prints: built in one place, and they run as they are printed."""

import ast
import re
import shlex

import inventory
import pytest
import saf
import yaml
from ansible.parsing.splitter import parse_kv

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import problem
from ansible_collections.saf.fabric.plugins.plugin_utils.text import command_line

CALL = {
    "program": "ansible-playbook",
    "cwd": "/home/me/fabric",
    "repository": "/home/me/fabric",
    "config": "",
    "inventory": [],
    "options": [],
}
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
# A playbook in prose where a command belongs. What runs on a node cannot know the inventory and may name a playbook.
NAMED = re.compile(r"\b(?:site|bench|(?:playbooks/)?(?:start|stop|restart|status|smoke|reset|compare|bench_report))\.yml")


@pytest.mark.parametrize(
    ("changed", "arguments", "line"),
    [
        ({}, ("bench.yml",), "ansible-playbook bench.yml"),
        (
            {"inventory": ["/home/me/fabric/inventory/mine"]},
            ("playbooks/start.yml", "beta"),
            "ansible-playbook -i inventory/mine playbooks/start.yml --limit beta",
        ),
        ({"inventory": ["a,b"]}, ("site.yml",), "ansible-playbook -i a,b site.yml"),
        ({"inventory": ["/etc/one", "/home/me/fabric/two"]}, ("site.yml",), "ansible-playbook -i /etc/one -i two site.yml"),
        ({"options": ["-K"]}, ("site.yml", ["b", "c"]), "ansible-playbook -K site.yml --limit b,c"),
        (
            {"cwd": "/home/me", "config": "/home/me/fabric/ansible.cfg", "inventory": ["/home/me/my hosts"]},
            ("site.yml",),
            "ANSIBLE_CONFIG=/home/me/fabric/ansible.cfg ansible-playbook -i 'my hosts' fabric/site.yml",
        ),
        # a sibling whose name begins alike is not below
        ({"cwd": "/home/me/fab"}, ("site.yml",), "ansible-playbook /home/me/fabric/site.yml"),
        ({"program": ".venv/bin/ansible-playbook"}, ("site.yml",), ".venv/bin/ansible-playbook site.yml"),
        (
            {},
            ("playbooks/bench_report.yml", "", {"report_run_dir": "/a b/$(id)"}),
            "ansible-playbook playbooks/bench_report.yml -e 'report_run_dir=\"/a b/$(id)\"'",
        ),
    ],
)
def test_command(changed, arguments, line):
    playbook, *rest = arguments
    assert command_line.playbook_command(playbook, {**CALL, **changed}, *rest) == line


@pytest.mark.parametrize("value", ["plain", "/a b/c", "it's", 'a "b" c', "back\\slash d", "a\tb", "$(id) `id`"])
@pytest.mark.parametrize("quote", [saf.quoted, lambda value: shlex.split(command_of(value))[-1].partition("=")[2]])
def test_ansible_reads_the_value_that_was_meant(value, quote):
    assert parse_kv(f"x={quote(value)}") == {"x": value}


def command_of(value):
    return command_line.playbook_command("site.yml", CALL, extra={"x": value})


def test_options_that_the_next_command_needs_too():
    given = {"become_ask_pass": True, "ask_pass": False, "remote_user": "me", "vault_ids": ["a@f"], "tags": ["x"], "verbosity": 3}
    assert command_line.options_of(given) == ["-K", "-u", "me", "--vault-id", "a@f"]


def texts_of_python(path):
    """Return the texts that a program may print: no docstrings, no documentation."""
    tree = ast.parse(path.read_text())
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") in DOCUMENTATION for target in node.targets):
            passed.add(id(node.value))
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed
    ]


def texts_of_yaml(value):
    """Return all texts below a YAML value."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts_of_yaml(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_of_yaml(part)]
    return [value] if isinstance(value, str) else []


def messages(root):
    """Return [(path, text)] of everything that may be printed, documentation and comments excepted."""
    found = []
    for folder in ("library", "module_utils", "plugins", "roles"):
        for path in (root / folder).rglob("*.py"):
            if path != root / "plugins" / "plugin_utils" / "text" / "command_line.py":
                found += [(path, text) for text in texts_of_python(path)]
    for folder in ("roles", "playbooks"):
        for path in (root / folder).rglob("*.yml"):
            if "meta" not in path.parts:
                found += [(path, text) for text in texts_of_yaml(yaml.safe_load(path.read_text()))]
        for path in (root / folder).rglob("*.j2"):
            found.append((path, re.sub(r"(?m)^#.*$|\{#.*?#\}", "", path.read_text())))
    return found


def test_no_message_holds_a_command_of_its_own(root):
    wrong = [f"{path.relative_to(root)}: {text[:80]}" for path, text in messages(root) if "ansible-playbook " in text]
    assert wrong == []


def controller_messages(root):
    """Return [(path, text)] of the messages that the controller writes: of the plays, and what they include."""
    found = []
    for folder in ("roles", "playbooks"):
        for path in (root / folder).rglob("*.yml"):
            stack = [yaml.safe_load(path.read_text())] if "meta" not in path.parts else []
            while stack:
                value = stack.pop()
                if isinstance(value, dict):
                    found += [(path, value["msg"])] if isinstance(value.get("msg"), str) else []
                    stack += value.values()
                elif isinstance(value, list):
                    stack += value
    return found


def test_a_message_of_a_play_gives_the_command_not_the_name_of_a_playbook(root):
    wrong = []
    for path, text in controller_messages(root):
        rest = re.sub(r"['\"][\w/]+\.yml['\"]\s*\|\s*saf\.fabric\.playbook_command", "", text)
        wrong += [f"{path.relative_to(root)}: {name}" for name in NAMED.findall(rest)]
    assert wrong == []


def test_a_command_stands_on_a_line_of_its_own(root):
    """YAML folds a long line of a message of one line, and a folded command cannot be pasted."""
    for path, text in controller_messages(root):
        if "playbook_command" in text:
            assert "\n" in text, f"{path.relative_to(root)}: {text}"


def test_commands_stand_below_the_table_and_are_quoted():
    row = problem.problem("foreign Ray", "none", "x", "see below")
    text = inventory.problem_table(
        [{**row, "node": "alpha", "other_root": "/home/a b/.saf"}, {**row, "node": "beta", "command": "x y"}]
    )
    lines = text.splitlines()
    stop = next(line for line in lines if "playbooks/stop.yml" in line)
    assert stop.endswith("--limit alpha -e 'venv_root=\"/home/a b/.saf\"' -e ray_service_manager=process")
    assert any("playbooks/reset.yml" in line for line in lines)
    assert lines[lines.index("On beta:") + 1] == "x y"
