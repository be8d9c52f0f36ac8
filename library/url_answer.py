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
import time
import urllib.request

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.saf.fabric.plugins.module_utils.services.service_log import one_line

_TRY_SECONDS = 5
_PAUSE_SECONDS = 1


def ask(url):
    """Return why the URL does not answer with 200, "" when it does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TRY_SECONDS) as answer:
            return "" if answer.status == 200 else f"status {answer.status}"
    # OSError includes urllib's own errors and timeouts; an answer that is not HTTP raises the other.
    except (OSError, http.client.HTTPException) as error:
        return one_line(error) or type(error).__name__


def main():
    module = AnsibleModule(
        argument_spec={"url": {"type": "str", "required": True}, "timeout": {"type": "int", "default": 30}},
        supports_check_mode=True,
    )
    url = module.params["url"]
    if not url.startswith(("http://", "https://")):
        module.fail_json(msg=f"{url} is not the URL of a web service: it must begin with http:// or https://.")
    deadline = time.monotonic() + module.params["timeout"]
    reason = ask(url)
    while reason and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        reason = ask(url)
    module.exit_json(changed=False, answers=not reason, reason=reason)


if __name__ == "__main__":
    main()
