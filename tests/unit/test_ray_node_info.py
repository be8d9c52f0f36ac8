"""The module ray_node_info: what the configuration of a node's Ray depends on."""

import getpass
import hashlib
import json

import pytest

import ray_node_info


@pytest.fixture
def look(run_module, tmp_path):
    def run(user=None):
        arguments = {
            "venv_root": str(tmp_path / "saf"),
            "venv": str(tmp_path / "saf" / "current"),
            "marker": ".saf-venv.json",
            "user": user or getpass.getuser(),
            "manifest": str(tmp_path / "saf" / "manifest.json"),
            "definitions": [str(tmp_path / "unit"), str(tmp_path / "plist")],
        }
        return run_module(ray_node_info, arguments)

    return run


def test_a_bare_node_has_nothing(look):
    found = look("no-such-account")
    assert not found["failed"]
    assert (found["group"], found["root_exists"], found["venv"]) == ("", False, "")
    assert (found["recorded"], found["definitions"], found["markers"]) == ([], [], {})


def test_an_installation_is_seen(look, tmp_path):
    root = tmp_path / "saf"
    venv = root / "venvs" / "abc"
    venv.mkdir(parents=True)
    (root / "venvs" / ".build-1").mkdir()  # unfinished: it has no marker
    (root / "current").symlink_to("venvs/abc")
    (venv / ".saf-venv.json").write_text("{}")
    (root / "manifest.json").write_text(json.dumps({"version": 1, "entries": [{"kind": "file", "name": "/etc/x"}]}))
    (tmp_path / "plist").write_text("")
    found = look()
    assert found["venv"] == str(venv)
    assert found["markers"] == {str(venv): hashlib.sha1(b"{}", usedforsecurity=False).hexdigest()}
    assert found["recorded"] == ["/etc/x"]
    assert found["definitions"] == [str(tmp_path / "plist")]
    assert found["worker"] == getpass.getuser()
    assert found["group"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"entries": [1]}', '{"entries": [{"kind": "file"}]}'])
def test_a_broken_manifest_is_left_to_the_module_that_keeps_it(look, tmp_path, text):
    (tmp_path / "saf").mkdir()
    (tmp_path / "saf" / "manifest.json").write_text(text)
    assert look()["recorded"] == []


@pytest.mark.parametrize(
    ("listing", "cores"),
    [
        ('{"SPDisplaysDataType": [{"sppci_cores": "76"}]}', 76),
        ('{"SPDisplaysDataType": [{"sppci_cores": "38"}, {"sppci_model": "Display"}, {"sppci_cores": "38"}]}', 76),
        ('{"SPDisplaysDataType": []}', 0),
        ("{}", 0),
        ("", 0),
        ("[1]", 0),
    ],
)
def test_gpu_cores_of_a_mac(listing, cores):
    assert ray_node_info.gpu_cores(listing) == cores


@pytest.mark.parametrize(
    ("names", "has"), [([], False), (["dri"], False), (["nvidia0"], True), (["nvidia-modeset"], False), (["kfd"], True)]
)
def test_devices_that_compute(tmp_path, names, has):
    for name in names:
        (tmp_path / name).write_text("")
    assert ray_node_info.has_compute_devices(str(tmp_path)) is has


def test_the_real_interpreter_is_returned(look, tmp_path):
    """It may be in a home folder, which a sandbox must not hide."""
    assert look()["interpreter"] == ""
    home = tmp_path / "home" / "python3"
    home.parent.mkdir()
    home.write_text("")
    (tmp_path / "saf" / "venvs" / "abc" / "bin").mkdir(parents=True)
    (tmp_path / "saf" / "current").symlink_to("venvs/abc")
    (tmp_path / "saf" / "venvs" / "abc" / "bin" / "python").symlink_to(home)
    assert look()["interpreter"] == str(home)


def test_paths_that_do_not_exist_are_returned(run_module, tmp_path):
    given = {"venv_root": "/x", "venv": "/x", "marker": "m", "user": "u", "manifest": "/x", "paths": [str(tmp_path), "/no/such"]}
    assert run_module(ray_node_info, given)["missing"] == ["/no/such"]
