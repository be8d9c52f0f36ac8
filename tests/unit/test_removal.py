"""What playbooks/remove_node.yml refuses and what it says at its end."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import removal
from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import Store

GROUPS = {"head": ["alpha"], "workers": ["beta", "gamma"]}
INVENTORY = """all:
  children:
    head:
      hosts:
        alpha: {ansible_host: 10.0.0.1}
    workers:
      hosts:
        beta:
          ansible_host: 10.0.0.2
        betatron: {}
"""


def command(playbook, limit="", extra=None):
    return " ".join(
        [playbook, *([f"--limit {limit}"] if limit else []), *(f"-e {name}={value}" for name, value in (extra or {}).items())]
    )


@pytest.mark.parametrize(
    ("node", "limit", "words"),
    [
        ("beta", "", ""),
        ("", "", "Say which node leaves, with -e node=<name>:\nplaybooks/remove_node.yml -e node=beta"),
        ("alpha", "", "alpha is the head. Make another node the head first"),
        ("beto", "", "beto is no worker of the inventory. Did you mean beta?"),
        ("beta", "beta", "leave out --limit:\nplaybooks/remove_node.yml -e node=beta"),
    ],
)
def test_what_is_refused(node, limit, words):
    said = removal.refused(node, GROUPS, limit, command)
    assert said == words if not words else words in said


def test_the_lines_of_the_inventory_are_named():
    assert removal.lines_of("beta", {"hosts.yml": INVENTORY}) == ["hosts.yml:8: beta:"]
    assert removal.lines_of("beta", {"hosts": "[workers]\nbeta ansible_host=10.0.0.2\nbetatron\n"}) == [
        "hosts:2: beta ansible_host=10.0.0.2"
    ]


@pytest.fixture
def variables(tmp_path):
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "beta.yml").write_text("x: 1\n")
    return {"inventory_dir": str(tmp_path), "inventory_file": str(tmp_path / "hosts.yml"), "inventory_hostname": "beta"}


def test_the_report_names_what_is_left_to_do(variables, tmp_path):
    said = removal.report("beta", variables, False, {"reachable": True, "unexpected": []}, "/opt/saf", False, command)
    assert said.splitlines()[1:] == [f"{tmp_path}/hosts.yml:8: beta:", f"{tmp_path}/host_vars/beta.yml"]


def test_the_report_about_a_node_that_is_gone_says_what_remains_on_it(variables):
    said = removal.report("beta", variables, True, {"reachable": True, "unexpected": ["beta"]}, "/opt/saf", False, command)
    assert "The head counts beta as alive" in said
    assert "playbooks/reset.yml --limit beta" in said
    assert "playbooks/rotate_secrets.yml" in said


def test_certificates_of_former_nodes_are_dropped(tmp_path):
    folder = tmp_path / "nodes"
    folder.mkdir()
    for name in ("alpha", "beta", "a%2Fb"):
        for ending in ("crt", "key"):
            (folder / f"{name}.{ending}").write_text("x")
    assert Store(tmp_path, "c", None, "", check=True).drop_others(["alpha"]) == ["a/b", "beta"]
    assert Store(tmp_path, "c", None, "").drop_others(["alpha", "a/b"]) == ["beta"]
    assert sorted(path.name for path in folder.iterdir()) == ["a%2Fb.crt", "a%2Fb.key", "alpha.crt", "alpha.key"]
