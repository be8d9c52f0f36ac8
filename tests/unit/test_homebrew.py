"""What the pinned formula needs, what stands in its way, and what brew's complaints mean."""

import os
import subprocess
from types import SimpleNamespace

import pytest

import node_preflight_info
import pinned_formula
from ansible_collections.saf.fabric.plugins.module_utils.system import darwin, homebrew

OURS, CORE = "studio-air-fabric/pins", "homebrew/core"
PARAMS = {"name": "python@3.9", "tap": OURS, "content": "text", "kegs": ["3.9.23", "3.9.23_1"], "replace": False}


GOOD_STATE = {"kegs": {"3.9.23_1": OURS}, "in_use": "3.9.23_1", "is_pinned": True, "file": "text", "missing": [], "unmarked": []}
NOTHING = {"kegs": {}, "in_use": None, "is_pinned": False, "file": None, "missing": ["xz"], "unmarked": []}


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (NOTHING, ["write", "libraries", "install", "pin"]),
        ({**NOTHING, "file": "text", "missing": []}, ["install", "pin"]),  # a run that was interrupted
        (GOOD_STATE, []),
        ({**GOOD_STATE, "file": "edited"}, ["write"]),
        ({**GOOD_STATE, "is_pinned": False}, ["pin"]),
        ({**GOOD_STATE, "missing": ["xz"]}, ["libraries"]),
        ({**GOOD_STATE, "unmarked": ["xz"]}, ["libraries"]),
        # unmanaged, and the right one
        ({**NOTHING, "kegs": {"3.9.23": CORE}, "in_use": "3.9.23", "missing": []}, ["pin"]),
        ({**NOTHING, "kegs": {"3.9.23": CORE}, "in_use": "3.9.23"}, ["libraries", "pin"]),
        ({**GOOD_STATE, "kegs": {"3.9.22": OURS}, "in_use": "3.9.22", "file": "old"}, ["write", "uninstall", "install", "pin"]),
        ({**GOOD_STATE, "in_use": None}, ["uninstall", "install", "pin"]),  # its opt link is gone
    ],
)
def test_plan(state, actions):
    assert pinned_formula.plan(PARAMS, state) == (actions, "")


def test_somebody_elses_keg_is_not_destroyed_unless_allowed():
    state = {**NOTHING, "kegs": {"3.9.25": CORE}, "in_use": "3.9.25", "missing": []}
    actions, sentence = pinned_formula.plan(PARAMS, state)
    assert not actions
    assert "3.9.25 from homebrew/core" in sentence
    assert "homebrew_replace_python" in sentence
    actions, sentence = pinned_formula.plan({**PARAMS, "replace": True}, state)
    assert actions == ["write", "uninstall", "install", "pin"]
    assert not sentence


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("Error: SHA-256 mismatch\nExpected: a\n  Actual: b", "is not the pinned one"),
        ("curl: (6) Could not resolve host: ghcr.io", "could not be fetched"),
        ("Error: Refusing to load formula x/y/z from untrusted tap x/y.", "brew trust --formula a/b/c"),
        ("curl: (22) The requested URL returned error: 404", "no bottle for this macOS"),
        ("Error: `--force-bottle` passed but a/b/c has no bottle!", "no bottle for this macOS"),
        ("Error: c: no bottle available!", "no bottle for this macOS"),
        ("Error: Bottle reports different checksum: 4591e456", "is not the pinned one"),
        ("Errno::ENOENT: No such file or directory @ rb_sysopen - /opt/homebrew/Cellar/a.rb", "brew: Errno::ENOENT"),
        ("Error: port 14040 is taken", "brew: Error: port 14040"),
        ("curl: (6) Could not resolve host: formulae.brew.sh", "homebrew_api_domain"),
        ("Error: Failed to install Homebrew Portable Ruby!", "Homebrew's own Ruby"),
        ("curl: (5) Could not resolve proxy at http://me:secret@proxy", "http://***@proxy"),
        ("Error: Running Homebrew as root is extremely dangerous", "belongs to root"),
        ("Error: something\nnew", "brew: Error: something new"),
    ],
)
def test_complaints_become_sentences(complaint, words):
    assert words in homebrew.explain("a/b/c", complaint)


@pytest.mark.parametrize(
    ("complaint", "poured"), [("brew: Error: Unknown command: brew trust", True), ("brew: Error: no", False)]
)
def test_an_older_brew_knows_no_trust(monkeypatch, complaint, poured):
    calls = []

    def run(_module, _formula, *arguments):
        calls.append(arguments[0])
        if arguments[0] == "trust":
            raise homebrew.HomebrewError(complaint)

    monkeypatch.setattr(homebrew, "run", run)
    if poured:
        pinned_formula.install(None, "a/b/c")
    else:
        with pytest.raises(homebrew.HomebrewError):
            pinned_formula.install(None, "a/b/c")
    assert ("install" in calls) is poured


@pytest.fixture
def as_root(monkeypatch):
    """Root on a Mac whose Homebrew belongs to admin."""
    system = SimpleNamespace(geteuid=lambda: 0, stat=lambda _path: SimpleNamespace(st_uid=501), path=os.path, environ=os.environ)
    monkeypatch.setattr(homebrew, "os", system)
    monkeypatch.setattr(homebrew, "owner", lambda: "admin")


class Recorder:
    """Stands for a module: keeps what it runs."""

    def __init__(self):
        self.params = {"environment": {"https_proxy": "http://me:secret@proxy", "OTHER": "x"}}

    def run_command(self, line, **more):
        self.line, self.more = line, more
        return 0, "", ""


def test_brew_never_runs_as_root(as_root):
    module = Recorder()
    homebrew.run(module, "a/b/c", "list")
    assert module.line[:4] == ["sudo", "-H", "-u", "admin"]
    assert module.line[-2:] == ["/opt/homebrew/bin/brew", "list"]
    assert module.more["environ_update"]["HOMEBREW_NO_AUTOREMOVE"] == "1"
    assert "OTHER" not in module.more["environ_update"]


def test_no_password_of_a_proxy_stands_in_arguments(as_root):
    """ps shows arguments to every account, and sudo writes them to its log."""
    module = Recorder()
    homebrew.run(module, "a/b/c", "list")
    assert not [word for word in module.line if "secret" in word]
    assert module.more["environ_update"]["https_proxy"] == "http://me:secret@proxy"
    assert "https_proxy" in module.line[4].partition("=")[2].split(",")


def test_root_writes_nothing_below_the_prefix(as_root):
    """A link that stands in a folder of Homebrew's owner would lead root anywhere."""
    module = Recorder()
    homebrew.write(module, "/opt/homebrew/Library/Taps/a/homebrew-b/Formula/c.rb", "text")
    assert module.line[:4] == ["sudo", "-H", "-u", "admin"]
    assert module.more["data"] == "text"


def test_a_formula_is_written_readable_whatever_the_umask(monkeypatch, tmp_path):
    class Module:
        def run_command(self, line, data, **_more):
            done = subprocess.run(line, input=data, text=True, capture_output=True, check=False)
            return done.returncode, done.stdout, done.stderr

    monkeypatch.setattr(homebrew, "PREFIX", str(tmp_path))
    before = os.umask(0o077)
    try:
        homebrew.write(Module(), str(tmp_path / "a b" / "Formula" / "c.rb"), "text")
    finally:
        os.umask(before)
    path = tmp_path / "a b" / "Formula" / "c.rb"
    assert path.read_text() == "text"
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert os.listdir(path.parent) == ["c.rb"]


def test_the_role_and_the_module_give_brew_the_same_settings(root):
    text = (root / "roles" / "homebrew" / "vars" / "main.yml").read_text()
    for name, value in homebrew.SETTINGS.items():
        assert name == "LC_ALL" or f"'{name}': '{value}'" in text


GOOD = {"owner": "admin", "other_prefix": None, "kegs": {}, "in_use": None}


@pytest.mark.parametrize(
    ("euid", "caller", "line"),
    [
        (0, "admin", ["sudo", "-n", "-u", "admin", "sudo", "-n", "true"]),
        (501, None, ["sudo", "-n", "true"]),
        (0, None, None),  # became root in another way, or logged in as root: nobody to ask for
    ],
)
def test_sudo_is_asked_as_the_login_account(monkeypatch, euid, caller, line):
    asked = []

    def run(command):
        asked.append(command)
        return 1, "", "sudo: a password is required"

    monkeypatch.setattr(node_preflight_info.os, "geteuid", lambda: euid)
    if caller:
        monkeypatch.setenv("SUDO_USER", caller)
    else:
        monkeypatch.delenv("SUDO_USER", raising=False)
    assert node_preflight_info.needs_no_password(run) is (line is None)
    assert asked == ([line] if line else [])


@pytest.mark.parametrize(
    ("state", "check", "asked"),
    [
        ({**GOOD, "owner": None}, True, True),
        ({**GOOD, "owner": None}, False, False),  # by its package
        (GOOD, True, False),
    ],
)
def test_sudo_is_asked_only_where_the_installer_has_to_come(monkeypatch, tmp_path, state, check, asked):
    calls = []
    monkeypatch.setattr(node_preflight_info.current, "system", darwin)
    monkeypatch.setattr(node_preflight_info, "homebrew_state", lambda _formula: state)
    monkeypatch.setattr(node_preflight_info, "needs_no_password", lambda _run: calls.append("sudo") or False)
    monkeypatch.setattr(node_preflight_info, "find_interpreters", lambda _params: [])
    params = {"venv_root": str(tmp_path), "ports": [], "conda": None, "formula": "", "check_sudo": check, "gcs": ""}
    assert node_preflight_info.observe(params, None)["sudo_without_password"] is (False if asked else None)
    assert bool(calls) is asked
