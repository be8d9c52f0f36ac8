"""Ray's settings of the service: whoever talks to Ray gets them, and nothing else of the file."""

import importlib.util
import json
import re
import subprocess
import sys

import pytest
import ray_watchdog as watchdog
from tests.unit.test_environment import VALUES

from ansible_collections.saf.fabric.plugins.module_utils.services import ray_settings_file
from ansible_collections.saf.fabric.plugins.module_utils.system import environment

FILE = """# comment
HOME="/opt/saf/ray"
LD_PRELOAD="/tmp/evil.so"
PATH="/opt/saf/current/bin"
RAY_AUTH_MODE="token"
OTHER="a
RAY_INSIDE=\\"1\\"
"
PYTHONPATH="/tmp"
export RAY_OLD=plain
RAYLET="no"
"""


def test_only_settings_of_ray_are_read(tmp_path):
    (tmp_path / "ray.env").write_text(FILE)
    assert ray_settings_file.read(tmp_path / "ray.env") == {"RAY_AUTH_MODE": "token", "RAY_OLD": "plain"}


@pytest.mark.parametrize("value", VALUES)
def test_values_are_what_the_service_gets(value):
    text = environment.line("RAY_A", value) + "\n" + environment.line("RAY_B", "next") + "\n"
    assert ray_settings_file.parse(text) == environment.parse(text) == {"RAY_A": value, "RAY_B": "next"}


def test_a_value_that_no_process_can_be_given_is_left_out(tmp_path):
    (tmp_path / "ray.env").write_bytes(b'RAY_A="a\0b"\nRAY_B="\xff"\n')
    assert list(ray_settings_file.read(tmp_path / "ray.env")) == ["RAY_B"]


def test_it_needs_nothing_of_the_collection_and_python_3_9(root):
    """It is copied beside the watchdog's question and beside probes."""
    path = root / "module_utils" / "services" / "ray_settings_file.py"
    source = importlib.util.spec_from_file_location("alone", path)
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    assert "import .." not in path.read_text()
    assert "from ." not in path.read_text()


@pytest.fixture
def fake_ray(tmp_path):
    """A folder with a package ray that answers what RAY_ variables it was imported with."""
    package = tmp_path / "ray"
    package.mkdir()
    (package / "__init__.py").write_text("import os\nSEEN = os.environ.get('RAY_AUTH_TOKEN_PATH')\n")
    (package / "exceptions.py").write_text("class RayError(Exception):\n    pass\n")
    (package / "_raylet.py").write_text(
        "import ray\nclass GcsClient:\n  def __init__(self, address):\n        raise RuntimeError(f'imported with {ray.SEEN}')\n"
    )
    return tmp_path


def test_the_watchdogs_question_reads_the_settings_before_it_imports_ray(root, fake_ray):
    etc = fake_ray / "etc"
    etc.mkdir()
    for file in ("roles/ray/files/ray_membership.py", "module_utils/services/ray_settings_file.py"):
        (etc / file.rpartition("/")[2]).write_text((root / file).read_text())
    (etc / "ray.env").write_text('RAY_AUTH_TOKEN_PATH="/opt/saf/ray/token"\nPYTHONHOME="/nowhere"\n')
    start = f"import runpy, sys; sys.path.insert(0, {str(fake_ray)!r}); del sys.argv[0]; "
    start += "runpy.run_path(sys.argv[0], None, '__main__')"
    for settings, said in ((etc / "ray.env", {"unanswered": "imported with /opt/saf/ray/token"}), ("/nowhere/ray.env", {})):
        argv = [sys.executable, "-I", "-c", start, str(etc / "ray_membership.py"), "127.0.0.1:1", "alpha", str(settings)]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
        last = json.loads(done.stdout.splitlines()[-1])
        assert last == said if said else "/nowhere/ray.env cannot be read" in last["failed"]


def test_the_watchdog_names_the_file_and_does_not_read_it(monkeypatch, root):
    """Root reads nothing that the account may write: the child gets the path."""
    started = []

    class Child:
        pid = 2**22 + 1

        def __init__(self, argv, **options):
            started.append((argv, options["env"]))

        def wait(self, *_timeout):
            return 1

    monkeypatch.setattr(watchdog.subprocess, "Popen", Child)
    monkeypatch.setattr(watchdog, "is_closed", lambda *_address: False)
    monkeypatch.setattr(watchdog.os, "killpg", lambda *_arguments: None)
    config = {"gcs": "h:1", "name": "a", "user": "root", "python": "p", "question": "q", "settings": "/opt/saf/etc/ray.env"}
    watchdog.ask_gcs(config)
    assert started[0][0][-1] == "/opt/saf/etc/ray.env"
    assert not [name for name in started[0][1] if name.startswith("RAY_")]
    assert "ray_settings_file" not in (root / "roles" / "ray" / "files" / "ray_watchdog.py").read_text()


@pytest.mark.parametrize("probe", ["cluster_nodes", "ray_tasks"])
def test_probes_set_them_before_they_import_ray(root, probe):
    source = (root / "module_utils" / "probes" / f"{probe}.py").read_text()
    main = source[source.index("def main(") :]
    imported = re.search(r"\n    (import ray\n|from ray\._raylet )", main)
    assert main.index('ray_settings_file.apply(params["environment_file"])') < imported.start()
