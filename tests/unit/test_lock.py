"""The lock as one node sees it."""

import re

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from tests.support.settings import ROOT

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock

LINUX = {"system": "Linux", "machine": "x86_64", "python_version": "3.11.2", "glibc": "2.36"}
MAC = {"system": "Darwin", "machine": "arm64", "python_version": "3.9.23", "macos": "15.1"}
ARM = {"system": "Linux", "machine": "aarch64", "python_version": "3.11.2", "glibc": "2.36"}
A, B = "a" * 64, "b" * 64

TEXT = f"""\
# a comment
mlx==0.29.1 ; platform_machine == 'x86_64' or sys_platform == 'darwin' \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via -r requirements.in
mlx-metal==0.29.1 ; sys_platform == 'darwin' \\
    --hash=sha256:{A}
NumPy==2.0.2 ; python_full_version < '3.10' \\
    --hash=sha256:{A}
numpy==2.4.6 ; python_full_version >= '3.10' \\
    --hash=sha256:{B}
"""


@pytest.mark.parametrize(
    ("target", "distributions"),
    [
        (LINUX, {"mlx": "0.29.1", "numpy": "2.4.6"}),
        (MAC, {"mlx": "0.29.1", "mlx-metal": "0.29.1", "numpy": "2.0.2"}),
        (ARM, {"numpy": "2.4.6"}),
    ],
)
def test_markers_choose_what_applies(target, distributions):
    assert lock.resolve(TEXT, target)["distributions"] == distributions


def test_requirements_keep_every_hash():
    assert f"mlx==0.29.1 --hash=sha256:{A} --hash=sha256:{B}\n" in lock.resolve(TEXT, LINUX)["requirements"]


def test_digest_follows_what_applies_and_nothing_else():
    base = lock.resolve(TEXT, LINUX)["digest"]
    assert lock.resolve("# other comment\n" + TEXT, LINUX)["digest"] == base
    assert lock.resolve(TEXT.replace("mlx-metal==0.29.1", "mlx-metal==0.29.2"), LINUX)["digest"] == base
    assert lock.resolve(TEXT.replace(B, "c" * 64), LINUX)["digest"] != base


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("ray==2.49.1\n", "without a sha256 ('ray==2.49.1'"),
        (f"ray 2.49.1 --hash=sha256:{A}\n", "cannot be read"),
        (f"ray>=2.49.1 --hash=sha256:{A}\n", "not pinned"),
        (f"ray==2.49.* --hash=sha256:{A}\n", "not pinned"),
        (f"ray==2.49.1 --hash=md5:{A}\n", "without a sha256"),
    ],
)
def test_a_lock_that_cannot_be_trusted_is_refused(text, fragment):
    with pytest.raises(lock.LockError, match="make lock") as caught:
        lock.resolve(text, LINUX)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("target", "present", "absent"),
    [
        (LINUX, ["manylinux_2_36_x86_64", "manylinux2014_x86_64", "manylinux_2_5_x86_64"], ["manylinux_2_37_x86_64"]),
        (ARM, ["manylinux_2_35_aarch64"], ["manylinux_2_36_x86_64"]),
        (MAC, ["macosx_15_0_arm64"], ["macosx_15_1_arm64"]),
    ],
)
def test_platform_tags(target, present, absent):
    tags = lock.platform_tags(target)
    assert set(present) <= set(tags)
    assert not set(absent) & set(tags)


STACKS = sorted(path.parent for path in ROOT.glob("stacks/*/stack.yml"))


def targets(stack, platforms):
    """Return the kinds of nodes of a stack: each of the platforms with each Python that the stack allows."""
    window = SpecifierSet(stack["python_requires"])
    pythons = [stack["python_version"], *(f"3.{minor}.1" for minor in range(8, 20) if f"3.{minor}.1" in window)]
    kinds = [{name: row.get(name) for name in ("system", "machine", "glibc", "macos")} for row in platforms]
    return [{**kind, "python_version": python} for kind in kinds for python in pythons]


@pytest.mark.parametrize("folder", STACKS, ids=lambda folder: folder.name)
def test_a_stack_has_its_pins_on_every_platform_that_it_names(folder):
    stack = yaml.safe_load((folder / "stack.yml").read_text())
    text, installer = (folder / "requirements.lock").read_text(), (ROOT / "data" / "installer.lock").read_text()
    without_mlx = {name: version for name, version in stack["pins"].items() if not name.startswith("mlx")}
    for platforms, pins in ((stack["platforms"], stack["pins"]), (stack["without_mlx"], without_mlx)):
        for target in targets(stack, platforms):
            wanted = lock.resolve(text, target)["distributions"]
            assert {name: wanted.get(name) for name in pins} == pins, target
            assert ("mlx" in wanted) is ("mlx" in pins), target
            assert lock.platform_tags(target)
            assert "uv" in lock.resolve(installer, target)["distributions"], target


def test_a_kind_of_node_with_a_gpu_gets_its_build_of_mlx_and_nothing_else_differs():
    folder = ROOT / "stacks" / "current"
    stack, text = yaml.safe_load((folder / "stack.yml").read_text()), (folder / "requirements.lock").read_text()
    for machine in stack["accelerators"]["cuda13"]["machines"]:
        plain = {"system": "Linux", "machine": machine, "python_version": stack["python_version"], "glibc": "2.35"}
        cpu, gpu = (lock.resolve(text, target)["distributions"] for target in (plain, {**plain, "accelerator": "cuda13"}))
        assert {name for name in cpu if name not in gpu} == {"mlx-cpu"}
        more = {name for name in gpu if name not in cpu}
        assert "mlx-cuda-13" in more
        assert all(name.startswith("nvidia-") for name in more - {"mlx-cuda-13"}), more
        assert {name: gpu[name] for name in stack["pins"]} == stack["pins"]
    assert lock.target_key({**plain, "accelerator": "cuda13"}).endswith("-cuda13")


@pytest.mark.parametrize("glibc", [None, "", "musl", "2.x", "3.1", "2.36; rm"])
def test_a_node_without_a_version_of_glibc_is_refused_with_a_sentence(glibc):
    with pytest.raises(lock.LockError, match="no version of glibc"):
        lock.platform_tags({**LINUX, "glibc": glibc})


def test_make_lock_names_no_version_of_python():
    recipe = (ROOT / "Makefile").read_text().partition("\nlock: ")[2].partition("\n\n")[0]
    assert "--python-version" in recipe
    assert not re.search(r"python-version \d", recipe)


@pytest.mark.parametrize("folder", STACKS, ids=lambda folder: folder.name)
def test_a_stack_names_exact_pins_and_its_lock_has_them_alone(folder):
    """A pin that is no `==` lets uv, whose macOS is 13, take an older MLX silently."""
    stack = yaml.safe_load((folder / "stack.yml").read_text())
    asked = dict(re.findall(r"(?m)^(ray|mlx|mlx-lm)(?:\[\w+\])?==(\S+)", (folder / "requirements.in").read_text()))
    locked = re.findall(r"(?m)^(ray|mlx|mlx-lm)==(\S+)", (folder / "requirements.lock").read_text())
    assert asked == stack["pins"] == dict(locked)
    assert len(locked) == len(stack["pins"])


@pytest.mark.parametrize("folder", STACKS, ids=lambda folder: folder.name)
def test_a_stack_says_whether_its_ray_has_token_authentication(folder):
    stack = yaml.safe_load((folder / "stack.yml").read_text())
    minor = int(stack["pins"]["ray"].split(".")[1])
    assert stack["capabilities"] == {"token_authentication": minor >= 52}
