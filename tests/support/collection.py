"""The collection of this checkout with other modules in it: stand-ins that answer what a test wants."""

from __future__ import annotations

from tests.support.settings import ROOT


def with_modules(folder, modules):
    """Lay out the collection below ``folder`` and return the value of ANSIBLE_COLLECTIONS_PATH.

    modules: {name: source of the stand-in}; everything else is linked to this checkout.
    """
    fabric = folder / "collections" / "ansible_collections" / "saf" / "fabric"
    (fabric / "plugins" / "modules").mkdir(parents=True)
    for name in ("galaxy.yml", "meta", "roles", "playbooks", "data", "stacks"):
        (fabric / name).symlink_to(ROOT / name)
    for path in (ROOT / "plugins").iterdir():
        if path.name != "modules":
            (fabric / "plugins" / path.name).symlink_to(path.resolve())
    for path in (ROOT / "library").glob("*.py"):
        target = fabric / "plugins" / "modules" / path.name
        if path.stem in modules:
            target.write_text(modules[path.stem])
        else:
            target.symlink_to(path)
    return str(folder / "collections")
