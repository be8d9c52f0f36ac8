"""Certificates and token of a cluster on the controller: what they say, when they are renewed, who can read them."""

import datetime
import os
import ssl
import stat
import threading

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.saf.fabric.plugins.module_utils.services import certificate as on_node
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import inventory, inventory_checks
from ansible_collections.saf.fabric.plugins.plugin_utils.security import certificates, token
from ansible_collections.saf.fabric.plugins.plugin_utils.security.certificates import Pair
from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import SecretError, Store

NOW = datetime.datetime(2026, 12, 2, 12, tzinfo=datetime.timezone.utc)
NODES = {"alpha": ["192.168.1.172", "10.10.0.1", "fd00::1"], "beta": ["192.168.1.173"]}
ROTATE = "ansible-playbook playbooks/rotate_secrets.yml"


def days(number):
    return NOW + datetime.timedelta(days=number)


@pytest.fixture
def store(tmp_path):
    """Return a function that opens the same folder on a day: store(day)."""
    return lambda day=0, cluster="alpha", check=False: Store(tmp_path / "saf" / "alpha", cluster, days(day), ROTATE, check)


def make(store, nodes=NODES, **options):
    with store.locked():
        return store.certificates(nodes, **options)


def renewed(result):
    return {node: row["renewed"] for node, row in result["nodes"].items() if row["renewed"]}


def pem(folder, node):
    return (folder / "nodes" / f"{node}.crt").read_text()


# --- what a certificate says


def test_a_certificate_names_every_address_of_its_node(store):
    make(store())
    names = certificates.names_in(pem(store().folder, "alpha"))
    assert names == {"alpha", "192.168.1.172", "10.10.0.1", "fd00::1", "127.0.0.1", "::1", "localhost"}


@pytest.mark.parametrize(
    ("address", "name"),
    [("FD00:0::1%en0", "fd00::1"), ("[fd00::1]", "fd00::1"), ("Alpha.Local", "alpha.local"), ("10.0.0.1", "10.0.0.1")],
)
def test_addresses_have_one_spelling(address, name):
    assert certificates.names_of([address]) == {name, "127.0.0.1", "::1", "localhost"}


def test_what_no_certificate_can_name_is_left_out():
    assert certificates.names_of(["", "knöten"]) == {"127.0.0.1", "::1", "localhost"}


def test_a_certificate_is_for_both_ends_and_signs_no_other(store):
    make(store())
    certificate = certificates.certificate_of(pem(store().folder, "beta"))
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_a_clock_that_is_a_day_behind_accepts_it(store):
    make(store())
    for text in (pem(store().folder, "alpha"), (store().folder / "ca.crt").read_text()):
        assert certificates.certificate_of(text).not_valid_before_utc == days(-1)


def test_the_addresses_of_a_node_are_those_of_its_cluster_and_its_links():
    hostvars = {
        "alpha": {"ansible_host": "a.local", "cluster_address": "10.0.0.1", "links": {"tb": "10.1.0.1", "lan": "10.0.0.1"}},
        "beta": {"ansible_host": "b.local"},
    }
    assert inventory.all_addresses_of(hostvars, hostvars) == {"alpha": ["10.0.0.1", "10.1.0.1"], "beta": ["b.local"]}


# --- when it is renewed


def test_the_second_run_changes_nothing(store):
    first, second = make(store()), make(store(day=300))
    assert first["changed"]
    assert renewed(first) == {"alpha": "there is none", "beta": "there is none"}
    assert (second["changed"], renewed(second)) == (False, {})
    assert {node: row["mark"] for node, row in first["nodes"].items()} == {n: row["mark"] for n, row in second["nodes"].items()}


@pytest.mark.parametrize(("day", "reason"), [(335, ""), (336, "it ends in 29 days"), (400, "it ends in 0 days")])
def test_it_is_renewed_in_its_last_thirty_days(store, day, reason):
    make(store())
    assert make(store(day))["nodes"]["alpha"]["renewed"] == reason
    assert make(store(day))["nodes"]["alpha"]["renewed"] == ""


def test_a_changed_address_renews_the_certificate_of_that_node_alone(store):
    before = make(store())["nodes"]
    after = make(store(), {**NODES, "beta": ["192.168.1.99"]})
    assert renewed(after) == {"beta": "the addresses of the node have changed"}
    assert after["nodes"]["alpha"]["mark"] == before["alpha"]["mark"]
    assert after["nodes"]["beta"]["mark"] != before["beta"]["mark"]


def test_a_certificate_of_another_authority_or_with_another_key_is_renewed(store):
    make(store())
    folder = store().folder
    other = certificates.issue(certificates.make_authority("alpha", NOW), "alpha", ["alpha", *NODES["alpha"]], NOW)
    (folder / "nodes" / "alpha.crt").write_text(other.certificate)
    (folder / "nodes" / "alpha.key").write_text(other.key)
    (folder / "nodes" / "beta.key").write_text(other.key)
    found = renewed(make(store()))
    assert found == {"alpha": "it is of another authority", "beta": "the key is not that of the certificate"}


def test_a_damaged_certificate_is_renewed(store):
    make(store())
    (store().folder / "nodes" / "alpha.crt").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert renewed(make(store())) == {"alpha": "the certificate is damaged"}


def test_a_run_that_ended_between_certificate_and_key_is_mended(store):
    make(store())
    (store().folder / "nodes" / "alpha.key").unlink()
    assert renewed(make(store())) == {"alpha": "there is none"}


def test_rotation_makes_another_authority_and_all_certificates(store):
    first = make(store())
    before = (store().folder / "ca.crt").read_text()
    result = make(store(), renew=True)
    after = (store().folder / "ca.crt").read_text()
    assert before != after
    assert set(renewed(result)) == {"alpha", "beta"}
    assert result["nodes"]["alpha"]["mark"] != first["nodes"]["alpha"]["mark"]
    assert certificates.why_renew(Pair(pem(store().folder, "alpha"), ""), after, [], NOW) == "the key is damaged"


def test_check_mode_writes_nothing(store, tmp_path):
    result = make(store(check=True))
    assert result["changed"]
    assert result["nodes"]["alpha"]["mark"] == "new"
    assert list(tmp_path.iterdir()) == []
    make(store())
    assert make(store(check=True))["changed"] is False


# --- what is refused


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "ca.crt").write_text("x"), "cannot be used: the certificate is damaged"),
        (lambda folder: (folder / "ca.key").write_text("x"), "cannot be used: the key is damaged"),
        (lambda folder: (folder / "ca.key").unlink(), "is incomplete: restore ca.crt and ca.key"),
        (lambda folder: (folder / "ca.key").chmod(0o640), "Other accounts of the controller can read"),
        (lambda folder: folder.chmod(0o755), "Other accounts of the controller can read"),
    ],
)
def test_an_authority_that_cannot_be_used_is_one_sentence_with_the_command(store, damage, sentence):
    make(store())
    damage(store().folder)
    for check in (True, False):
        with pytest.raises(SecretError, match=sentence) as refused:
            make(store(check=check))
        assert str(refused.value).endswith(f"\n{ROTATE}")


def test_the_authority_of_another_cluster_is_refused(store):
    make(store())
    with pytest.raises(SecretError, match=r"is the one of another cluster \(saf alpha\)"):
        make(store(cluster="gamma"))


def test_an_authority_at_its_end_is_refused_and_no_certificate_outlives_it(store):
    make(store())
    near = make(store(day=3600))["nodes"]["alpha"]
    assert near["days_left"] == 50
    with pytest.raises(SecretError, match="ends on 2036-11-29"):
        make(store(day=3620))
    assert make(store(day=3620), renew=True)["changed"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretError, match="set cluster_secrets_dir"):
        make(Store(tmp_path / "file" / "alpha", "alpha", NOW, ROTATE))


def test_a_link_in_place_of_a_secret_is_not_followed(store, tmp_path):
    with store().locked():
        store().token()
    path = store().folder / "token"
    (tmp_path / "elsewhere").write_text("a" * 64)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretError, match="cannot be read"), store().locked():
        store().token()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_folder_of_another_account_is_refused(store):
    make(store())
    os.chown(store().folder, 65534, 65534)
    with pytest.raises(SecretError, match="belongs to another account"):
        make(store())


# --- who can read them


def test_only_the_owner_can_read_what_is_secret(store, tmp_path):
    os.umask(0o002)
    try:
        make(store())
        with store().locked():
            store().token()
    finally:
        os.umask(0o022)
    modes = {path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "saf" / "alpha").rglob("*")}
    assert stat.S_IMODE(store().folder.stat().st_mode) == 0o700
    assert {mode for path, mode in modes.items() if path.suffix or path.name == "token"} == {0o600}
    assert len(modes) == 9  # ca and two nodes with a certificate and a key each, the token, the lock and the folder nodes


def test_a_token_is_256_bits_made_once_and_told_by_a_mark(store):
    with store().locked():
        first, second = store().token(), store().token()
        text = (store().folder / "token").read_text().strip()
        third = store().token(renew=True)
    assert len(bytes.fromhex(text)) == 32
    assert (first["changed"], second["changed"], third["changed"]) == (True, False, True)
    assert first["mark"] == second["mark"] != third["mark"]
    assert first["mark"] not in text
    assert token.problem(text) == ""


@pytest.mark.parametrize("text", ["", "short", "a" * 31, "a" * 40 + "\nB: c", "a" * 40 + "ä", "a" * 600])
def test_what_no_header_can_carry_is_no_token(store, text):
    with store().locked():
        store().token()
        (store().folder / "token").write_text(text)
        with pytest.raises(SecretError, match="must be 32 to 512 letters"):
            store().token()


def test_two_runs_at_once_make_one_token(store):
    marks = []

    def one():
        with store().locked():
            marks.append(store().token()["mark"])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(marks)) == 1
    assert len(marks) == 8


def test_a_run_that_holds_the_folder_is_not_waited_for_without_end(store, monkeypatch):
    monkeypatch.setattr("ansible_collections.saf.fabric.plugins.plugin_utils.security.store._LOCK_SECONDS", 1)
    with store().locked(), pytest.raises(SecretError, match=r"Another run has held .* end it"), store().locked():
        pass


@pytest.mark.parametrize(("later", "left"), [(0, 365), (364, 1), (366, -1)])
def test_a_node_reads_when_its_certificate_ends(store, later, left):
    """With the standard library alone, for status.yml: as the library does that made it."""
    make(store())
    path = store().folder / "nodes" / "alpha.crt"
    now = days(later)
    assert on_node.days_left(path, now.timestamp()) == certificates.days_left(path.read_text(), now) == left


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\u00e4"])
def test_what_is_no_certificate_has_no_end(tmp_path, text):
    (tmp_path / "node.crt").write_text(text)
    assert on_node.days_left(tmp_path / "node.crt") is None
    assert on_node.days_left(tmp_path / "missing") is None


# --- what TLS itself says


def handshake(folder, server, client, name):
    """Return "" where client and server accept each other in memory, else why not."""
    ends = []
    for side, node in ((ssl.PROTOCOL_TLS_SERVER, server), (ssl.PROTOCOL_TLS_CLIENT, client)):
        context = ssl.SSLContext(side)
        context.load_verify_locations(cadata=(folder / "ca.crt").read_text())
        context.verify_mode = ssl.CERT_REQUIRED
        if node:
            context.load_cert_chain(*node)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server_side = side == ssl.PROTOCOL_TLS_SERVER
        wrapped = context.wrap_bio(incoming, outgoing, server_side=server_side, server_hostname=None if server_side else name)
        ends.append((wrapped, incoming, outgoing))
    (one, one_in, one_out), (other, other_in, other_out) = ends
    done = set()
    for _turn in range(10):
        for wrapped in (other, one):
            try:
                wrapped.do_handshake()
                wrapped.read(0)
                done.add(wrapped)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                return error.reason or str(error)
            one_in.write(other_out.read())
            other_in.write(one_out.read())
    return "" if len(done) == 2 else "unfinished"


def test_nodes_accept_each_other_and_no_stranger(store, tmp_path):
    now = datetime.datetime.now(datetime.timezone.utc)
    mine = Store(tmp_path / "mine", "alpha", now, ROTATE)
    other = Store(tmp_path / "other", "alpha", now, ROTATE)
    make(mine)
    make(other)
    alpha, beta = ((mine.folder / "nodes" / f"{n}.crt", mine.folder / "nodes" / f"{n}.key") for n in ("alpha", "beta"))
    stranger = (other.folder / "nodes" / "beta.crt", other.folder / "nodes" / "beta.key")
    for name in ("192.168.1.172", "10.10.0.1", "fd00::1", "localhost", "127.0.0.1", "alpha"):
        assert handshake(mine.folder, alpha, beta, name) == ""
    assert "VERIFY" in handshake(mine.folder, alpha, beta, "192.168.1.173")
    assert handshake(mine.folder, alpha, stranger, "localhost") != ""
    assert handshake(mine.folder, alpha, None, "localhost") != ""


# --- the inventory


def test_a_token_that_the_stack_cannot_have_is_a_problem():
    stacks = {"new": {"stack": {"capabilities": {"token_authentication": True}}}, "old": {"stack": {}}, "gone": {"stack": None}}
    names = {"a": "new", "b": "old", "c": "gone"}

    def found(value):
        return [row["found"] for row in inventory_checks.token_problems(dict.fromkeys(names, value), names, stacks)]

    assert found("always") == ["gone, old"]
    assert found("auto") == found("never") == found(None) == []


@pytest.mark.parametrize("name", ["ray_tls", "ray_token_authentication", "cluster_secrets_dir"])
def test_nodes_of_one_cluster_agree_about_secrets(name):
    assert name in inventory_checks.AGREED
