"""Which cluster a node belongs to, and when it may become one of another."""

import contextlib
import datetime
import json
import socket
import ssl
import threading

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.services import membership as on_node
from ansible_collections.saf.fabric.plugins.plugin_utils.provision import membership
from ansible_collections.saf.fabric.plugins.plugin_utils.security.store import Store

HERE = {
    "head": "alpha",
    "gcs": "10.0.0.1:6380",
    "addresses": {"alpha": ["10.0.0.1", "10.9.0.1"], "beta": ["10.0.0.2"]},
    "head_addresses": ["10.0.0.1", "10.9.0.1"],
    "head_gcs": "",
    "limited": False,
    "take_over": "",
}
RUN = "/opt/saf/venvs/0123456789abcdef/bin/python /opt/saf/venvs/0123456789abcdef/bin/ray start"


def record(gcs, head="alpha", answers=None, node="beta"):
    return {"membership": {"node": node, "head": head, "gcs": gcs, "answers": answers}}


@pytest.mark.parametrize(
    ("seen", "changed", "kind"),
    [
        ({"membership": {}}, {}, "none"),
        ({"membership": "no dictionary"}, {}, "none"),
        (record("10.0.0.1:6380"), {}, "same"),
        (record("127.0.0.1:6380", "localhost"), {}, "same"),
        (record("10.0.0.1:6380", head="aleph"), {}, "renamed"),
        (record("10.0.0.1:6380", head=""), {}, "same"),
        # The head has another address: nobody has the old one, or it has both.
        (record("10.0.0.77:6380"), {}, "moved"),
        (record("10.0.0.77:6380", head=""), {}, "moved"),
        (record("10.9.0.1:6380", answers=True), {}, "moved"),
        # Another cluster whose head has the same name.
        (record("10.0.0.77:6380", answers=True), {}, "other"),
        # The former head is a worker now.
        (record("10.0.0.2:6380", head="beta", answers=True), {}, "replaced"),
        (record("10.5.0.1:6380", head="gamma", answers=True), {}, "other"),
        (record("10.5.0.1:6380", head="gamma", answers=False), {}, "other"),
        (record("10.5.0.1:6380", head="gamma", answers=True), {"take_over": "10.5.0.1:6380"}, "taken"),
        (record("10.5.0.1:6380", head="gamma", answers=True), {"take_over": "10.5.0.1"}, "taken"),
        (record("10.5.0.1:6380", head="gamma", answers=True), {"take_over": "10.5.0.2"}, "other"),
        # The head was a node of that cluster: the cluster continues under it, if the former head is really gone.
        (record("10.5.0.1:6380", head="gamma"), {"take_over": "10.5.0.1", "head_gcs": "10.5.0.1:6380"}, "replaced"),
        (
            record("10.5.0.1:6380", head="gamma", answers=True),
            {"take_over": "10.5.0.1", "head_gcs": "10.5.0.1:6380"},
            "two_heads",
        ),
        (
            record("10.5.0.1:6380", head="gamma", answers=True, node="alpha"),
            {"take_over": "10.5.0.1", "head_gcs": "10.5.0.1:6380", "addresses": {"alpha": ["10.0.0.1"]}},
            "taken",
        ),
        # Its packet filter does not let this node in any more, so whether it runs is unknown.
        (
            record("10.5.0.1:6380", head="gamma", node="alpha"),
            {"take_over": "10.5.0.1", "head_gcs": "10.5.0.1:6380", "addresses": {"alpha": ["10.0.0.1"]}},
            "taken",
        ),
    ],
)
def test_which_cluster_a_node_belongs_to(seen, changed, kind):
    assert membership.kind(seen, {"membership": {**HERE, **changed}}) == kind


def test_a_node_of_another_cluster_is_refused_with_what_to_type():
    (row,) = membership.problems(record("10.5.0.1:6380", head="gamma", answers=True), {"membership": HERE})
    assert row["found"] == "in the cluster of gamma at 10.5.0.1:6380, which answers"
    assert row["take_over"] == "10.5.0.1:6380"


def test_a_former_head_that_still_runs_is_refused():
    wanted = {"membership": {**HERE, "take_over": "10.5.0.1", "head_gcs": "10.5.0.1:6380"}}
    (row,) = membership.problems(record("10.5.0.1:6380", head="gamma", answers=True), wanted)
    assert row["found"] == "gamma at 10.5.0.1:6380 still answers"


@pytest.mark.parametrize(
    "seen", [record("10.0.0.1:6380", head="aleph"), record("10.0.0.77:6380"), record("10.0.0.2:6380", "beta")]
)
def test_a_change_of_the_head_concerns_all_nodes(seen):
    assert membership.problems(seen, {"membership": HERE}) == []
    (row,) = membership.problems(seen, {"membership": {**HERE, "limited": True}})
    assert "without --limit" in row["fix"]


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (
            f"{RUN} --address=10.0.0.1:6380 --node-name=beta --node-ip-address=10.0.0.2",
            {"node": "beta", "head": "", "gcs": "10.0.0.1:6380"},
        ),
        (
            f"{RUN} --head --port=6380 --node-name=alpha --node-ip-address=10.0.0.1",
            {"node": "alpha", "head": "alpha", "gcs": "10.0.0.1:6380"},
        ),
        (f"{RUN} --head --node-name=alpha", {}),
        ("/opt/saf/venvs/0123456789abcdef/bin/python -c pass --address=10.0.0.1:6380", {}),
    ],
)
def test_a_running_ray_of_an_earlier_release_names_its_cluster(tmp_path, command, found):
    assert on_node.of_command(command) == found
    seen = on_node.observe(
        str(tmp_path / "none"), "/opt/saf", [{"pid": 1, "user": "saf", "command": command}], found.get("gcs", "")
    )
    assert seen == ({**found, "answers": None} if found else {})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"node": 1, "head": "a", "gcs": "b"}', '{"node": "a", "head": "", "gcs": "b"}'])
def test_a_record_that_is_none_is_no_cluster(tmp_path, text):
    (tmp_path / "cluster.json").write_text(text)
    assert on_node.observe(str(tmp_path / "cluster.json"), "/opt/saf", [], "10.0.0.1:6380") == {}


SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # a frame of HTTP/2, which each side sends first


@contextlib.contextmanager
def listening(answer, wrap=lambda connection: connection):
    """Yield host:port of a listener that sends some bytes to whoever has written something."""

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), wrap(connection) as opened:
                opened.recv(100)
                opened.sendall(answer)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_another_head_that_answers_is_noticed(tmp_path):
    with listening(SETTINGS) as gcs:
        (tmp_path / "cluster.json").write_text(json.dumps({"node": "beta", "head": "alpha", "gcs": gcs}))
        assert on_node.observe(str(tmp_path / "cluster.json"), "/opt/saf", [], "10.0.0.1:6380")["answers"] is True
        assert on_node.observe(str(tmp_path / "cluster.json"), "/opt/saf", [], gcs)["answers"] is None
    assert on_node.observe(str(tmp_path / "cluster.json"), "/opt/saf", [], "10.0.0.1:6380")["answers"] is False
    assert on_node.speaks_grpc("no port") is None


def test_a_head_that_wants_a_certificate_is_noticed(tmp_path):
    store = Store(tmp_path / "saf" / "alpha", "alpha", datetime.datetime.now(datetime.timezone.utc), "", False)
    with store.locked():
        store.certificates({"alpha": ["127.0.0.1"]})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(store.folder / "nodes" / "alpha.crt", store.folder / "nodes" / "alpha.key")
    context.load_verify_locations(store.folder / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    with listening(b"", lambda connection: context.wrap_socket(connection, server_side=True)) as gcs:
        assert on_node.speaks_grpc(gcs) is True


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_accepts_any_connection_is_no_head(answer):
    """Some proxies, and the networks of hotels, do."""
    with listening(answer) as address:
        assert on_node.speaks_grpc(address) is None


def test_what_never_answers_is_no_head():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert on_node.speaks_grpc(f"127.0.0.1:{listener.getsockname()[1]}", seconds=0.2) is None
