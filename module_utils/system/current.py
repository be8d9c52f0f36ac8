"""The operating system of this node: ``system`` is the package darwin or linux, both with the same functions.

Both are imported by name, since Ansible packs for a node what it finds in import statements.
"""

from __future__ import annotations

import platform

from . import darwin, linux

system = darwin if platform.system() == "Darwin" else linux
