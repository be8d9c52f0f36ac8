"""A real proxy with a password, an index with a password and a certificate of the site's own: all of it works, nothing shows.

The index is a server of this test behind TLS, the proxy is proxy.py; pip and the project's own downloads go through both.
"""

import base64
import contextlib
import datetime
import hashlib
import http.server
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import zipfile

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support import waiting

INDEX_PASSWORD, PROXY_PASSWORD = "1ndexS3cret", "pr0xyS3cret"
# Not the address that programs leave out by themselves.
HOST = "127.0.0.2"
STACK = {
    "name": "mine",
    "python_version": "3.11.2",
    "platforms": [{"system": "Linux", "machine": "x86_64", "glibc": "2.35"}],
    "without_mlx": [],
}
TRIPLE = "x86_64-unknown-linux-gnu"


def wheel(folder, name):
    """Make a wheel that pip takes; return its path."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def authority(folder):
    """Make a certificate for HOST and return (bundle, certificate, key): it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the site")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "ca.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


def end(process):
    """End a process and its children."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


@pytest.fixture
def ended():
    """What is to be ended after the test, also if its preparation fails."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def site(ended, tmp_path):
    """The site: an index and builds behind TLS and a password, a proxy with a password, a stack of two wheels."""
    files = tmp_path / "files"
    files.mkdir()
    paths = [wheel(files, name) for name in ("alpha", "uvlike")]
    build = files / f"cpython-3.11.2+1-{TRIPLE}-install_only_stripped.tar.gz"
    build.write_bytes(os.urandom(3 * 2**20))
    repository = tmp_path / "repository"
    (repository / "stacks" / "mine").mkdir(parents=True)
    (repository / "data").mkdir()
    (repository / "MANIFEST.json").touch()  # as an installed collection, whose configuration is the project's
    (repository / "stacks" / "mine" / "stack.yml").write_text(yaml.safe_dump(STACK))
    lines = [f"{path.name.split('-')[0]}==1.0 --hash=sha256:{digest(path)}\n" for path in paths]
    (repository / "stacks" / "mine" / "requirements.lock").write_text(lines[0])
    (repository / "data" / "installer.lock").write_text(lines[1])
    builds = {"url": "https://nowhere.invalid", "versions": {"3.11.2": {"release": "1", "sha256": {TRIPLE: digest(build)}}}}
    (repository / "data" / "python_builds.yml").write_text(yaml.safe_dump(builds))
    (repository / "data" / "homebrew_bottles.yml").write_text("versions: {}\n")
    certificate, private = authority(tmp_path)
    seen = []

    class Index(http.server.BaseHTTPRequestHandler):
        cut = 0  # bytes after which the next build ends

        def do_GET(self):
            seen.append((self.path, self.headers.get("Range", "")))
            expected = "Basic " + base64.b64encode(f"me:{INDEX_PASSWORD}".encode()).decode()
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.end_headers()
                return
            name = self.path.rsplit("/", 1)[-1].replace("%2B", "+")
            if self.path.startswith("/simple/"):
                project = self.path.split("/")[2]
                links = [f'<a href="/files/{one.name}">{one.name}</a>' for one in paths if one.name.startswith(project)]
                self.answer("\n".join(links).encode(), "text/html")
            else:
                self.answer((files / name).read_bytes(), "application/octet-stream")

        def answer(self, body, kind):
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            sent = body[start:]
            if Index.cut and len(sent) > Index.cut:
                sent, Index.cut = sent[: Index.cut], 0
            self.wfile.write(sent)

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer((HOST, 0), Index)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "proxy.log"
    line = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", str(port), "--num-workers", "1"]
    line += ["--num-acceptors", "1", "--basic-auth", f"you:{PROXY_PASSWORD}", "--log-file", str(log)]
    proxy = subprocess.Popen(line, start_new_session=True)
    ended.callback(server.shutdown)
    ended.callback(end, proxy)
    waiting.wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the proxy listens", 60)
    address = f"https://me:{INDEX_PASSWORD}@{HOST}:{server.server_address[1]}"
    found = {
        "variables": {
            "offline_dir": str(tmp_path / "offline"),
            "cluster_controller_cache": str(tmp_path / "cache"),
            "cluster_repo": str(repository),
            "stack": "mine",
            "fetch_platforms": "linux-x86_64",
            "fetch_packages": [],
            "node_packages": [],
            "node_packages_linux": [],
            "index_url": f"{address}/simple",
            "python_mirror": f"{address}/builds",
            "proxy_env": {"https_proxy": f"http://you:{PROXY_PASSWORD}@127.0.0.1:{port}", "no_proxy": ""},
            "ca_bundle": str(certificate),
        },
        "seen": seen,
        "proxy": log.read_text,
        "index": Index,
    }
    return found


@pytest.fixture
def fetch(site, root, tmp_path):
    """Run fetch.yml with -vvv, a log, and changed variables: fetch(**changed) -> (status, all that was written)."""

    def run(**changed):
        (tmp_path / "vars.yml").write_text(yaml.safe_dump({**site["variables"], **changed}))
        (tmp_path / "hosts.yml").write_text("cluster: {children: {head: {hosts: {alpha: {ansible_host: 192.0.2.1}}}}}\n")
        log = tmp_path / "ansible.log"
        log.unlink(missing_ok=True)
        line = ["ansible-playbook", "-vvv", "-i", str(tmp_path / "hosts.yml"), "-e", f"@{tmp_path / 'vars.yml'}"]
        environment = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_FIND_LINKS"):
            environment.pop(name, None)
        environment |= {
            "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOG_PATH": str(log),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_RETRIES": "0",
        }
        done = subprocess.run(
            [*line, str(root / "playbooks" / "fetch.yml")],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        words = " ".join((done.stdout + done.stderr + (log.read_text() if log.exists() else "")).split())
        for password in (INDEX_PASSWORD, PROXY_PASSWORD):
            encoded = [base64.b64encode(f"{user}:{password}".encode()).decode() for user in ("me", "you")]
            assert not [one for one in (password, *encoded) if one in words], "a password is shown"
        return done.returncode, words

    return run


def files_with_a_password(*folders):
    words = [INDEX_PASSWORD.encode(), PROXY_PASSWORD.encode()]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in found if any(word in path.read_bytes() for word in words)]


def test_everything_comes_through_the_proxy_and_no_password_shows(site, fetch, tmp_path):
    status, words = fetch()
    assert status == 0, words
    assert "fetched now: 3 files" in words
    assert site["proxy"]().count(f"CONNECT {HOST}") >= 3
    assert files_with_a_password(tmp_path / "offline", tmp_path / "cache") == []
    before = len(site["seen"])
    status, words = fetch()
    assert status == 0, words
    assert "fetched now: 0 files" in words
    assert len(site["seen"]) == before, "the second run asked for something"


def test_a_build_that_was_cut_off_continues(site, fetch):
    site["index"].cut = 2**20
    status, words = fetch()
    assert status != 0
    assert "the connection ended after 1048576 of 3145728 bytes" in words
    status, words = fetch()
    assert status == 0, words
    assert "fetched now: 1 files" in words, "the wheels were complete"
    assert site["seen"][-1][1] == "bytes=1048576-"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"index_url": "wrong"}, "could not be fetched"),
        ({"proxy_env": "wrong"}, "could not be fetched"),
        ({"ca_bundle": ""}, "could not be fetched"),
    ],
    ids=["index", "proxy", "authority"],
)
def test_a_wrong_password_or_authority_is_one_sentence_without_it(site, fetch, changed, said):
    ((name, value),) = changed.items()
    if value == "wrong":
        text = yaml.safe_dump(site["variables"][name])
        value = yaml.safe_load(text.replace(INDEX_PASSWORD, "other").replace(PROXY_PASSWORD, "other"))
    status, words = fetch(**{name: value})
    assert status != 0
    assert said in words
    assert "index_url, proxy_env, ca_bundle" in words
