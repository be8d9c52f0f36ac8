"""containers.yml on this machine up to where it would ask an engine: whose folder it takes."""

import sys

import pytest
from tests.support import playbooks


@pytest.fixture
def play(root, tmp_path):
    """Run the playbook on this machine with a folder of the project, and no engine: play(folder, variables) -> Outcome."""

    def run(folder, **variables):
        settings = {
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "containers_dir": str(folder),
            "containers_engine": "docker",
            **variables,
        }
        inventory = root / "inventory" / "local"
        environment = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
        return playbooks.run("playbooks/containers.yml", settings, [inventory], own_inventory=False, env=environment)

    return run


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_folder_with_files_of_others_is_left_alone(play, tmp_path, state):
    folder = tmp_path / "photos"
    folder.mkdir(mode=0o755)
    (folder / ".hidden").touch()
    done = play(folder, containers_state=state)
    assert done.rc != 0
    assert f"Nothing was changed. {folder} on localhost has files that are not of this playbook" in done.words
    assert [path.name for path in folder.iterdir()] == [".hidden"]
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("names", [[], [".saf-containers", "compose.yml"]])
def test_an_empty_folder_and_its_own_are_taken(play, tmp_path, names):
    for name in names:
        (tmp_path / "project" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "project" / name).touch()
    done = play(tmp_path / "project")
    assert done.rc != 0
    assert "No container engine: docker " in done.words
    assert "-e ansible_become=false -e 'containers_dir=~/saf-containers'" in done.words


@pytest.mark.parametrize(("variables", "said"), [
    ({"containers_project": "../a b"}, "containers_project is '../a b': take 1 to 40 small letters"),
    ({"containers_workers": "-1"}, "are numbers from 0 on"),
])  # fmt: skip
def test_a_name_or_a_number_that_cannot_be_is_one_sentence(play, tmp_path, variables, said):
    done = play(tmp_path / "project", **variables)
    assert done.rc != 0
    assert said in done.words
    assert not (tmp_path / "project").exists()
