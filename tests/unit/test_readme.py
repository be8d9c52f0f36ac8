"""README prints the files and lists the changes of this repository."""

import re

import documents
import pytest

from ansible_collections.saf.fabric.module_utils.manifest import kinds


@pytest.fixture
def readme(root):
    return (root / "README.md").read_text()


def test_the_printed_inventory_is_the_example(root, readme):
    printed = [block.code for block in documents.blocks(readme) if block.language == "yaml"]
    assert printed == [(root / "inventory" / "studio" / "hosts.yml").read_text().rstrip("\n")]


def test_every_kind_of_change_on_a_node_has_its_row(readme):
    listed = re.findall(r"(?m)^\|.*<!-- kinds: (.*) -->", readme)
    named = [kind for row in listed for kind in row.split(", ")]
    assert sorted(named) == sorted(kinds.KINDS)


def test_the_security_and_the_status_stand_in_the_first_screen(readme):
    first = "\n".join(readme.splitlines()[:30])
    for words in ("**Status**", "**Security**", "**For**", "**Not for**", "emulated", "no password"):
        assert words in first


@pytest.mark.parametrize("path", documents.paths(), ids=str)
def test_links_lead_to_files_and_headings(root, path):
    text = (root / path).read_text()
    for line, target in documents.links(text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (root / path).parent / file if file else root / path
        assert there.exists(), f"{path}:{line}: {target}"
        if anchor:
            assert anchor in documents.anchors(there.read_text()), f"{path}:{line}: {target}"
