"""Which findings are about which value."""

from __future__ import annotations

from typing import Final

from ...verdicts.causes import LINKS as _OF_LINKS

COMPUTE: Final = ("compute_below_peak", "slow_node", "products_too_small")
MEMORY: Final = ("memory_below_peak",)
LINKS: Final = (*_OF_LINKS, "link_fell", "mtu_differs")
TRIPS: Final = ("bufferbloat",)
SCALING: Final = ("weak_scaling",)
# Findings whose gain is that of a link first, and of tasks second.
OF_A_LINK: Final = (*_OF_LINKS, "switch_contention")
