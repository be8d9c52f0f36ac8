"""Small multiples: one small drawing for each node, all on the same scale."""

from __future__ import annotations

from collections.abc import Sequence

MOST_LINES = 6  # in one chart; more nodes get a drawing each
WIDTH, HEIGHT = 164, 112  # px; a phone has room for two in a row


def grid(drawings: Sequence[str]) -> list[str]:
    """Return the drawings as cells of a list, so that a screen reader says how many there are."""
    drawings = [one for one in drawings if one]
    return [f'<ul class="multiples">{"".join(f"<li>{one}</li>" for one in drawings)}</ul>'] if drawings else []
