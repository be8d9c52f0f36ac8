"""As whom interpreters are tried: root runs nothing that other accounts may have written."""

import os
import stat
import subprocess

import pytest

import node_preflight_info
import python_interpreter_info
from ansible_collections.saf.fabric.plugins.module_utils.system import account, interpreters


@pytest.fixture
def asked(monkeypatch):
    """Return the arguments of each interpreter that was started; this process counts as root."""
    calls = []
    monkeypatch.setattr(account.os, "geteuid", lambda: 0)

    def run(command, **arguments):
        calls.append((command[0], arguments.get("user"), arguments.get("group"), arguments["cwd"]))
        return subprocess.CompletedProcess(
            command, 0, '{"real_path": "/p", "version": "3.9.23", "implementation": "cpython"}', ""
        )

    monkeypatch.setattr(interpreters.subprocess, "run", run)
    return calls


@pytest.mark.parametrize(("service", "runs_as"), [("daemon", "daemon"), ("no-such-account", "nobody"), ("", "nobody")])
def test_root_asks_as_somebody_else(asked, monkeypatch, service, runs_as):
    accounts = {"daemon": 1, "nobody": 65534}

    def getpwnam(name):
        uid = accounts[name]
        return type("Entry", (), {"pw_uid": uid, "pw_gid": uid})()

    monkeypatch.setattr(account.pwd, "getpwnam", getpwnam)
    user = interpreters.runner(service)
    assert user == runs_as
    assert interpreters.ask("/opt/x/python3", user)["version"] == "3.9.23"
    assert asked == [("/opt/x/python3", accounts[runs_as], accounts[runs_as], "/")]


def test_a_service_account_that_is_root_itself_stays(asked):
    """inventory/local, run by root: there is no other account to protect."""
    assert interpreters.runner("root") == "root"
    interpreters.ask("/opt/x/python3", "root")
    assert asked[0][1] is None


@pytest.mark.parametrize("module", [node_preflight_info, python_interpreter_info])
def test_both_modules_that_run_interpreters_name_the_account(module, root):
    text = (root / "library" / f"{module.__name__}.py").read_text()
    assert "interpreters.ask(path, user)" in text
    assert "interpreters.runner(" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_an_interpreter_that_only_root_may_run_is_none(tmp_path):
    tmp_path.chmod(stat.S_IRWXU)
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\nid -u > " + str(tmp_path / "ran_as") + "\n")
    program.chmod(0o755)
    assert interpreters.ask(str(program), interpreters.runner("no-such-account")) is None
    assert not (tmp_path / "ran_as").exists()
