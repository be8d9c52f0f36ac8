"""Prometheus' text format. Written by hand: forty lines, where a library would be one more package on every controller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

MOST_LABEL: Final = 128  # characters of a label's value

Labels = Mapping[str, str]


def family(name: str, text: str, samples: Iterable[tuple[Labels, float]]) -> str:
    """Return a family of gauges, "" without a sample; text: what HELP says, one sentence without its point.

    Of several samples with the same labels the first: with two Prometheus would reject the whole file.
    """
    first: dict[str, float] = {}
    for labels, value in samples:
        first.setdefault(_inside(labels), value)
    lines = [f"{name}{inside} {value:.12g}" for inside, value in first.items()]
    return "\n".join([f"# HELP {name} {text}.", f"# TYPE {name} gauge", *lines]) + "\n" if lines else ""


def _inside(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{escape(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def escape(value: str) -> str:
    """Return a label's value as it stands between its quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
