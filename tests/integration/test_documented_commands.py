"""Commands of the documents, run as far as this goes without nodes; tools/check_commands.py checks that none is forgotten."""

import os
import re
import shlex
import shutil
import subprocess

import documents
import pytest
import yaml
from check_commands import program, simple_commands

# Nodes that the pages speak of beside those of inventory/studio.
MORE_WORKERS = ("gamma", "delta")
# What stands for a placeholder behind an option; a number elsewhere.
FILLED = {"--limit": "beta"}


def documented(root, name):
    """Return the arguments of all calls of a program in the documents, each once."""
    calls = set()
    for path in documents.paths():
        text = (root / path).read_text()
        codes = [block.code for block in documents.blocks(text) if block.language == documents.SHELL]
        codes += [code for _line, code in documents.inline(text) if re.match(r"(\S*ansible-playbook|make) ", code)]
        for words in (words for code in codes for words in simple_commands(code)):
            called, arguments = program(words)
            if called == name:
                calls.add(tuple(arguments))
    return sorted(calls)


@pytest.fixture
def run(root):
    def call(*words, **more):
        environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **more}
        return subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=180)

    return call


@pytest.fixture
def inventory(root, tmp_path):
    """Return a copy of inventory/studio with the other nodes of the pages."""
    copy = tmp_path / "mine"
    shutil.copytree(root / "inventory" / "studio", copy)
    document = yaml.safe_load((copy / "hosts.yml").read_text())
    hosts = document["all"]["children"]["cluster"]["children"]["workers"]["hosts"]
    hosts.update({name: {"ansible_host": f"192.168.1.{174 + number}"} for number, name in enumerate(MORE_WORKERS)})
    (copy / "hosts.yml").write_text(yaml.safe_dump(document))
    return copy


def test_playbooks_take_every_documented_command_line(root, run, inventory):
    calls = documented(root, "ansible-playbook")
    assert len(calls) > 15
    # One process for all playbooks with the same options: what is looked for are options and hosts that do not fit.
    together: dict = {}
    for arguments in calls:
        words = [re.sub(r".*PLACEHOLDER/(?=\w)", "", word) for word in arguments if word != "--ask-vault-pass"]
        words = [str(inventory) if word in ("inventory", "inventory/mine", "inventory/PLACEHOLDER") else word for word in words]
        pairs = list(zip(["", *words], words, strict=False))
        words = [
            FILLED.get(before, "1") if word == "PLACEHOLDER" else word for before, word in pairs if "-e" not in (before, word)
        ]
        playbooks = {word for word in words if re.search(r"\.yml$|^saf\.fabric\.", word)}
        options = [word for word in words if word not in playbooks]
        together.setdefault(tuple(options), set()).update(playbooks)
    wrong = []
    for options, playbooks in together.items():
        done = run("ansible-playbook", "-i", str(inventory), *options, *sorted(playbooks or ["site.yml"]), "--list-hosts")
        if done.returncode:
            wrong.append(f"{shlex.join(options)} {sorted(playbooks)}\n{done.stdout}{done.stderr}")
    assert not wrong, "\n\n".join(wrong)


def test_make_has_every_documented_target(root, run):
    calls = documented(root, "make")
    assert len(calls) > 15
    wrong = []
    for arguments in calls:
        words = [word.replace("PLACEHOLDER", "x") for word in arguments]
        done = run("make", "--dry-run", *words)
        if done.returncode:
            wrong.append(f"make {shlex.join(arguments)}\n{done.stdout}{done.stderr}")
    assert not wrong, "\n\n".join(wrong)


def test_the_inventory_of_the_readme_passes(root, run, tmp_path):
    shown = [block.code for block in documents.blocks((root / "README.md").read_text()) if block.language == "yaml"]
    shutil.copytree(root / "inventory" / "studio", tmp_path / "mine")
    (tmp_path / "mine" / "hosts.yml").write_text(shown[0])
    done = run("ansible-playbook", "-i", str(tmp_path / "mine"), "playbooks/check_inventory.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_old_python_is_enough_with_uv(root, run, tmp_path):
    """Nothing is activated, and no python3 of the PATH is asked: uv finds one within the project's window."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").write_text("#!/bin/sh\necho Python 3.9.6\n")
    (programs / "python3").chmod(0o755)
    (programs / "uv").symlink_to(shutil.which("uv"))
    words = re.search(r"(?m)^uv run .*$", (root / "docs" / "install.md").read_text()).group().split()
    done = run(
        *words,
        "--list-hosts",
        PATH=f"{programs}:{os.environ['PATH']}",
        UV_PROJECT_ENVIRONMENT=str(tmp_path / "venv"),
        VIRTUAL_ENV="",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("localhost") > 5
    assert (tmp_path / "venv" / "bin" / "ansible-playbook").exists()


def test_the_pin_of_uv_is_that_of_the_makefile(root):
    (pin,) = re.findall(r"(?m)^UV_VERSION := (.*)$", (root / "Makefile").read_text())
    assert f"pip install uv=={pin}\n" in (root / "docs" / "install.md").read_text()
    assert f'"uv=={pin}"' in (root / "pyproject.toml").read_text()


def test_documentation_is_shown(root, run):
    calls = documented(root, "ansible-doc")
    assert calls
    for arguments in calls:
        done = run("ansible-doc", *arguments)
        assert done.returncode == 0, done.stderr
        assert arguments[-1] in done.stdout
