"""The formats of the report. A new one is a file here that ends with its EXPORTER, and its name in the tuple below."""

from __future__ import annotations

from . import csv, html, markdown, prometheus
from .exporter import Exporter

EXPORTERS: dict[str, Exporter] = {module.EXPORTER.name: module.EXPORTER for module in (prometheus, csv, markdown, html)}
