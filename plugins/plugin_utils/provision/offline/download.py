"""A file from a URL, by way of a proxy and with its digest: continued where an interrupted run has left it."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ansible_collections.saf.fabric.plugins.module_utils.system.redaction import redact

from .store import OfflineError, digest_of

_SILENT_SECONDS: Final = 60  # without a byte
_FILE_SECONDS: Final = 3600  # of one file
_CHUNK: Final = 2**18
_SAY_SECONDS: Final = 10.0
_SIZE_LIMIT: Final = 4 * 2**30


class Downloader:
    """Fetches with the proxies and the authority of ``environment``; what is unset there is taken from this process."""

    def __init__(self, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.environment = {**os.environ, **environment}
        self.say = say

    def fetch(self, url: str, path: Path, sha256: str = "", token: str = "") -> None:
        """Fetch ``url`` to ``path``; raise OfflineError. sha256: what it must be; token: sent to the URL's own host only."""
        partial = path.with_name(f".{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not sha256:  # what was left could be of another file
            partial.unlink(missing_ok=True)
        resumed = partial.exists()
        self._transfer(url, partial, token)
        if sha256 and resumed and digest_of(partial) != sha256:
            partial.unlink()
            self._transfer(url, partial, token)
        if sha256 and (found := digest_of(partial)) != sha256:
            partial.unlink()
            raise OfflineError(
                f"{redact(url)} is not the pinned file (SHA-256 {found[:12]}… instead of {sha256[:12]}…): "
                "a mirror or a proxy returned something else. Nothing of it was kept."
            )
        os.replace(partial, path)

    def _transfer(self, url: str, partial: Path, token: str) -> None:
        """Append what is missing to the file, or begin it again where the server cannot continue."""
        have = partial.stat().st_size if partial.exists() else 0
        plain, login = _without_login(url)
        request = urllib.request.Request(plain)  # noqa: S310 the owner's own URL; file: is a folder of his
        if have:
            request.add_header("Range", f"bytes={have}-")
        if token or login:
            request.add_unredirected_header("Authorization", f"Bearer {token}" if token else f"Basic {login}")
        try:
            with contextlib.closing(self._opener(url).open(request, timeout=_SILENT_SECONDS)) as answer:
                goes_on = have > 0 and getattr(answer, "status", None) == 206
                self._copy(answer, partial, "ab" if goes_on else "wb", url)
        except urllib.error.HTTPError as error:
            if error.code == 416 and have:  # complete already, or of another length
                return
            raise OfflineError(f"{redact(url)} could not be fetched: {error.code} {error.reason}. {_REMEDY}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise OfflineError(f"{redact(url)} could not be fetched: {self._shown(error)}. {_REMEDY}") from None

    def _copy(self, answer: Any, partial: Path, mode: str, url: str) -> None:
        name = os.path.basename(urlsplit(url).path)
        begun = said = time.monotonic()
        length = str(answer.headers.get("Content-Length") or "")
        expected = int(length) if length.isdigit() else None
        got = 0
        with open(partial, mode) as stream:
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
                got += len(chunk)
                now = time.monotonic()
                if now - begun > _FILE_SECONDS or got > _SIZE_LIMIT:
                    raise TimeoutError(f"it takes longer than {_FILE_SECONDS} s or is larger than 4 GiB")
                if now - said > _SAY_SECONDS:
                    self.say(f"{name}: {got / 2**20:.0f} MiB" + (f" of {expected / 2**20:.0f}" if expected else ""))
                    said = now
        if expected is not None and got < expected:
            raise OSError(f"the connection ended after {got} of {expected} bytes; the next run continues there")

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=self.environment.get("SSL_CERT_FILE") or None)
        handlers: list[Any] = [urllib.request.HTTPSHandler(context=context)]
        return urllib.request.build_opener(urllib.request.ProxyHandler(self._proxies(url)), *handlers)

    def _proxies(self, url: str) -> dict[str, str]:
        """Return ``{scheme: proxy}`` for a URL, empty where its host needs none."""
        given = {name.lower(): str(value) for name, value in sorted(self.environment.items()) if value}
        # Small letters win, as in curl.
        given.update({name: str(value) for name, value in self.environment.items() if name.islower() and value})
        host = urlsplit(url).hostname or ""
        if urllib.request.proxy_bypass_environment(host, {"no": given.get("no_proxy", "")}):  # type: ignore[attr-defined]
            return {}
        proxies = {scheme: given.get(f"{scheme}_proxy") or given.get("all_proxy", "") for scheme in ("http", "https")}
        return {scheme: proxy if "://" in proxy else f"http://{proxy}" for scheme, proxy in proxies.items() if proxy}

    def _shown(self, error: BaseException) -> str:
        reason = getattr(error, "reason", error)
        return redact(" ".join(str(reason).split())[:300])


_REMEDY: Final = "Check the controller's access to it (proxy_env, ca_bundle), then run again; what is complete is kept."


def _without_login(url: str) -> tuple[str, str]:
    """Return a URL without its ``user:password``, and that as HTTP's basic authentication has it."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, ""
    return parts._replace(netloc=host).geturl(), base64.b64encode(unquote(userinfo).encode()).decode()


def copy(source: Path, path: Path) -> None:
    """Copy a file of the controller in one step; raise OfflineError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial)
        os.replace(partial, path)
    except OSError as error:
        raise OfflineError(f"{source} could not be copied to {path}: {error.strerror}.") from None
