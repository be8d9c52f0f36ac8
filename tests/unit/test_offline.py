"""The folder of an offline installation: which wheel a node gets, what is damaged, what preflight says."""

import json
import shutil

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import lock
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline import apt, archive, needs, platforms, wheels
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.offline.store import OfflineError, Store, digest_of
from ansible_collections.saf.fabric.plugins.plugin_utils.provision.wheelhouse import Wheelhouse

LINUX = {"system": "Linux", "machine": "x86_64", "python_version": "3.11.2", "glibc": "2.36", "macos": None}
MAC = {"system": "Darwin", "machine": "arm64", "python_version": "3.11.2", "glibc": None, "macos": "15.1"}
OBSERVED = {"system": "Linux", "machine": "x86_64", "glibc": "2.36"}
STACK = {
    "name": "mine",
    "platforms": [
        {"system": "Linux", "machine": "x86_64", "glibc": "2.35"},
        {"system": "Darwin", "machine": "arm64", "macos": "14.0"},
    ],
    "without_mlx": [],
    "accelerators": {
        "cuda13": {"system": "Linux", "machines": ["x86_64"], "cuda": "13.0", "disk_gb": 3.5, "driver": "NVIDIA 580"},
    },
}
GPU = {"accelerators": STACK["accelerators"], "accelerator": "auto"}


@pytest.fixture
def filled(tmp_path):
    """A folder with two wheels: store(), and the text of a lock that asks for them."""
    folder = tmp_path / "offline"
    store = Store(str(folder))
    (folder / "wheels").mkdir(parents=True)
    lines = []
    for name in ("alpha-1.0-py3-none-any.whl", "beta-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"):
        (folder / "wheels" / name).write_text(name)
        entry = store.record(f"wheels/{name}", "an index")
        project, version = name.split("-")[:2]
        lines.append(f"{project}=={version} --hash=sha256:{entry['sha256']} --hash=sha256:{'0' * 64}\n")
    store.save()
    (tmp_path / "stack.lock").write_text("".join(lines))
    (tmp_path / "installer.lock").write_text(lines[0])
    return store


@pytest.fixture
def wanted(filled, tmp_path):
    locks = [str(tmp_path / "stack.lock"), str(tmp_path / "installer.lock")]
    return {"folder": str(filled.folder), "locks": locks, "python_version": "3.11.2", "provider": "system", "build": "", **GPU}


def test_the_best_wheel_for_a_kind_of_node_is_chosen():
    digests = {
        "mlx-1.0-cp311-cp311-macosx_13_0_arm64.whl": "a" * 64,
        "mlx-1.0-cp311-cp311-macosx_15_0_arm64.whl": "b" * 64,
        "mlx-1.0-cp311-cp311-macosx_26_0_arm64.whl": "c" * 64,
        "mlx-1.0-cp311-cp311-manylinux_2_35_x86_64.whl": "d" * 64,
        "mlx-1.0-cp39-cp39-macosx_15_0_arm64.whl": "e" * 64,
    }
    asked = {"mlx==1.0": list(digests.values())}
    assert wheels.choose(asked, digests, MAC) == {"mlx==1.0": "mlx-1.0-cp311-cp311-macosx_15_0_arm64.whl"}
    assert wheels.choose(asked, digests, {**MAC, "macos": "14.5"}) == {"mlx==1.0": "mlx-1.0-cp311-cp311-macosx_13_0_arm64.whl"}
    assert wheels.choose(asked, digests, LINUX) == {"mlx==1.0": "mlx-1.0-cp311-cp311-manylinux_2_35_x86_64.whl"}
    assert wheels.choose(asked, digests, {**LINUX, "glibc": "2.31"}) == {}


def test_a_wheel_that_the_lock_does_not_name_is_never_chosen():
    file = "mlx-1.0-cp311-cp311-manylinux_2_35_x86_64.whl"
    assert wheels.choose({"mlx==1.0": ["a" * 64]}, {file: "b" * 64}, LINUX) == {}


def test_a_complete_folder_is_no_problem(wanted):
    assert needs.problems(OBSERVED, wanted) == []


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("x"), "is damaged (1 bytes"),
        (lambda path: path.write_text(path.name[::-1]), "its SHA-256 differs"),
    ],
)
def test_a_damaged_or_missing_file_is_one_row_with_what_to_type(filled, wanted, harm, found):
    harm(filled.folder / "wheels" / "beta-2.0-cp311-cp311-manylinux_2_17_x86_64.whl")
    (row,) = needs.problems(OBSERVED, wanted)
    assert found in row["found"]
    assert "fetch.yml" in row["fix"]
    assert "fetch_platforms=linux-x86_64-2.36" in row["fix"]


def test_a_file_that_no_node_needs_may_be_damaged(filled, wanted):
    path = filled.folder / "wheels" / "gamma-1.0-py3-none-any.whl"
    path.write_text("1")
    filled.record(f"wheels/{path.name}", "an index")
    filled.save()
    path.unlink()
    assert needs.problems(OBSERVED, wanted) == []


def test_a_kind_of_node_that_was_not_fetched_is_named(wanted):
    (row,) = needs.problems({"system": "Darwin", "machine": "arm64", "macos": "15.1"}, wanted)
    assert "no wheel of beta==2.0 for cp311-darwin-arm64-macos15.1" in row["found"]


def test_an_empty_folder_and_a_missing_build_are_named(wanted, tmp_path):
    (row,) = needs.problems(OBSERVED, {**wanted, "folder": str(tmp_path / "nothing")})
    assert "no manifest.json" in row["found"]
    (row,) = needs.problems(OBSERVED, {**wanted, "build": "python/1/cpython.tar.gz"})
    assert "is not in the manifest" in row["found"]
    (row,) = needs.problems(OBSERVED, {**wanted, "provider": "conda"})
    assert "conda fetches from a network" in row["fix"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": 2, "files": {}, "sets": {}}',
        '{"schema": 1, "files": {"../x": {"sha256": "%s", "size": 1}}, "sets": {}}' % ("0" * 64),
    ],
)
def test_a_manifest_that_cannot_be_used_is_one_sentence(filled, text):
    filled.manifest.write_text(text)
    with pytest.raises(OfflineError, match=r"remove it and run fetch\.yml again"):
        Store(str(filled.folder)).load()


def test_an_archive_has_what_the_lock_names_and_nothing_else(filled, wanted, tmp_path):
    parts = [lock.resolve((tmp_path / name).read_text(), LINUX) for name in ("stack.lock", "installer.lock")]
    house = archive.OfflineWheelhouse(str(tmp_path / "cache"), filled, str(tmp_path))
    assert house.ensure(*parts, LINUX)
    assert not house.ensure(*parts, LINUX), "it is there"
    before = house.archive(*parts, LINUX)
    assert "-offline-" in before
    (filled.folder / "wheels" / "alpha-1.0-py3-none-any.whl").write_text("changed")
    with pytest.raises(OfflineError, match="is damaged"):
        archive.OfflineWheelhouse(str(tmp_path / "cache"), Store(str(filled.folder)).load(), str(tmp_path)).archive(*parts, LINUX)


# --- filling


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Stand for pip: puts the wheels of a requirement into the folder and notes what it was asked for."""
    asked = []

    def fetch(_house, requirements, _target, destination):
        for line in requirements.splitlines():
            name, version = line.split()[0].split("==")
            asked.append(name)
            if name == index.broken:
                raise KeyboardInterrupt
            shutil.copy(tmp_path / "index" / f"{name}-{version}-py3-none-any.whl", destination)

    def index():
        (tmp_path / "index").mkdir()
        lines = []
        for number in range(8):
            path = tmp_path / "index" / f"p{number}-1.0-py3-none-any.whl"
            path.write_text(path.name)
            lines.append(f"p{number}==1.0 --hash=sha256:{digest_of(path)} --hash=sha256:{'0' * 64}\n")
        return [lock.resolve("".join(lines), LINUX), lock.resolve(lines[0], LINUX)]

    index.asked, index.broken = asked, ""
    monkeypatch.setattr(Wheelhouse, "fetch", fetch)
    return index


def fill(tmp_path, parts):
    store = Store(str(tmp_path / "offline"))
    with store.filling():
        return wheels.fetch(store, Wheelhouse(str(tmp_path), "", {}, str(tmp_path)), LINUX, parts, "here", lambda _text: None)


def test_a_second_run_asks_for_nothing(tmp_path, index):
    parts = index()
    assert len(fill(tmp_path, parts)) == 8
    index.asked.clear()
    assert fill(tmp_path, parts) == []
    assert index.asked == []


def test_an_interrupted_run_continues(tmp_path, index):
    parts = index()
    index.broken = "p7"
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, parts)
    index.broken = ""
    index.asked.clear()
    fill(tmp_path, parts)
    assert index.asked == ["p6", "p7"]


def test_a_damaged_wheel_is_fetched_again_and_no_other(tmp_path, index):
    parts = index()
    fill(tmp_path, parts)
    damaged = tmp_path / "offline" / "wheels" / "p3-1.0-py3-none-any.whl"
    damaged.write_text("p")
    index.asked.clear()
    assert fill(tmp_path, parts) == ["wheels/p3-1.0-py3-none-any.whl"]
    assert index.asked == ["p3"]


# --- names


def test_names_of_platforms():
    found = platforms.targets(["linux-x86_64", "darwin-arm64", "macOS-arm64-15.3"], STACK, "3.11.2")
    assert [(one["system"], one["glibc"] or one["macos"]) for one in found] == [
        ("Linux", "2.35"),
        ("Darwin", "14.0"),
        ("Darwin", "15.0"),
        ("Darwin", "26.0"),
    ]
    (gpu,) = platforms.targets(["linux-x86_64+cuda13"], STACK, "3.11.2")
    assert (gpu["accelerator"], platforms.name_of(gpu)) == ("cuda13", "linux-x86_64-2.35+cuda13")
    assert platforms.machine_of("linux-x86_64-2.39+cuda13") == "x86_64"
    for name in ("darwin-arm64+cuda13", "linux-x86_64+rocm"):
        with pytest.raises(OfflineError, match="has no build of MLX for"):
            platforms.targets([name], STACK, "3.11.2")
    for name, said in (("windows", "is no platform"), ("linux-aarch64", "name linux-x86_64, darwin-arm64")):
        with pytest.raises(OfflineError, match=said):
            platforms.targets([name], STACK, "3.11.2")


@pytest.mark.parametrize(
    ("cuda", "wish", "kind"), [("13.0", "auto", "cuda13"), ("", "auto", None), ("12.0", "auto", None), ("13.0", "none", None)]
)
def test_a_node_with_a_gpu_is_a_kind_of_its_own(filled, wanted, cuda, wish, kind):
    node = {
        "system": "Linux",
        "machine": "x86_64",
        "release": "2.36",
        "python_version": "3.11.2",
        "cuda": cuda,
        "accelerator": wish,
    }
    (target,) = platforms.of_nodes([node], STACK)
    assert target.get("accelerator") == kind
    (filled.folder / "wheels" / "beta-2.0-cp311-cp311-manylinux_2_17_x86_64.whl").unlink()
    rows = needs.problems({**OBSERVED, "cuda": cuda}, {**wanted, "accelerator": wish})
    names = [row["fix"].rpartition("fetch_platforms=")[2] for row in rows]
    # With a driver that is too old the check of the accelerator has a row.
    assert names == {"12.0": []}.get(cuda, [f"linux-x86_64-2.36+{kind}" if kind else "linux-x86_64-2.36"])


def test_where_packages_of_a_release_come_from():
    assert apt.own_release('PRETTY_NAME="Debian"\nVERSION_ID="12"\nID=debian\n') == "debian-12"
    assert apt.distribution("debian-12-amd64", {}, "debian-12")["sources"] == []
    assert apt.distribution("debian-13-arm64", {"debian-13": ["deb x trixie main"]}, "debian-12")["sources"] == [
        "deb x trixie main"
    ]
    with pytest.raises(OfflineError, match="fetch_apt_sources"):
        apt.distribution("debian-13-arm64", {}, "debian-12")


def test_the_manifest_has_digest_size_and_origin_of_each_file(filled):
    document = json.loads(filled.manifest.read_text())
    assert document["schema"] == 1
    for name, entry in document["files"].items():
        path = filled.folder / name
        assert entry == {"sha256": digest_of(path), "size": path.stat().st_size, "origin": "an index"}
