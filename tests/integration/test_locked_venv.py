"""locked_venv on real files, with wheels and an installer made here: no network, no uv."""

import json
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from tests.support import killed

import locked_venv
from ansible_collections.saf.fabric.plugins.module_utils import venv

# Every account may run the system's own; the one that runs this test may be in a home folder.
BASE = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
VERSION = ".".join(str(part) for part in sys.version_info[:3])

# Stands for uv: `venv` makes the folder and its interpreter, `pip install` installs what the archive says.
INSTALLER = """#!{python}
import os, shutil, sys
arguments = sys.argv[1:]
if arguments[0] == "venv":
    target = arguments[arguments.index("--python") + 2]
    os.makedirs(os.path.join(target, "bin"))
    open(os.path.join(target, ".lock"), "w").close()
    os.chmod(os.path.join(target, ".lock"), 0o666)  # as uv does
    os.symlink({base!r}, os.path.join(target, "bin", "python"))
    python = arguments[arguments.index("--python") + 1]
    if "/Cellar/" in python:  # homebrew-core's sitecustomize names the opt link, unless the keg is given to it
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
            wheel.writestr("uv-0.data/scripts/uv", INSTALLER.format(python=sys.executable, base=BASE, minor=minor))
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


def test_no_other_account_may_write_into_it(converge, archive):
    path = converge("1.0", archive())["path"]
    found = [entry for entry in [Path(path), *Path(path).rglob("*")] if not entry.is_symlink() and entry.stat().st_mode & 0o022]
    assert (Path(path) / ".lock").exists()
    assert found == []


def test_check_mode_tells_the_plan_and_changes_nothing(converge, archive):
    result = converge("1.0", None, check=True, diff=True)
    assert result["changed"]
    assert "does not exist" in result["diff"]["before"]
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
    assert "The active venv is unchanged" in failed["msg"]
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


def test_killed_anywhere_the_old_venv_is_in_use_or_the_new_one_and_the_next_run_builds(converge, archive):
    """Before each file operation of a build, of the move into place and of the switch."""
    old, new = archive(), archive("2.0")
    converge("1.0", old)
    root, kept = converge.root, converge.root.parent / "kept"
    shutil.copytree(root, kept, symlinks=True)
    first = os.readlink(root / "current")
    assert converge("2.0", new)["changed"]
    second, points = os.readlink(root / "current"), []

    def fresh():
        shutil.rmtree(root)
        shutil.copytree(kept, root, symlinks=True)

    for number in killed.everywhere(fresh, lambda: converge("2.0", new)):
        assert os.readlink(root / "current") in (first, second), number
        assert (root / "current" / "bin" / "python").exists(), number
        answer = converge("2.0", new)
        assert not answer["failed"], (number, answer)
        assert os.readlink(root / "current") == second, number
        assert not converge("2.0", new)["changed"], number
        assert sorted(os.listdir(root / "venvs")) == sorted([".lock", *(os.path.basename(one) for one in (first, second))]), (
            number
        )
        assert sorted(os.listdir(root)) == ["current", "venvs"], number
        points.append(number)
    assert len(points) >= 30


def test_what_a_killed_switch_left_is_cleared(converge, archive):
    converge.root.mkdir(exist_ok=True)
    (converge.root / "current.4711").symlink_to("venvs/nowhere")
    converge("1.0", archive())
    assert sorted(entry.name for entry in converge.root.glob("current*")) == ["current"]


@pytest.mark.parametrize("step", ["unpack", "install"])
def test_a_full_disk_is_one_sentence_and_the_next_build_succeeds(converge, archive, monkeypatch, step):
    converge("1.0", archive())
    before, wheels = os.readlink(converge.root / "current"), archive("2.0")

    def full(*_arguments, **_options):
        if step == "unpack":
            raise OSError(28, "No space left on device")
        raise locked_venv.BuildError("Installing the wheels failed: failed to copy file: No space left on device (os error 28)")

    with monkeypatch.context() as patched:
        patched.setattr(locked_venv, "unpack_installer", full)
        failed = converge("2.0", wheels)
    folder = converge.root / "venvs"
    wanted = f"The disk at {folder} is full: free space there, then run site.yml again. The active venv is unchanged."
    assert failed["msg"] == wanted
    assert (os.readlink(converge.root / "current"), list(folder.glob(".build-*"))) == (before, [])
    assert converge("2.0", wheels)["changed"]


def test_an_archive_that_does_not_give_the_lock_is_refused(converge, archive):
    failed = converge("3.0", archive("1.0"))
    assert failed["failed"]
    assert "pkg is 1.0, the lock has 3.0" in failed["msg"]


def test_without_an_archive_the_sentence_says_so(converge):
    assert "archive of wheels is not on the node" in converge("1.0", None)["msg"]


def test_one_earlier_venv_is_kept(converge, archive):
    paths = [converge(version, archive(version))["path"] for version in ("1.0", "2.0", "3.0")]
    assert [os.path.exists(path) for path in paths] == [False, True, True]
    back = converge("2.0", None)
    assert back["changed"]
    assert back["problems"] == []
    assert os.path.realpath(converge.root / "current") == os.path.realpath(paths[1])


# --- another account. Only root can become one; without root the account is the caller's own, and nothing of this can happen.
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another account")


@pytest.fixture
def umask():
    """Set a umask for the time of the test."""
    before = os.umask(0o077)
    os.umask(before)
    yield os.umask
    os.umask(before)


@pytest.fixture
def shared(run_module):
    """Like converge, in a root that other accounts reach (pytest's own folders are closed to them), for the account nobody."""
    folder = Path(tempfile.mkdtemp(prefix="saf-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    root = folder / "saf"
    root.mkdir(mode=0o755)
    root.chmod(0o755)

    def run(version, archive, **options):
        args = {
            "root": str(root),
            "python": BASE,
            "python_version": VERSION,
            "digest": version,
            "distributions": {"pkg": version},
            "archive": archive,
            "user": "nobody",
        }
        return run_module(locked_venv, args, **options)

    run.root = root
    yield run
    shutil.rmtree(folder)


def closed_to_others(root):
    """Return what below ``root`` other accounts cannot read."""
    paths = [
        path for path in root.rglob("*") if not path.is_symlink() and "__pycache__" not in path.parts and path.name != ".lock"
    ]
    return [
        str(path) for path in paths if path.stat().st_mode & 0o004 == 0 or (path.is_dir() and path.stat().st_mode & 0o001 == 0)
    ]


def test_the_umask_of_the_login_does_not_decide_who_can_read_it(converge, archive, umask):
    path = archive()
    umask(0o077)
    made = converge("1.0", path)
    assert made["changed"]
    assert closed_to_others(converge.root) == []


@as_root
def test_another_account_can_use_it(shared, archive, umask):
    path = archive()
    umask(0o077)
    assert not shared("1.0", path)["failed"]
    assert not shared("1.0", None)["changed"]


@as_root
@pytest.mark.parametrize("damage", ["folder", "file", "venv"])
def test_a_venv_that_the_account_cannot_read_is_found_and_repaired(shared, archive, damage):
    """As earlier versions left it under umask 077."""
    path = archive()
    made = shared("1.0", path)
    (file,) = Path(made["path"]).glob("lib/*/site-packages/pkg.py")
    {"folder": file.parent, "file": file, "venv": Path(made["path"])}[damage].chmod(0o700 if damage != "file" else 0o600)
    plan = shared("1.0", None, check=True)
    assert plan["changed"]
    assert "nobody" in plan["problems"][0]
    assert shared("1.0", path)["changed"]
    assert closed_to_others(shared.root) == []
    assert not shared("1.0", None)["changed"]


@as_root
def test_a_closed_folder_of_venvs_is_opened_without_a_build(shared, archive):
    made = shared("1.0", archive())
    (shared.root / "venvs").chmod(0o700)
    assert shared("1.0", None, check=True)["changed"]
    repaired = shared("1.0", None)
    assert (repaired["changed"], repaired["problems"]) == (True, [])
    assert repaired["path"] == made["path"]
    assert not shared("1.0", None)["changed"]


@as_root
def test_a_closed_parent_is_one_sentence_and_nothing_is_switched(shared, archive):
    shared("1.0", archive())
    before = os.readlink(shared.root / "current")
    shared.root.parent.chmod(0o700)
    for version, path, check in (("2.0", archive("2.0"), False), ("1.0", None, False), ("1.0", None, True)):
        refused = shared(version, path, check=check)
        assert refused["failed"]
        assert f"{shared.root.parent} is closed to nobody: open it (chmod o+x {shared.root.parent})" in refused["msg"]
    assert os.readlink(shared.root / "current") == before


@as_root
def test_an_interpreter_in_a_closed_home_is_one_sentence(shared, archive, tmp_path, monkeypatch):
    home = Path(tempfile.mkdtemp(prefix="saf-home-", dir="/var/tmp"))
    try:
        (home / "python3").symlink_to(BASE)
        monkeypatch.setitem(globals(), "BASE", str(home / "python3"))
        refused = shared("1.0", archive())
        assert refused["failed"]
        assert f"{home} is closed to nobody" in refused["msg"]
        assert not (shared.root / "current").is_symlink()
    finally:
        shutil.rmtree(home)


def test_an_account_that_is_not_there_yet_fails_a_build_and_no_dry_run(shared, archive, run_module):
    args = {"root": str(shared.root), "python": BASE, "python_version": VERSION, "digest": "1.0", "distributions": {"pkg": "1.0"}}
    shared("1.0", archive())
    assert not run_module(locked_venv, {**args, "user": "saf-nobody-at-all"}, check=True)["failed"]


@as_root
def test_packages_are_imported_as_the_service_account_from_a_folder_that_it_reads(shared, archive, monkeypatch, run_module):
    """The archive is packed from a temporary folder, which is 0700, and brings that mode along."""
    tried = []

    def try_import(python, name, user):
        build_dir = os.path.dirname(os.path.dirname(os.path.dirname(python)))
        tried.append((name, user, oct(stat.S_IMODE(os.stat(build_dir).st_mode))))

    monkeypatch.setattr(locked_venv, "try_import", try_import)
    path = archive()
    content = path[: -len(".tar")]
    os.chmod(content, 0o700)
    with tarfile.open(path, "w") as tar:
        tar.add(content, arcname=".")
    monkeypatch.delattr(tarfile, "data_filter", raising=False)  # as in the Python of Debian 12
    args = {"root": str(shared.root), "python": sys.executable, "python_version": VERSION, "digest": "d", "archive": path}
    run_module(locked_venv, {**args, "distributions": {"pkg": "1.0"}, "imports": ["pkg"], "user": "nobody"})
    assert tried == [("pkg", "nobody", "0o755")]


def test_an_account_that_is_not_there_imports_nothing(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(locked_venv.BuildError, match="Importing os"):
        locked_venv.try_import(sys.executable, "os", "nosuchaccount")
