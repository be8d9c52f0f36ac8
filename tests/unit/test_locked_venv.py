"""locked_venv on real files, with wheels and an installer made here: no network, no uv."""

import json
import os
import stat
import sys
import tarfile
import zipfile

import pytest
from ansible.module_utils.saf import venv

import locked_venv

VERSION = ".".join(str(part) for part in sys.version_info[:3])

# Stands for uv: `venv` makes the folder and its interpreter, `pip install` installs what the archive says.
INSTALLER = """#!{python}
import os, shutil, sys
arguments = sys.argv[1:]
if arguments[0] == "venv":
    target = arguments[arguments.index("--python") + 2]
    os.makedirs(os.path.join(target, "bin"))
    os.symlink({python!r}, os.path.join(target, "bin", "python"))
    python = arguments[arguments.index("--python") + 1]
    if "/Cellar/" in python:  # homebrew-core's sitecustomize names the opt link, unless it is told the keg
        python = os.environ.get("PYTHONEXECUTABLE") or "/opt/homebrew/opt/python@3.9/bin/python3.9"
    with open(os.path.join(target, "pyvenv.cfg"), "w") as stream:
        stream.write("home = " + os.path.dirname(python) + "\\nversion_info = 3.9.23\\n")
else:
    wheels = arguments[arguments.index("--find-links") + 1]
    if os.path.exists(os.path.join(wheels, "broken")):
        sys.exit("no such wheel")
    target = os.path.dirname(os.path.dirname(arguments[arguments.index("--python") + 1]))
    shutil.copytree(os.path.join(wheels, "site"), os.path.join(target, "lib", "python{minor}", "site-packages"))
"""


@pytest.fixture
def archive(tmp_path):
    """Make an archive as wheelhouse does: archive(version, broken=False) -> path."""

    def make(version="1.0", broken=False):
        folder = tmp_path / f"archive-{version}-{broken}"
        site = folder / "wheels" / "site"
        info = site / f"pkg-{version}.dist-info"
        info.mkdir(parents=True)
        (site / "pkg.py").write_text(f"version = {version!r}")
        (info / "RECORD").write_text(f"pkg.py,sha256={venv.file_digest(str(site / 'pkg.py'))},1\n")
        (folder / "wheels" / "requirements.txt").write_text("")
        if broken:
            (folder / "wheels" / "broken").write_text("")
        (folder / "installer").mkdir()
        with zipfile.ZipFile(folder / "installer" / "uv-0-none-any.whl", "w") as wheel:
            minor = ".".join(VERSION.split(".")[:2])
            wheel.writestr("uv-0.data/scripts/uv", INSTALLER.format(python=sys.executable, minor=minor))
        path = tmp_path / f"{folder.name}.tar"
        with tarfile.open(path, "w") as tar:
            tar.add(folder, arcname=".")
        return str(path)

    return make


@pytest.fixture
def converge(run_module, tmp_path):
    """Run the module for one version of the lock: converge("1.0", archive) -> result."""
    root = tmp_path / "saf"
    root.mkdir()

    def run(version, archive, python=sys.executable, **options):
        args = {
            "root": str(root),
            "python": python,
            "python_version": VERSION,
            "digest": f"digest of {version}",
            "distributions": {"pkg": version},
            "archive": archive,
        }
        return run_module(locked_venv, args, **options)

    run.root = root
    return run


def test_build_switch_and_rest(converge, archive):
    first = converge("1.0", archive())
    assert first["changed"]
    assert os.path.realpath(converge.root / "current") == os.path.realpath(first["path"])
    marker = json.loads((converge.root / "current" / venv.MARKER).read_text())
    assert marker["distributions"] == {"pkg": "1.0"}
    again = converge("1.0", None)
    assert not again["changed"]
    assert again["fingerprint"] == first["fingerprint"] == marker["fingerprint"]


def test_check_mode_tells_the_plan_and_changes_nothing(converge, archive):
    result = converge("1.0", None, check=True, diff=True)
    assert result["changed"]
    assert "is not there" in result["diff"]["before"]
    assert list(converge.root.iterdir()) == []
    converge("1.0", archive())
    assert not converge("1.0", None, check=True)["changed"]


@pytest.mark.parametrize("damage", ["delete", "alter", "unfinished"])
def test_damage_is_found_and_repaired(converge, archive, damage):
    path = archive()
    first = converge("1.0", path)
    (file,) = (converge.root / "current" / "lib").glob("*/site-packages/pkg.py")
    if damage == "delete":
        file.unlink()
    elif damage == "alter":
        file.write_text("version = 'evil'")
    else:
        (converge.root / "current" / venv.MARKER).unlink()
    assert converge("1.0", None, check=True)["changed"]
    repaired = converge("1.0", path)
    assert repaired["changed"]
    assert repaired["problems"]
    assert repaired["fingerprint"] == first["fingerprint"]
    assert not converge("1.0", None)["changed"]


def test_a_failed_build_leaves_the_old_one(converge, archive):
    converge("1.0", archive())
    before = os.readlink(converge.root / "current")
    failed = converge("2.0", archive("2.0", broken=True))
    assert failed["failed"]
    assert "no such wheel" in failed["msg"]
    assert "left as it was" in failed["msg"]
    assert os.readlink(converge.root / "current") == before
    assert [entry.name for entry in (converge.root / "venvs").glob(".build-*")] == []


KEG = "/opt/homebrew/Cellar/python@3.9/3.9.23_1/bin/python3.9"


def test_a_venv_of_a_keg_does_not_follow_homebrews_opt_link(converge, archive):
    assert converge("1.0", archive(), python=KEG)["changed"]
    assert venv.home(str(converge.root / "current")) == KEG.rpartition("/")[0]


def test_a_venv_of_an_earlier_version_that_follows_it_is_made_anew_once(converge, archive):
    wheels = archive()
    converge("1.0", wheels, python=KEG)
    current = converge.root / "current"
    marker = json.loads((current / venv.MARKER).read_text())
    assert marker.pop("home")
    (current / venv.MARKER).write_text(json.dumps(marker))
    (current / "pyvenv.cfg").write_text("home = /opt/homebrew/opt/python@3.9/bin\n")
    again = converge("1.0", wheels, python=KEG)
    assert any("opt link" in problem for problem in again["problems"])
    assert not converge("1.0", wheels, python=KEG)["changed"]


def test_what_a_killed_build_left_is_cleared(converge, archive):
    leftover = converge.root / "venvs" / ".build-killed"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("")
    converge("1.0", archive())
    assert not leftover.exists()


def test_an_archive_that_does_not_give_the_lock_is_refused(converge, archive):
    failed = converge("3.0", archive("1.0"))
    assert failed["failed"]
    assert "pkg is 1.0, the lock says 3.0" in failed["msg"]


def test_without_an_archive_the_sentence_says_so(converge):
    assert "archive of wheels is not on the node" in converge("1.0", None)["msg"]


def test_one_earlier_venv_is_kept(converge, archive):
    paths = [converge(version, archive(version))["path"] for version in ("1.0", "2.0", "3.0")]
    assert [os.path.exists(path) for path in paths] == [False, True, True]
    back = converge("2.0", None)
    assert back["changed"]
    assert back["problems"] == []
    assert os.path.realpath(converge.root / "current") == os.path.realpath(paths[1])


def test_the_service_user_can_read_it(converge, archive):
    path = converge("1.0", archive())["path"]
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o005 == 0o005
