"""Which build of MLX a node with a GPU gets."""

import pytest

from ansible_collections.saf.fabric.plugins.plugin_utils.provision import accelerator

KINDS = {
    "cuda13": {"system": "Linux", "machines": ["x86_64", "aarch64"], "cuda": "13.0", "driver": "NVIDIA 580"},
    "cuda12": {"system": "Linux", "machines": ["x86_64"], "cuda": "12.4", "driver": "NVIDIA 550"},
}
ONLY_13 = {"cuda13": KINDS["cuda13"]}


@pytest.mark.parametrize(
    ("kinds", "wish", "node", "wanted"),
    [
        (KINDS, "auto", ("Linux", "x86_64", "13.0"), "cuda13"),
        (KINDS, "auto", ("Linux", "x86_64", "14.1"), "cuda13"),
        (KINDS, "auto", ("Linux", "x86_64", "12.8"), "cuda12"),
        (KINDS, "auto", ("Linux", "x86_64", ""), ""),
        (KINDS, "auto", ("Darwin", "arm64", ""), ""),
        (KINDS, "auto", ("Linux", "riscv64", "13.0"), ""),
        ({}, "auto", ("Linux", "x86_64", "13.0"), ""),
        (KINDS, "none", ("Linux", "x86_64", "13.0"), ""),
        (KINDS, "cuda12", ("Linux", "x86_64", "13.0"), "cuda12"),
    ],
)
def test_the_newest_build_that_the_driver_runs_is_taken(kinds, wish, node, wanted):
    assert accelerator.chosen(kinds, wish, *node) == wanted


@pytest.mark.parametrize(
    ("kinds", "wish", "node", "words"),
    [
        (
            ONLY_13,
            "auto",
            ("Linux", "x86_64", "12.4"),
            ["CUDA 13.0", "12.4", "NVIDIA 580 on", "to none for"],
        ),
        (ONLY_13, "auto", ("Linux", "x86_64", "garbage"), ["CUDA 13.0", "NVIDIA 580 on"]),
        (ONLY_13, "cuda13", ("Linux", "x86_64", ""), ["no CUDA device", "nvidia-smi"]),
        (ONLY_13, "cuda12", ("Linux", "x86_64", "13.0"), ["auto or to one of: cuda13, none", "-e stack=current"]),
        ({}, "cuda13", ("Linux", "x86_64", "13.0"), ["one of: none", "-e stack=current"]),
        (KINDS, "cuda13", ("Darwin", "arm64", ""), ["one of: none"]),
    ],
)
def test_what_cannot_be_had_is_an_error_that_says_what_to_type(kinds, wish, node, words):
    with pytest.raises(accelerator.AcceleratorError) as refused:
        accelerator.chosen(kinds, wish, *node)
    assert [word for word in words if word not in str(refused.value)] == []
