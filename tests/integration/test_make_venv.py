"""`make setup` on a machine whose python3 is too old for the controller, as on a fresh Mac, with doubles of Python and uv."""

import shutil
import subprocess

import pytest

# Answers as a Python of $VERSION; its virtual environments hold itself as python.
PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
  -V) echo "Python 3.$VERSION.6" ;;
  *"(3, 11)"*) test "$VERSION" -ge 11 && test "$VERSION" -le 13 ;;
  *"(3, 8)"*) test "$VERSION" -ge 8 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$UV" "$3/bin/uv" ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>"$CALLS"
test "$1" != venv || { mkdir -p .venv/bin; exit ${NO_PYTHON:-0}; }
"""
SENTENCE = "The controller needs Python 3.11 to 3.13"


@pytest.fixture
def clone(root, tmp_path):
    """Return run(*arguments, **environment) -> (exit status, output, calls) of tools/make_venv.sh among doubles."""
    for folder in ("tools", "bin", "double", ".cache"):
        (tmp_path / folder).mkdir()
    shutil.copy(root / "tools" / "make_venv.sh", tmp_path / "tools")
    for path, text in ((tmp_path / "bin" / "python3", PYTHON), (tmp_path / "double" / "uv", UV)):
        path.write_text(text)
        path.chmod(0o755)
    calls = tmp_path / "calls"

    def run(*arguments, has_uv=False, **more):
        path = [tmp_path / "bin", *([tmp_path / "double"] if has_uv else []), "/usr/bin", "/bin"]
        environment = {"PATH": ":".join(map(str, path)), "CALLS": str(calls), "UV": str(tmp_path / "double" / "uv"), **more}
        line = ["bash", "tools/make_venv.sh", *arguments]
        done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines() if calls.exists() else []

    return run


def test_a_fitting_python_makes_the_environment_itself(clone, tmp_path):
    status, said, calls = clone("python3", "0.1", VERSION="12")
    assert (status, said) == (0, "")
    assert calls[-2:] == ["python -m venv .venv", "python -m pip install --quiet uv==0.1"]
    assert (tmp_path / ".venv" / "bin" / "uv").exists()


@pytest.mark.parametrize("has_uv", [True, False])
def test_uv_brings_a_python_where_the_machine_has_an_older_one(clone, tmp_path, has_uv):
    status, said, calls = clone("python3", "0.1", has_uv=has_uv, VERSION="9")
    assert status == 0, said
    assert f"{SENTENCE}, python3 is Python 3.9.6: uv finds or downloads one" in said
    assert calls[-2:] == [
        "uv venv --quiet --python >=3.11,<3.14 .venv",
        "uv pip install --quiet --python .venv/bin/python uv==0.1",
    ]
    assert ("python -m venv .cache/uv" in calls) is not has_uv
    assert not (tmp_path / ".cache" / "uv").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["python3", "0.1", "chosen"], {"VERSION": "9"}, f"{SENTENCE}, python3 is Python 3.9.6: select another one"),
        (["python3", "0.1", "chosen"], {"VERSION": "14"}, "python3 is Python 3.14.6: select another one"),
        (["nothing", "0.1", "chosen"], {"VERSION": "9"}, "nothing is not there: select another one"),
        (["python3", "0.1"], {"VERSION": "7"}, "Without Python 3.8 or newer there is no uv: install Python"),
        (["nothing", "0.1"], {"VERSION": "9"}, "Without Python 3.8 or newer there is no uv: install Python"),
        (["python3", "0.1"], {"VERSION": "9", "NO_PYTHON": "1"}, "uv could neither find nor download Python 3.11 to 3.13"),
    ],
)
def test_what_cannot_be_made_ends_with_what_to_do(clone, tmp_path, arguments, environment, said):
    status, output, _calls = clone(*arguments, **environment)
    assert status == 1
    assert said in output
    assert "PYTHON" in output
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".cache" / "uv").exists()
