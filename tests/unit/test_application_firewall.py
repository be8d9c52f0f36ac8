"""Which programs role ray adds to the application firewall of a Mac: those that it does not list yet, in whatever way."""

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TASKS = yaml.safe_load((Path(__file__).resolve().parents[2] / "roles/ray/tasks/application_firewall.yml").read_text())
FRAMEWORK = "/opt/homebrew/Cellar/python@3.9/3.9.23_1/Frameworks/Python.framework/Versions/3.9/Resources/Python.app"
PROGRAMS = [f"{FRAMEWORK}/Contents/MacOS/Python", "/opt/saf/ray/raylet"]


@pytest.mark.parametrize(
    ("listed", "new"),
    [
        ([], PROGRAMS),
        ([FRAMEWORK], PROGRAMS[1:]),
        ([FRAMEWORK, "/opt/saf/ray/raylet"], []),
        (PROGRAMS, []),
        (["/Applications/Other.app", "/opt/homebrew/Cellar/python@3x9/3.9.23_1/Python.app"], PROGRAMS),
    ],
)
def test_what_the_firewall_lists_is_not_added_again(listed, new):
    variables = next(task for task in TASKS if "block" in task)["vars"]
    text = f"Total number of apps = {len(listed)}\n"
    text += "".join(f"{number} : {path} \n             (Allow incoming connections)\n" for number, path in enumerate(listed, 1))
    known = {
        "__ray_firewall_apps": {"stdout": text},
        "__ray_firewall_found": {"files": [{"path": path, "xusr": True} for path in PROGRAMS]},
    }
    trusted = {name: trust_as_template(value) for name, value in variables.items()}
    templar = Templar(loader=DataLoader(), variables={**known, **trusted})
    assert [item["path"] for item in templar.template(trusted["__ray_firewall_new"])] == new
