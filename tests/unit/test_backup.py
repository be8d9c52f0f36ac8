"""Backup and restore of a controller: what goes in, what is refused, what is never replaced."""

import gzip
import io
import tarfile

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.backup import gathering, restoring
from ansible_collections.saf.fabric.plugins.plugin_utils.collect import archive

DOCUMENT = {"backup.json": (b'{"format": 1}', 0o600)}


def packed(files):
    return archive.packed("", files, 0)


def test_what_was_packed_is_unpacked(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hosts.yml").write_text("a: 1\n")
    (tmp_path / "mine" / "key").symlink_to("/etc/passwd")
    (tmp_path / "sec").mkdir()
    (tmp_path / "sec" / "token").write_text("x")
    backup = gathering.gather([str(tmp_path / "mine"), "a,b"], tmp_path / "sec", None, [], tmp_path / "none", "c", "now")
    assert set(backup.files) == {"inventory/mine/hosts.yml", "secrets/sec/token", "backup.json"}
    assert backup.left_out == ["inventory/mine/key", "inventory a,b"]
    assert restoring.unpack(packed(backup.files)) == backup.files


def test_an_inventory_of_one_file_brings_the_variables_beside_it(tmp_path):
    (tmp_path / "mine" / "group_vars").mkdir(parents=True)
    (tmp_path / "mine" / "hosts").write_text("x")
    (tmp_path / "mine" / "group_vars" / "all.yml").write_text("y")
    (tmp_path / "mine" / "other").write_text("z")
    backup = gathering.gather([str(tmp_path / "mine" / "hosts")], tmp_path / "no", None, [], tmp_path / "none", "c", "now")
    assert set(backup.files) == {"inventory/mine/hosts", "inventory/mine/group_vars/all.yml", "backup.json"}


def test_more_than_a_backup_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_BYTES", 10)
    (tmp_path / "hosts").write_text("x" * 11)
    with pytest.raises(gathering.TooLarge):
        gathering.gather([str(tmp_path)], tmp_path / "no", None, [], tmp_path / "none", "c", "now")


@pytest.mark.parametrize("name", ["inventory/../x/y", "/inventory/a/b", "other/a/b", "inventory/x", "secrets/a", "x"])
def test_an_entry_that_no_backup_has_is_refused(name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        made.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(restoring.Refused, match="which no backup has"):
        restoring.unpack(buffer.getvalue())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_only_ordinary_files_are_restored(kind):
    buffer = io.BytesIO()
    entry = tarfile.TarInfo("inventory/a/b")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        made.addfile(entry)
    with pytest.raises(restoring.Refused, match="which no backup has"):
        restoring.unpack(buffer.getvalue())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no backup"),
        (b"hello", "damaged"),
        (gzip.compress(b"x" * 2000, mtime=0), "damaged"),
        (packed(DOCUMENT)[:-20], "damaged"),
        (packed({"known_hosts": b"x"}), "backup.json is missing"),
        (packed({"backup.json": b'{"format": 7}'}), "Its format is 7"),
    ],
    ids=["nothing", "text", "no tar", "cut", "without document", "another format"],
)
def test_what_is_no_backup_is_a_sentence(data, words):
    with pytest.raises(restoring.Refused, match=words):
        restoring.unpack(data)


def test_what_is_there_stays_and_host_keys_are_added_once(tmp_path):
    places = {name: tmp_path / name for name in restoring.PLACES}
    known = tmp_path / "ssh" / "known_hosts"
    files = {
        **DOCUMENT,
        "inventory/mine/hosts": (b"a", 0o777),
        "secrets/c/token": (b"t", 0o644),
        "known_hosts": (b"h ssh-ed25519 A\n", 0o600),
    }
    planned, differing = restoring.plan(files, places, known)
    assert differing == []
    restoring.write(planned, places["secrets"])
    modes = {path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {
        "inventory": 0o755,
        "inventory/mine": 0o755,
        "inventory/mine/hosts": 0o755,
        "secrets": 0o700,
        "secrets/c": 0o700,
        "secrets/c/token": 0o600,
        "ssh": 0o700,
        "ssh/known_hosts": 0o600,
    }
    assert restoring.plan(files, places, known) == ([], [])
    known.write_bytes(b"other ssh-rsa B")
    (places["inventory"] / "mine" / "hosts").write_bytes(b"changed")
    planned, differing = restoring.plan(files, places, known)
    assert differing == [places["inventory"] / "mine" / "hosts"]
    assert planned[-1].data == b"other ssh-rsa B\nh ssh-ed25519 A\n"


def test_of_known_hosts_only_the_lines_of_the_nodes_are_kept(tmp_path):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4sXfn0bYr1rV5b1oQnC7l8mQb0WwQ0Zt1dZfX5m0x"
    (tmp_path / "known_hosts").write_text(f"10.0.0.1 {key}\n[10.0.0.2]:2222 {key}\nother {key}\n")
    assert gathering.host_keys(["10.0.0.1", "[10.0.0.2]:2222", "10.0.0.3"], tmp_path / "known_hosts") == [
        f"10.0.0.1 {key}",
        f"[10.0.0.2]:2222 {key}",
    ]
