"""What the pinned formula needs, what stands in its way, and what brew's complaints mean."""

import pytest
from ansible.module_utils.saf import homebrew, preflight

import pinned_formula

OURS, CORE = "studio-air-fabric/pins", "homebrew/core"
PARAMS = {"name": "python@3.9", "tap": OURS, "content": "text", "kegs": ["3.9.23", "3.9.23_1"], "replace": False}


@pytest.mark.parametrize(
    ("kegs", "is_pinned", "tap", "file", "actions"),
    [
        ({}, False, False, None, ["tap", "write", "install", "pin"]),
        ({}, False, True, "text", ["install", "pin"]),  # a run that was cut off
        ({"3.9.23_1": OURS}, True, True, "text", []),
        ({"3.9.23_1": OURS}, True, True, "edited", ["write"]),
        ({"3.9.23_1": OURS}, False, True, "text", ["pin"]),
        ({"3.9.23": CORE}, False, False, None, ["pin"]),  # somebody's own, and the right one
        ({"3.9.22": OURS}, True, True, "old", ["write", "unpin", "uninstall", "install", "pin"]),
    ],
)
def test_plan(kegs, is_pinned, tap, file, actions):
    assert pinned_formula.plan(PARAMS, kegs, is_pinned, tap, file) == (actions, "")


def test_somebody_elses_keg_is_not_destroyed_unless_allowed():
    actions, sentence = pinned_formula.plan(PARAMS, {"3.9.25": CORE}, False, False, None)
    assert not actions
    assert "3.9.25 from homebrew/core" in sentence
    assert "homebrew_replace_python" in sentence
    actions, sentence = pinned_formula.plan({**PARAMS, "replace": True}, {"3.9.25": CORE}, False, False, None)
    assert actions == ["tap", "write", "uninstall", "install", "pin"]
    assert not sentence


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("Error: SHA-256 mismatch\nExpected: a\n  Actual: b", "is not the pinned one"),
        ("curl: (6) Could not resolve host: ghcr.io", "could not be fetched"),
        ("Error: Refusing to load formula x/y/z from untrusted tap x/y.", "brew trust --formula a/b/c"),
        ("curl: (22) The requested URL returned error: 404", "no bottle to be had"),
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


def test_brew_never_runs_as_root(monkeypatch, tmp_path):
    monkeypatch.setattr(homebrew.os, "geteuid", lambda: 0)
    monkeypatch.setattr(homebrew, "owner", lambda _prefix: "admin")
    monkeypatch.setattr(homebrew.os, "stat", lambda _path: type("State", (), {"st_uid": 501})())
    line = homebrew.command(["list"], {"https_proxy": "http://p", "SECRET": "x"}, str(tmp_path))
    assert line[:4] == ["sudo", "-H", "-u", "admin"]
    assert "HOMEBREW_NO_AUTO_UPDATE=1" in line
    assert "https_proxy=http://p" in line
    assert "SECRET=x" not in line


WANTED = {"version": "3.9.23", "macos": "14", "kegs": ["3.9.23", "3.9.23_1"], "tap": OURS, "replace": False, "install": "auto"}
GOOD = {"owner": "admin", "other_prefix": None, "kegs": {}}


@pytest.mark.parametrize(
    ("state", "macos", "wanted", "found"),
    [
        (GOOD, "26.1", {}, []),
        ({**GOOD, "owner": None}, "26.1", {}, []),
        ({**GOOD, "owner": None}, "26.1", {"install": "never"}, ["no Homebrew"]),
        ({**GOOD, "owner": "root"}, "26.1", {}, ["root owns /opt/homebrew"]),
        ({**GOOD, "owner": None, "other_prefix": "/usr/local"}, "26.1", {}, ["/usr/local only"]),
        ({**GOOD, "kegs": {"3.9.25": CORE}}, "26.1", {}, ["3.9.25 of another tap"]),
        ({**GOOD, "kegs": {"3.9.25": CORE}}, "26.1", {"replace": True}, []),
        ({**GOOD, "kegs": {"3.9.25": CORE}}, "26.1", {"fallback": "uv"}, []),
        (GOOD, "13.6", {}, ["macOS 13.6"]),
        (GOOD, "26.1", {"kegs": []}, ["none of 3.9.23"]),
        (None, "", {}, ["Linux"]),
    ],
)
def test_what_stands_in_the_way(state, macos, wanted, found):
    observed = {"homebrew": state, "macos": macos, "system": "Darwin" if state else "Linux"}
    rows = preflight.homebrew_problems(observed, {"fallback": "", **WANTED, **wanted})
    assert [row["found"] for row in rows] == found
    assert all(row["fix"].endswith(".") for row in rows)
