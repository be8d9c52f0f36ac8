"""The operating systems: darwin and linux offer the same, and one is chosen once."""

import ast
import inspect
import platform

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.system import current, darwin, linux

SYSTEMS = {"Darwin": darwin, "Linux": linux}


def signatures(package):
    """Return {name: parameters} of what a package offers; a constant has no parameters."""
    offered = {name: getattr(package, name) for name in package.__all__}
    return {name: list(inspect.signature(value).parameters) if callable(value) else None for name, value in offered.items()}


def test_both_systems_offer_the_same_functions():
    assert signatures(darwin) == signatures(linux)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_offers_nothing_beside_its_list(name):
    """A function that only one system has would be missing on the other node."""
    package = SYSTEMS[name]
    public = {key for key, value in vars(package).items() if not key.startswith("_") and not inspect.ismodule(value)}
    parts = {key for key in package.__all__ if inspect.ismodule(getattr(package, key))}
    assert public - {"annotations"} == set(package.__all__) - parts
    assert name == package.NAME


def test_this_machine_has_its_system():
    assert current.system is SYSTEMS.get(platform.system(), linux)


def test_what_both_describe_has_the_same_main_keys():
    found = {}
    for name, package in SYSTEMS.items():
        source = inspect.getsource(inspect.getmodule(package.describe).describe)
        answer = next(node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Return))
        found[name] = {key.value for key in answer.keys if key}
    assert found["Darwin"] - found["Linux"] == {"model"}
    assert found["Linux"] - found["Darwin"] == {"cache_bytes"}


def test_the_system_is_chosen_in_one_place(root):
    """Other code asks system.current."""
    asking = set()
    for folder in ("library", "module_utils"):
        for path in (root / folder).rglob("*.py"):
            if "platform.system()" in path.read_text() and "__pycache__" not in path.parts:
                asking.add(str(path.relative_to(root)))
    assert asking == {"module_utils/system/current.py"}
