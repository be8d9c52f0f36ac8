"""Packed modules that are kept from one run to the next."""

import os

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils import packed_modules

PING = "ansible.modules.ping-ZIP_DEFLATED-none"
OURS = "ansible_collections.saf.fabric.plugins.modules.node_files-ZIP_DEFLATED-none"


@pytest.fixture
def folders(tmp_path):
    for name in ("source", "target"):
        packed_modules.make_folder(tmp_path / "kept" / name)
    return tmp_path / "kept" / "source", tmp_path / "kept" / "target"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_packages_of_ansible_and_of_this_collection_are_copied_once(folders):
    source, target = folders
    for name in (PING, OURS):
        (source / name).write_text(name)
    (target / PING).write_text("there before")
    packed_modules.copy(source, target)
    assert names(target) == sorted([PING, OURS])
    assert [(target / name).read_text() for name in (PING, OURS)] == ["there before", OURS]


@pytest.mark.parametrize(
    "name",
    [
        f"{PING}-part",
        f"{PING}.lock",
        f"{PING}.4711",
        "ansible.legacy.ping-ZIP_DEFLATED-none",  # of a folder library beside some playbook
        "ansible_collections.community.general.plugins.modules.x-ZIP_DEFLATED-none",
        "ansible.modules.ping-ZIP_DEFLATED-debugpy",
    ],
)
def test_nothing_else_is_kept(folders, name):
    source, target = folders
    (source / name).write_text("x")
    packed_modules.copy(source, target)
    assert names(target) == []


@pytest.mark.parametrize("mode", [0o770, 0o707])
@pytest.mark.parametrize("which", [0, 1])
def test_a_folder_that_others_can_write_is_left_alone(folders, mode, which):
    source, target = folders
    (source / PING).write_text("x")
    folders[which].chmod(mode)
    packed_modules.copy(source, target)
    assert names(target) == []


def test_a_link_to_a_folder_is_left_alone(folders, tmp_path):
    source, target = folders
    (source / PING).write_text("x")
    (tmp_path / "link").symlink_to(source)
    packed_modules.copy(tmp_path / "link", target)
    assert names(target) == []


def test_a_folder_is_made_for_this_account_alone(tmp_path):
    umask = os.umask(0)
    try:
        packed_modules.make_folder(tmp_path / "kept" / "state")
    finally:
        os.umask(umask)
    assert packed_modules.is_private(tmp_path / "kept" / "state")


def test_a_changed_file_and_another_ansible_have_another_folder(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("a = 1\n")
    first = packed_modules.digest("2.19.14", [path])
    assert packed_modules.digest("2.19.14", [path]) == first
    assert packed_modules.digest("2.21.5", [path]) != first
    path.write_text("a = 10\n")
    assert packed_modules.digest("2.19.14", [path]) != first


def test_the_newest_states_stay_and_this_one(tmp_path):
    for number in range(11):
        packed_modules.make_folder(tmp_path / str(number))
        os.utime(tmp_path / str(number), (number, number))
    packed_modules.forget_old(tmp_path / "0")
    assert names(tmp_path) == sorted(["0", *map(str, range(3, 11))])
