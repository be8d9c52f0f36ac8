"""The jobs that Ray has been given, as its dashboard lists them: who, when, what; no environment, no metadata."""

from __future__ import annotations

import http.client
import json

from ..system import redaction
from . import reading

_MOST_BYTES = 8 * 2**20
_MOST = 200


def parse(text):
    """Return [{id, type, status, started, entrypoint, address}] of what /api/jobs/ answers; raises ValueError."""
    document = json.loads(text)
    if not isinstance(document, list):
        raise ValueError("no list")
    found = []
    for job in document[:_MOST]:
        if not isinstance(job, dict):
            continue
        driver = job.get("driver_info") if isinstance(job.get("driver_info"), dict) else {}
        started = job.get("start_time")
        found.append(
            {
                "id": str(job.get("submission_id") or job.get("job_id") or "")[:100],
                "type": str(job.get("type") or "")[:20],
                "status": str(job.get("status") or "")[:20],
                # milliseconds since the epoch
                "started": started // 1000 if isinstance(started, int) else 0,
                "entrypoint": reading.short(redaction.redact(str(job.get("entrypoint") or "")))[:160],
                "address": str((driver or {}).get("node_ip_address") or "")[:45],
            }
        )
    return found


def ask(host, port, token="", timeout=10):
    """Return (jobs, "") of the dashboard at host:port, or ([], why they are not known)."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        # Ray answers 500 to a request that does not say what sends it.
        headers = {"User-Agent": "saf-audit", **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request("GET", "/api/jobs/", headers=headers)
        answer = connection.getresponse()
        body = answer.read(_MOST_BYTES)
        if answer.status != 200:
            return [], f"the dashboard at {host}:{port} answers with status {answer.status}"
        return parse(body.decode("utf-8", "replace")), ""
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        return [], f"the dashboard at {host}:{port} lists no jobs ({str(error)[:120] or type(error).__name__})"
    finally:
        connection.close()
