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
            self.send_response(200 if self.path == "/api/version" else 503)
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


def test_what_is_no_web_service_is_refused(run_module):
    assert "it must begin with http" in run_module(url_answer, {"url": "file:///etc/passwd"})["msg"]
