"""Each case fails with its sentence, and the nodes are what they were."""

import re

import pytest
import yaml
from cases import CASES, SMALL_DISK


def written(folder, groups, hostvars):
    """Write an inventory of our own making, return its path."""
    children = {name: {"hosts": dict.fromkeys(members)} for name, members in groups.items()}
    document = {"all": {"hosts": hostvars, "children": {"cluster": {"children": children}}}}
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump(document))
    return path


def state_of(node):
    """Return what a provisioning run could have changed."""
    quiet = f"-not -path '{node.root}/log*' -not -path '{node.root}/ray/*'"
    commands = [
        f"find {node.root} -maxdepth 2 {quiet} -printf '%p %C@\\n' | sort",
        "systemctl show saf-ray.service --property=MainPID,ActiveState",
        "getent passwd",
        "dpkg --list | sha256sum",
        f"test ! -e {SMALL_DISK}",
    ]
    return node.check("; ".join(commands))


@pytest.fixture
def inventory_of(tmp_path, inventory):
    def make(edit):
        groups = {name: list(inventory.get(name, {}).get("hosts", [])) for name in ("head", "workers")}
        hostvars = {name: dict(variables) for name, variables in inventory["_meta"]["hostvars"].items()}
        for variables in hostvars.values():
            # Molecule's own, which only it can render
            for name in [name for name in variables if name.startswith("molecule_")]:
                del variables[name]
        if edit:
            edit(groups, hostvars)
        return written(tmp_path, groups, hostvars)

    return make


@pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"\W+", "-", case.name))
def test_is_refused(case, saf_playbook, inventory_of, nodes):
    path = inventory_of(case.edit)
    if case.node:
        nodes[case.node].check(case.before)
    try:
        before = {name: state_of(node) for name, node in nodes.items()}
        refused = saf_playbook("site.yml", case.extra, inventories=[path], own_inventory=False)
        assert refused.rc != 0, "this was not refused"
        missing = [words for words in case.says if words.lower() not in refused.words.lower()]
        assert not missing, f"not said: {missing}\n{refused.output}"
        assert not refused.changed
        assert "Traceback" not in refused.output
        assert {name: state_of(node) for name, node in nodes.items()} == before
    finally:
        if case.node:
            nodes[case.node].check(case.after)


def test_good_inventory_passes(saf_playbook, inventory_of):
    """The harness itself: what it writes without an edit is accepted."""
    passed = saf_playbook("playbooks/preflight.yml", inventories=[inventory_of(None)], own_inventory=False)
    assert passed.rc == 0, passed.output
    assert not passed.changed
