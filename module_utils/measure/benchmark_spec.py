"""Arguments that the measuring modules have in common; documented in plugins/doc_fragments/saf_benchmark.py."""

from __future__ import annotations

JOB = {
    "timeout": {"type": "int", "default": 900},
    "job_dir": {"type": "path"},
}
VENV = {
    "python": {"type": "path", "required": True},
    "user": {"type": "str"},
}
