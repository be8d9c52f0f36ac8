"""Which build of MLX a node gets where the stack has one for a GPU: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .observed import version


class AcceleratorError(ValueError):
    """A wish that this node cannot have. wanted, found, fix: the columns of a problem."""

    def __init__(self, wanted: str, found: str, fix: str) -> None:
        super().__init__(f"MLX: wanted {wanted}, found {found}. {fix}")
        self.wanted, self.found, self.fix = wanted, found, fix


def chosen(accelerators: Mapping[str, Mapping[str, Any]], wish: str, system: str, machine: str, cuda: str) -> str:
    """Return the kind of node by its name in the stack, "" for the platform's own build; raise AcceleratorError.

    accelerators: of stack.yml; wish: `mlx_accelerator` (auto, none or a name); cuda: newest that the node's driver runs, ""
    without a device. A device whose driver is too old is an error, not a silent CPU.
    """
    kinds = {name: row for name, row in accelerators.items() if row["system"] == system and machine in row["machines"]}
    if wish == "none" or (wish == "auto" and not (cuda and kinds)):
        return ""
    if wish != "auto":
        if wish not in kinds:
            known = ", ".join([*kinds, "none"])
            fix = f"Set mlx_accelerator to auto or to one of: {known}. Another stack may have it (-e stack=current)."
            raise AcceleratorError(wish, f"a stack with {known} for {system} {machine}", fix)
        kinds = {wish: kinds[wish]}
    if not cuda:
        fix = "Install NVIDIA's driver (`nvidia-smi` must list the device), or set mlx_accelerator to none for this node."
        raise AcceleratorError(wish, "no CUDA device", fix)
    has = version(cuda)
    fitting = [name for name, row in kinds.items() if has is not None and has >= (version(row["cuda"]) or has)]
    if not fitting:
        oldest = min(kinds.values(), key=lambda row: version(row["cuda"]) or ())
        fix = (
            f"Install a newer driver ({oldest['driver']} on), or set mlx_accelerator to none for this node: MLX then runs on the"
            " CPU."
        )
        raise AcceleratorError(f"a driver for CUDA {oldest['cuda']}", f"one for CUDA {cuda}", fix)
    return max(fitting, key=lambda name: version(kinds[name]["cuda"]) or ())
