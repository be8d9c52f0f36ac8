"""What keeps Homebrew from installing the pinned Python, over observations."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import interpreter

OURS, CORE = "studio-air-fabric/pins", "homebrew/core"
WANTED = {"version": "3.9.23", "macos": "14", "kegs": ["3.9.23", "3.9.23_1"], "tap": OURS, "replace": False}
WANTED = {**WANTED, "way": "script", "formula": "python@3.9", "sudo": True}
GOOD = {"owner": "admin", "other_prefix": None, "kegs": {}, "in_use": None}
CORE_25 = {**GOOD, "kegs": {"3.9.25": CORE}, "in_use": "3.9.25"}


@pytest.mark.parametrize(
    ("state", "macos", "wanted", "found"),
    [
        (GOOD, "26.1", {}, []),
        ({**GOOD, "owner": None}, "26.1", {}, []),
        ({**GOOD, "owner": None}, "26.1", {"way": "never"}, ["no Homebrew"]),
        ({**GOOD, "owner": "root"}, "26.1", {}, ["root owns /opt/homebrew"]),
        ({**GOOD, "owner": None, "other_prefix": "/usr/local"}, "26.1", {}, ["/usr/local only"]),
        ({**GOOD, "owner": None}, "26.1", {"sudo": False}, ["a password is required"]),
        ({**GOOD, "owner": None}, "26.1", {"sudo": False, "way": "pkg"}, []),
        ({**GOOD, "owner": None}, "26.1", {"sudo": False, "fallback": "uv"}, []),
        (CORE_25, "26.1", {}, ["3.9.25 of another tap"]),
        ({**CORE_25, "kegs": {"3.9.25": CORE, "3.9.23_1": CORE}}, "26.1", {}, ["3.9.25 of another tap"]),  # the one that runs
        (CORE_25, "26.1", {"replace": True}, []),
        (CORE_25, "26.1", {"fallback": "uv"}, []),
        (GOOD, "13.6", {}, ["macOS 13.6"]),
        (GOOD, "26.1", {"kegs": []}, ["none of 3.9.23"]),
        (None, "", {}, ["Linux"]),
    ],
)
def test_what_stands_in_the_way(state, macos, wanted, found):
    rules = {"fallback": "", **WANTED, **wanted}
    observed = {"homebrew": state, "macos": macos, "system": "Darwin" if state else "Linux"}
    observed["sudo_without_password"] = rules.pop("sudo")
    rows = interpreter.homebrew_problems(observed, {"python_provider": "homebrew", "homebrew": rules})
    assert [row["found"] for row in rows] == found
    assert all(row["fix"].endswith(".") for row in rows)
