#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Ansible module: whether a web service answers within a time limit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: url_answer
short_description: Wait until a URL answers, or report that it does not
version_added: "0.3.0"
description:
  - Polls the URL until the status is 200 or the time is over. No answer is a result (RV(answers) is false), not a failure, so
    that a play can report it in one message. Uses no proxy.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.info
options:
  url:
    description: URL to poll.
    type: str
    required: true
  token_file:
    description: File with a token, sent in the header C(Authorization). It is read at each attempt and never shown.
    type: path
    default: ""
  timeout:
    description: Seconds until it must answer.
    type: int
    default: 30
author:
  - Studio Air Fabric (@studio-air-fabric)
"""

EXAMPLES = r"""
- name: Wait for the dashboard
  saf.fabric.url_answer:
    url: http://127.0.0.1:8265/api/version
  register: dashboard
"""

RETURN = r"""
answers:
  description: Whether it answered with 200.
  type: bool
  returned: always
reason:
  description: Why the last attempt failed. Empty when it answered.
  type: str
  returned: always
"""

import http.client
import os
import re
import stat
import time
import urllib.request

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line

_TRY_SECONDS = 5
_PAUSE_SECONDS = 1
_MOST = 4096  # characters of a token


def header(path):
    """Return the headers that carry the token of a file of another account; raises OSError where there is none."""
    if not path:
        return {}
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, encoding="utf-8", errors="replace") as stream:
        token = stream.read(_MOST).strip() if stat.S_ISREG(os.fstat(handle).st_mode) else ""
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        raise OSError(f"{path} holds no token")
    return {"Authorization": f"Bearer {token}"}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the URL that was asked for and to no other."""

    def redirect_request(self, *_arguments):
        return None


def ask(url, token_file=""):
    """Return why the URL does not answer with 200, "" when it does."""
    handlers = [urllib.request.ProxyHandler({}), *([NoRedirect()] if token_file else [])]
    opener = urllib.request.build_opener(*handlers)
    try:
        request = urllib.request.Request(url, headers=header(token_file))  # noqa: S310 main() checks its scheme
        with opener.open(request, timeout=_TRY_SECONDS) as answer:
            return "" if answer.status == 200 else f"status {answer.status}"
    # OSError includes urllib's own errors and timeouts; an answer that is not HTTP raises the other.
    except (OSError, http.client.HTTPException) as error:
        return one_line(error) or type(error).__name__


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "token_file": {"type": "path", "default": "", "no_log": False},  # a path
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    url, token_file = module.params["url"], module.params["token_file"]
    if not url.startswith(("http://", "https://")):
        module.fail_json(msg=f"{url} is not the URL of a web service: it must begin with http:// or https://.")
    deadline = time.monotonic() + module.params["timeout"]
    reason = ask(url, token_file)
    while reason and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        reason = ask(url, token_file)
    module.exit_json(changed=False, answers=not reason, reason=reason)


if __name__ == "__main__":
    main()
