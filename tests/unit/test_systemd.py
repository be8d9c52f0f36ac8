"""Units: arguments, what runs of them, and nothing newer than the oldest systemd that the platforms table admits."""

import re

import pytest
import yaml

import systemd_definition
from ansible_collections.saf.fabric.plugins.module_utils.services import systemd


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("--port=6380", "--port=6380"),
        ('--resources={"mlx": 1}', '"--resources={\\"mlx\\": 1}"'),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ("back\\slash", '"back\\\\slash"'),
        ("", '""'),
    ],
)
def test_quote(argument, quoted):
    assert systemd.quote(argument) == quoted


@pytest.mark.parametrize(
    ("path", "as_word", "as_path"),
    [
        ("/opt/saf", "/opt/saf", "/opt/saf"),
        ("/srv/100%/a b", '"/srv/100%%/a b"', "/srv/100%%/a b"),
        ("/srv/$x", '"/srv/$x"', "/srv/$x"),
        ("/srv/b\\s", '"/srv/b\\\\s"', "/srv/b\\s"),
    ],
)
def test_paths(path, as_word, as_path):
    assert systemd.word(path) == as_word
    assert systemd.path(path) == as_path


def test_settings_become_lines():
    given = {"UMask": "0077", "CapabilityBoundingSet": "", "SystemCallFilter": ["@system-service", "~@privileged"], "X": []}
    assert systemd.directives(given) == [
        "UMask=0077", "CapabilityBoundingSet=", "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged"
    ]  # fmt: skip


# --- what runs. `systemctl show saf-ray --property=ActiveState,MainPID`: the order follows the version, not the question.
@pytest.mark.parametrize(
    ("shown", "started", "expected"),
    [
        ("MainPID=412\nActiveState=active\n", "abc\n", (True, 412, True)),  # 247 (Debian 11), 249 (Ubuntu 22.04)
        ("ActiveState=active\nMainPID=412\n", "abc\n", (True, 412, True)),
        ("MainPID=412\nActiveState=active\n", "abcd\n", (True, 412, False)),
        ("MainPID=412\nActiveState=active\n", "", (True, 412, False)),  # started by an earlier release
        ("MainPID=0\nActiveState=inactive\n", "", (False, 0, False)),
        ("MainPID=0\nActiveState=activating\n", "", (False, 0, False)),
        ("MainPID=0\nActiveState=failed\n", "abc\n", (False, 0, True)),
        ("", "", (False, 0, False)),
    ],
)
def test_what_runs(shown, started, expected):
    found = systemd.runs(systemd.parse_show(shown), started, "abc")
    assert (found["active"], found["pid"], found["current"]) == expected


@pytest.mark.parametrize(("written", "current"), [("abc\n", True), ("abd\n", False), (None, False)])
def test_the_module_asks_for_nothing_new_and_reads_what_the_unit_wrote(run_module, monkeypatch, tmp_path, written, current):
    asked = []

    def answer(_module, command, **_options):
        asked.append(command)
        return 0, "MainPID=412\nActiveState=active\n", ""

    if written:
        (tmp_path / "record").write_text(written)
    monkeypatch.setattr(systemd_definition.AnsibleModule, "run_command", answer)
    found = run_module(systemd_definition, {"unit": "saf-ray", "definition": "abc", "record": str(tmp_path / "record")})
    assert (found["active"], found["pid"], found["current"]) == (True, 412, current)
    assert asked == [["systemctl", "show", "saf-ray", "--property=ActiveState,MainPID"]]


# --- the oldest systemd. Versions after systemd.directives(7) and systemctl(1); 0: before 200.
DIRECTIVES = {
    "AccuracySec": 209, "After": 0, "Description": 0, "Environment": 0, "EnvironmentFile": 0, "ExecStart": 0,
    "ExecStartPre": 0, "KillMode": 0, "LimitNOFILE": 0, "LogLevelMax": 236, "NoNewPrivileges": 187, "OOMPolicy": 243,
    "OnActiveSec": 0, "OnUnitActiveSec": 0, "RequiresMountsFor": 201, "Restart": 0, "RestartSec": 0,
    "StartLimitIntervalSec": 230, "SuccessExitStatus": 189, "SyslogLevel": 0, "TasksMax": 227, "TimeoutStartSec": 188,
    "TimeoutStopSec": 188, "Type": 0, "User": 0, "WantedBy": 0, "Wants": 0, "WorkingDirectory": 0,
    "Before": 0, "Conflicts": 0, "DefaultDependencies": 0, "Documentation": 0, "ExecReload": 0, "ExecStop": 0,
    "RemainAfterExit": 0, "ReloadPropagatedFrom": 187, "MemoryDenyWriteExecute": 231, "RemoveIPC": 212,
    "LogRateLimitBurst": 240, "LogRateLimitIntervalSec": 240,
    # roles/ray/vars/main/sandbox.yml
    "AmbientCapabilities": 229, "CapabilityBoundingSet": 0, "KeyringMode": 235, "LockPersonality": 235, "PrivateDevices": 209,
    "PrivateTmp": 0, "ProtectClock": 245, "ProtectControlGroups": 232, "ProtectHome": 214, "ProtectHostname": 242,
    "ProtectKernelLogs": 244, "ProtectKernelModules": 232, "ProtectKernelTunables": 232, "ProtectProc": 247,
    "ProtectSystem": 214, "ReadWritePaths": 231, "RestrictAddressFamilies": 211, "RestrictNamespaces": 233,
    "RestrictRealtime": 231, "RestrictSUIDSGID": 242, "SystemCallArchitectures": 209, "SystemCallErrorNumber": 209,
    "SystemCallFilter": 187, "UMask": 0,
}  # fmt: skip
OPTIONS = {
    "--property": 0,
    "--now": 220,
    "--unit": 0,
    "--no-pager": 0,
    "--lines": 0,
    "--quiet": 0,
    "--all": 0,
    "--version": 0,
    "--output": 0,
    "--value": 230,
}


@pytest.fixture
def oldest(root):
    return yaml.safe_load((root / "data" / "node_minimums.yml").read_text())["systemd"]


def test_units_have_no_directive_that_is_newer(root, oldest):
    units = [*(root / "roles").glob("*/templates/*.service.j2"), *(root / "roles").glob("*/templates/*.timer.j2")]
    assert units
    for unit in units:
        for name in re.findall(r"(?m)^([A-Z]\w+)=", unit.read_text()):
            assert name in DIRECTIVES, f"{unit.name}: say since when systemd has {name}"
            assert DIRECTIVES[name] <= oldest, f"{unit.name}: {name} needs systemd {DIRECTIVES[name]}"


def test_the_sandbox_has_no_directive_that_is_newer(root, oldest):
    """A directive that is too new would be ignored with a warning, and the sandbox would silently be smaller."""
    text = (root / "roles" / "ray" / "vars" / "main" / "sandbox.yml").read_text()
    names = set(re.findall(r"(?m)^\s+'?([A-Z][A-Za-z]+)'?: ", text))
    assert len(names) > 20
    assert {name for name in names if DIRECTIVES.get(name, 999) > oldest} == set()


def test_commands_have_no_option_that_is_newer(root, oldest):
    """--timestamp=unix came with 251: Ubuntu 22.04 could not be provisioned."""
    sources = [path for folder in ("roles", "library", "module_utils", "playbooks") for path in (root / folder).rglob("*")]
    found = set()
    for path in sources:
        if path.suffix in (".py", ".yml", ".j2", ".sh"):
            for line in path.read_text().splitlines():
                if re.search(r"\b(systemctl|journalctl)\b", line) and not line.lstrip().startswith("#"):
                    found |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line.partition("ctl")[2]))
    assert "--property" in found
    for option in found:
        assert option in OPTIONS, f"say since when systemctl has {option}"
        assert OPTIONS[option] <= oldest
