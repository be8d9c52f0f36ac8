"""Who may import whom: node code the standard library and itself; controller code is imported by no module."""

import ast
import sys
from pathlib import Path

import ansible.module_utils
import pytest

COLLECTION = "ansible_collections.saf.fabric.plugins."
# What a probe finds in the interpreter of the venv, and the helpers that are laid beside it.
IN_THE_VENV = {"mlx", "mlx_lm", "numpy", "ray", "transformers"}


def dotted(path, root):
    """Return the module's name below plugins/ as a list."""
    relative = path.relative_to(root).with_suffix("")
    parts = relative.parts[1:] if relative.parts[0] == "plugins" else relative.parts
    return list(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, root):
    """Return the absolute dotted names that a file imports; names of the collection begin at its plugins folder."""
    package = dotted(path, root) if path.name == "__init__.py" else dotted(path, root)[:-1]
    found = set()
    for entry in ast.walk(ast.parse(path.read_text())):
        if isinstance(entry, ast.Import):
            found |= {alias.name for alias in entry.names}
        elif isinstance(entry, ast.ImportFrom):
            base = package[: len(package) - entry.level + 1] if entry.level else []
            source = ".".join(base + ([entry.module] if entry.module else []))
            found |= {f"{source}.{alias.name}".removeprefix(COLLECTION) for alias in entry.names}
    return found


def sources(root, *folders):
    return [path for folder in folders for path in sorted((root / folder).rglob("*.py")) if "__pycache__" not in path.parts]


def test_node_code_imports_the_standard_library_and_itself(root):
    """Ansible's own module_utils besides: it travels with each module."""
    wrong = []
    for path in sources(root, "library", "module_utils"):
        place = path.relative_to(root)
        allowed = set(sys.stdlib_module_names) | {"module_utils"}
        if place.parts[:2] == ("module_utils", "probes"):
            # Whoever talks to Ray reads the settings of the service; the watchdog has the file as well.
            allowed |= IN_THE_VENV | {"ray_settings_file"}
            allowed |= {helper.stem for helper in (root / "module_utils" / "probes").glob("*.py")}
        names = {name for name in imports(path, root) if not name.startswith("ansible.module_utils.")}
        wrong += [f"{place}: {name}" for name in sorted(names) if name.split(".")[0] not in allowed]
    assert wrong == []


def test_no_circle(root):
    paths = sources(root, "module_utils", "plugins/plugin_utils")
    names = {".".join(dotted(path, root)): path for path in paths}
    graph = {}
    for name, path in names.items():
        found = {
            ".".join(one.split(".")[:length]) for one in imports(path, root) for length in (one.count("."), one.count(".") + 1)
        }
        graph[name] = {one for one in found if one in names and one != name and not name.startswith(f"{one}.")}
    done = set()

    def visit(name, line):
        assert name not in line, " -> ".join([*line[line.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, [*line, name])
            done.add(name)

    for name in graph:
        visit(name, [])
    print(f"{len(graph)} modules, {sum(map(len, graph.values()))} imports, 0 circles")


@pytest.mark.parametrize("hack", ["__path__", "spec_from_file_location", "import_module("])
def test_nothing_is_loaded_behind_the_back_of_the_importer(root, hack):
    """A probe in the venv asks for a model's class by name: mlx-lm's own way."""
    found = [path for path in sources(root, "library", "module_utils", "plugins") if hack in path.read_text()]
    assert {str(path.relative_to(root)) for path in found} <= {
        "module_utils/probes/llm.py",
        "module_utils/system/interpreters.py",
    }


def test_the_checkout_is_the_collection(root):
    link = root / "collections" / "ansible_collections" / "saf" / "fabric"
    assert link.resolve() == root
    assert (link / "plugins" / "modules").resolve() == root / "library"
    assert (link / "plugins" / "module_utils").resolve() == root / "module_utils"


def test_no_name_hides_one_of_ansible(root):
    """A folder module_utils beside a playbook counts as Ansible's own: a package of the same name would be taken instead."""
    theirs = {path.stem for path in Path(ansible.module_utils.__file__).parent.iterdir()}
    ours = {path.stem for path in (root / "module_utils").iterdir()} - {"__init__", "__pycache__"}
    assert ours & theirs == set()
