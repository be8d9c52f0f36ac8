"""The one place that removes secrets from what goes into an archive for others. Pure functions.

Names and addresses of nodes stay: without them nobody could follow a log.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from ansible_collections.saf.fabric.plugins.module_utils.system import redaction as urls

HIDDEN: Final = "***"
LEAST_LETTERS: Final = 6  # a shorter value is also a part of other words
_WORDS = (
    r"pass(?:word|wd|phrase)|(?<![a-z])pass(?![a-z])|pwd|secrets?|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credentials?|requirepass|masterauth"
)
# What follows such a word and makes it the name of something else.
_HARMLESS_NAME = re.compile(
    r"(?i)[_-](?:path|file|dir|folder|mark|mode|authentication|unit|user|name|count|limit|seconds)$|^(?:iz|s\b)"
)
_HARMLESS_VALUE = re.compile(r"(?i)(?:true|false|null|none|auto|always|never|enabled|disabled|\(set\)|\*\*\*)?")
_VALUE = r"""(?P<value>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|\\"(?:[^"\\\n]|\\[^"])*(?:\\")?|[^\s,;&)}\]"']+)"""
_ASSIGNED = re.compile(
    rf"(?i)(?P<word>{_WORDS})(?P<rest>[\w.-]{{0,64}})(?P<between>\\?[\"']?[ \t]{{0,3}}(?:=>|[:=])[ \t]{{0,3}}){_VALUE}"
)
_FLAG = re.compile(rf"(?i)(?P<word>--?[a-z-]{{0,40}}(?:{_WORDS}))(?P<rest>[\w-]{{0,40}})(?P<between>[ \t]+(?!-)){_VALUE}")
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?)(?:(?:bearer|basic|digest|token)[ \t]+)?[^\s\"',;]+"
)
_BEARER = re.compile(r"(?i)\b(bearer[ \t]+)[\w.~+/=-]{8,}")
# Of an archive that begins in the middle of a key, only its end is there.
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL)
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_VAULT = re.compile(r"\$ANSIBLE_VAULT;[^\n]{0,80}(?:\n[^\n]{0,60}?[0-9a-f]{2,}[ \t]*(?=\n|\Z))*")
_KNOWN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})"
)
_CRYPT = re.compile(r"\$(?:1|2[abxy]|5|6|7|y|gy|argon2[a-z]{0,2}|scrypt)\$[\w./$=,+-]{8,}")
# People's names; these folders are none.
_HOME = re.compile(r"(/(?:home|Users)/)(?!(?:Shared|linuxbrew|USER)(?:/|\b))([^/\s:'\",;)}\]<>|]+)")
_SECRET_NAME = re.compile(rf"(?i)(?:{_WORDS})")


def redact(text: str, literals: Collection[str] = ()) -> str:
    """Return a text without secrets.

    literals: values that are known to be secret, wherever they stand. Besides them: private keys, passwords in URLs, values of
    names such as password or token, the usual forms of access tokens, password hashes, and people's names in home folders.
    """
    text = _without(text, literals)
    end = _KEY_END.search(text)
    if end and "-----BEGIN" not in text[: end.start()]:
        text = HIDDEN + text[end.end() :]
    text = _KEY.sub(HIDDEN, text)
    text = _VAULT.sub(HIDDEN, text)
    text = urls.redact(text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    text = _ASSIGNED.sub(_hidden, text)
    text = _FLAG.sub(_hidden, text)
    text = _KNOWN.sub(HIDDEN, text)
    text = _CRYPT.sub(HIDDEN, text)
    text = _HOME.sub(r"\1USER", text)
    return _without(text, literals)


def _without(text: str, literals: Collection[str]) -> str:
    for secret in sorted(literals, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _hidden(found: re.Match[str]) -> str:
    name, value = found["rest"], found["value"]
    if _HARMLESS_NAME.search(name) or _HARMLESS_VALUE.fullmatch(value.strip("\\\"'")):
        return found[0]
    quotes = re.match(r"\\?[\"']", value)
    mark = quotes[0] if quotes else ""
    return (
        f"{found['word']}{name}{found['between']}{mark}{HIDDEN}{mark if value.endswith(mark) and len(value) > len(mark) else ''}"
    )


def is_secret_name(name: str) -> bool:
    """Return whether the value of a variable of this name is a secret."""
    found = _SECRET_NAME.search(name)
    return bool(found) and not _HARMLESS_NAME.search(name[found.end() :] if found else "")


def structure(value: Any, literals: Collection[str] = ()) -> Any:
    """Return a JSON value with every text redacted, and the values of secret names hidden."""
    if isinstance(value, str):
        return redact(str(value), literals)
    if isinstance(value, Mapping):
        return {
            redact(str(key), literals): HIDDEN
            if is_secret_name(str(key))
            and isinstance(item, (str, int, float))
            and not isinstance(item, bool)
            and not _HARMLESS_VALUE.fullmatch(str(item))
            else structure(item, literals)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [structure(item, literals) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else redact(str(value), literals)


def literals_of(variables: Iterable[Mapping[str, Any]], texts: Iterable[str] = ()) -> set[str]:
    """Return the secrets in variables of the inventory and in texts that are secret as a whole (a token).

    A variable is secret by its name, at any depth; of every other text, the passwords of its URLs are.
    """
    found: set[str] = set()

    def visit(name: str, value: Any, is_secret: bool) -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                visit(str(key), item, is_secret or is_secret_name(str(key)))
        elif isinstance(value, (list, tuple)):
            for item in value:
                visit(name, item, is_secret)
        elif isinstance(value, str):
            found.update(urls.secrets_in(value))
            if is_secret:
                found.add(str(value))
        elif is_secret and isinstance(value, int) and not isinstance(value, bool):
            found.add(str(value))

    for one in variables:
        for name, value in one.items():
            visit(name, value, is_secret_name(name))
    found.update(texts)
    whole = {line.strip() for text in found for line in (text, *text.splitlines())}
    kept = {text for text in whole if len(text) >= LEAST_LETTERS and not _HARMLESS_VALUE.fullmatch(text)}
    return kept | {quote(text, safe="") for text in kept}
