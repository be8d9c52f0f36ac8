"""How Homebrew and Python come to a Mac, as far as it can be run here: the installer's script, the fallback, conda."""

import getpass
import hashlib
import os
import platform
import subprocess
import sys
import tarfile

import pytest
import yaml

TRIPLE = "x86_64-unknown-linux-gnu" if platform.machine() == "x86_64" else "aarch64-unknown-linux-gnu"
VERSION = platform.python_version()
PROXY = "http://me:se'cret@proxy:3128"
# Stands for Homebrew's installer: notes what it was given.
INSTALLER = """#!/bin/bash
read -r line && echo "stdin is open: $line" >>{record}
echo "NONINTERACTIVE=$NONINTERACTIVE https_proxy=$https_proxy" >>{record}
tr "\\0" " " </proc/$$/cmdline >>{record}
exit {status}
"""


@pytest.fixture
def play(root, tmp_path):
    """Run a play on this machine: play(tasks or roles, **variables) -> (status, words); ``bin`` is first on its PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def run(content, **variables):
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "venv_root": str(tmp_path / "saf"),
            "cluster_user": getpass.getuser(),
            "cluster_controller_cache": str(tmp_path / "a fresh clone" / ".cache"),
            **variables,
        }
        (tmp_path / "vars.yml").write_text(yaml.safe_dump(variables))
        (tmp_path / "hosts.yml").write_text("cluster: {children: {head: {hosts: {alpha: {}}}}}\n")
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "cluster", "gather_facts": False, **content}]))
        command = [
            "ansible-playbook",
            "-i",
            str(tmp_path / "hosts.yml"),
            "-e",
            f"@{tmp_path / 'vars.yml'}",
            str(tmp_path / "play.yml"),
        ]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        environment["PATH"] = f"{folder}:{environment['PATH']}"
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)
        # YAML doubles the quotes of what it prints.
        return done.returncode, " ".join((done.stdout + done.stderr).replace("''", "'").split())

    run.bin = folder
    return run


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)


# --- the installer's script


@pytest.fixture
def script(play, root, tmp_path):
    """Run roles/homebrew/tasks/script.yml with a stand-in: script(status) -> (status, words, what the stand-in noted)."""

    def run(status=0, sudo=0, proxy=PROXY):
        record = tmp_path / "record"
        program(play.bin / "sudo", f"#!/bin/sh\nexit {sudo}\n")
        program(tmp_path / "install.sh", INSTALLER.format(record=record, status=status))
        bottles = yaml.safe_load((root / "data" / "homebrew_bottles.yml").read_text())
        digest = hashlib.sha256((tmp_path / "install.sh").read_bytes()).hexdigest()
        bottles["install_script"] = {"url": f"file://{tmp_path / 'install.sh'}", "sha256": digest}
        bottles["prefix"] = str(tmp_path / "prefix")
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        tasks = [{"ansible.builtin.include_role": {"name": "saf.fabric.homebrew", "tasks_from": "script"}}]
        done, words = play(
            {"tasks": tasks, "environment": {"TMPDIR": str(temporary)}},
            cluster_bottles=bottles,
            proxy_env={"https_proxy": proxy} if proxy else {},
            ansible_become=False,
        )
        left = [name for name in os.listdir(temporary) if not name.startswith("ansible")]
        return done, words, record.read_text() if record.exists() else "", left

    return run


def test_a_fresh_clone_brings_homebrew_by_its_script(script):
    """Nothing has made .cache by then."""
    status, words, noted, left = script()
    assert status == 0, words
    assert "NONINTERACTIVE=1" in noted
    assert "stdin is open" not in noted, "what the installer calls would read the rest of it"
    assert f"https_proxy={PROXY}" in noted
    assert left == []


def test_most_sites_have_no_proxy(script):
    status, words, noted, _left = script(proxy="")
    assert status == 0, words
    assert "NONINTERACTIVE=1 https_proxy=\n" in noted


def test_no_password_of_a_proxy_is_printed_or_stands_in_arguments(script):
    _status, words, noted, _left = script()
    assert "cret@" not in words
    assert "cret@" not in noted.partition("https_proxy=")[2].partition("\n")[2]


def test_an_installer_that_fails_leaves_nothing_behind(script):
    status, _words, noted, left = script(status=1)
    assert status != 0
    assert "NONINTERACTIVE=1" in noted
    assert left == []


def test_an_installer_that_cannot_have_root_is_not_run(script):
    status, words, noted, _left = script(sudo=1)
    assert status != 0
    assert "needs sudo without a password on alpha" in words
    assert "homebrew_pkg" in words
    assert noted == ""


# --- the fallback


@pytest.fixture
def fallback(play, tmp_path):
    """Install Python with Homebrew on this machine, which has none; the mirror of python-build-standalone holds one."""

    def run(**variables):
        program(play.bin / "sudo", "#!/bin/sh\nexit 1\n")
        program(tmp_path / "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        mirror = tmp_path / "mirror" / "20251007"
        mirror.mkdir(parents=True)
        archive = mirror / f"cpython-{VERSION}+20251007-{TRIPLE}-install_only_stripped.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(tmp_path / "python3", arcname="python/bin/python3")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        return play(
            {"roles": ["saf.fabric.python"], "post_tasks": [{"ansible.builtin.debug": {"msg": "chosen {{ python_source }}"}}]},
            python_version=VERSION,
            python_provider="homebrew",
            python_mirror=f"file://{tmp_path / 'mirror'}",
            _python_builds={"versions": {VERSION: {"release": "20251007", "sha256": {TRIPLE: digest}}}},
            **variables,
        )

    return run


def test_homebrew_that_cannot_come_costs_a_line(fallback, tmp_path):
    status, words = fallback()
    assert status == 0, words
    assert "alpha gets Python" in words
    assert "because homebrew could not install it: Homebrew's installer needs sudo without a password on alpha" in words
    assert "chosen uv" in words
    assert (tmp_path / "saf" / "python" / f"{VERSION}-20251007" / "bin" / "python3").exists()


def test_without_a_fallback_it_is_refused(fallback, tmp_path):
    status, words = fallback(python_fallback="")
    assert status != 0
    assert "Homebrew's installer needs sudo without a password on alpha" in words
    assert not (tmp_path / "saf" / "python").exists()


# --- conda


@pytest.fixture
def conda(play, tmp_path):
    """Install Python with a stand-in for conda, in a folder with a blank in its path."""
    folder = tmp_path / "mini forge"
    folder.mkdir()
    home = tmp_path / "saf" / "python" / f"{VERSION}-conda"

    def run(text=None):
        if text:
            program(folder / "conda", text.format(home=home, python=sys.executable))
        platforms = dict.fromkeys(("linux-64", "linux-aarch64"), "h1_0_cpython")
        return play(
            {
                "roles": ["saf.fabric.python"],
                "post_tasks": [{"ansible.builtin.debug": {"msg": "chosen {{ python_interpreter }}"}}],
            },
            python_version=VERSION,
            python_provider="conda",
            python_conda=str(folder / "conda"),
            _python_builds={"versions": {VERSION: {"release": "1", "conda": platforms}}},
        )

    run.home = home
    return run


# As conda: it does not go on in a folder that is there. bin comes before lib.
CUT_OFF = """#!/bin/sh
[ ! -e {home} ] || exit 3
mkdir -p {home}/bin
printf '#!/bin/sh\\nexit 1\\n' >{home}/bin/python3
chmod 755 {home}/bin/python3
exit 1
"""
WHOLE = "#!/bin/sh\n[ ! -e {home} ] || exit 3\nmkdir -p {home}/bin\nln -s {python} {home}/bin/python3\n"


def test_an_environment_that_was_cut_off_is_made_anew(conda):
    status, words = conda(CUT_OFF)
    assert status != 0
    status, words = conda(WHOLE)
    assert status == 0, words
    assert (conda.home / ".saf-complete").exists()
    status, words = conda("#!/bin/sh\nexit 4\n")
    assert status == 0, "a finished one is not made again: " + words
    assert "changed=0" in words


def test_an_environment_of_an_earlier_version_is_kept(conda):
    (conda.home / "bin").mkdir(parents=True)
    (conda.home / "bin" / "python3").symlink_to(sys.executable)
    status, words = conda("#!/bin/sh\nexit 4\n")
    assert status == 0, words
    assert (conda.home / ".saf-complete").exists()
