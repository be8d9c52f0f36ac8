"""A web service that answers, one that answers something else, and none."""

import http.server
import threading

import pytest

import url_answer


@pytest.fixture
def server():
    """Serve /api/version with 200, anything else with 503, and return the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            closed = 200 if self.headers["Authorization"] == "Bearer abc" else 401
            self.send_response({"/api/version": 200, "/closed": closed, "/away": 302}.get(self.path, 503))
            if self.path == "/away":
                self.send_header("Location", "/api/version")
            self.end_headers()

        def log_message(self, *_words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_an_answer(run_module, server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a site's proxy does not know the node
    monkeypatch.setenv("no_proxy", "")
    result = run_module(url_answer, {"url": f"{server}/api/version", "timeout": 10})
    assert (result["answers"], result["reason"], result["changed"]) == (True, "", False)


def test_no_answer_is_a_result(run_module, server, monkeypatch):
    monkeypatch.setattr(url_answer, "_PAUSE_SECONDS", 0)
    result = run_module(url_answer, {"url": f"{server}/other", "timeout": 0})
    assert not result["failed"]
    assert not result["answers"]
    assert "503" in result["reason"]
    result = run_module(url_answer, {"url": "http://127.0.0.1:1/api/version", "timeout": 0})
    assert "refused" in result["reason"]


def test_a_token_is_read_from_its_file_and_sent_nowhere_else(run_module, server, tmp_path):
    (tmp_path / "token").write_text("abc\n")

    def ask(path, name="token"):
        return run_module(
            url_answer, {"url": f"{server}{path}", "timeout": 0, "token_file": str(tmp_path / name) if name else ""}
        )

    assert ask("/closed")["answers"]
    assert "401" in ask("/closed", "")["reason"]
    assert "302" in ask("/away")["reason"]
    assert ask("/away", "")["answers"]
    assert "abc" not in str({key: value for key, value in ask("/other").items() if key != "invocation"})
    assert "No such file" in ask("/closed", "missing")["reason"]
    (tmp_path / "odd").write_text("abc\nX-Other: 1")
    (tmp_path / "link").symlink_to(tmp_path / "token")
    assert "holds no token" in ask("/closed", "odd")["reason"]
    assert not ask("/closed", "link")["answers"]


def test_what_is_no_web_service_is_refused(run_module):
    assert "it must begin with http" in run_module(url_answer, {"url": "file:///etc/passwd"})["msg"]
