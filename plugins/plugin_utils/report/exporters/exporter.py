"""What an exporter is: one format of the report, made from the prepared view and the run document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...model import RunDocument
from ..view import View


@dataclass(frozen=True)
class Exporter:
    """name: as people ask for it; file_name: in the run's folder; render: a pure function that returns the file's text."""

    name: str
    file_name: str
    render: Callable[[View, RunDocument], str]
