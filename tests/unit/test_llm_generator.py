"""The probe's use of mlx-lm's generator, over doubles of its two interfaces: 0.28 (next() gives the new tokens) and 0.32 (next()
gives a pair, next_generated() the new tokens, and the limits are a list). With a real mlx-lm: molecule/bench."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest

from ansible_collections.saf.fabric.plugins.module_utils.probes import llm


class Generator:
    """What both have: a prompt's tokens come one after another, as many as asked for."""

    def __init__(self, model, max_tokens=128):
        self.left = {}

    def insert(self, prompts, max_tokens=None):
        if len(max_tokens) != len(prompts):
            raise TypeError("object of type 'int' has no len()")
        self.left = dict(enumerate(max_tokens))

    def take(self):
        self.left = {uid: left - 1 for uid, left in self.left.items() if left}
        return [SimpleNamespace(uid=uid, token=1) for uid in self.left]


class Old(Generator):
    def next(self):
        return self.take()


class New(Generator):
    def next(self):
        return [], self.take()

    def next_generated(self):
        return self.next()[1]


class Early(Old):
    def next(self):
        return self.take() if max(self.left.values()) > 3 else []


@pytest.fixture
def mlx_lm(monkeypatch):
    module = ModuleType("mlx_lm.generate")
    module.generation_stream = None
    module.wired_limit = lambda model, streams: contextlib.nullcontext()
    monkeypatch.setitem(sys.modules, "mlx_lm", ModuleType("mlx_lm"))
    monkeypatch.setitem(sys.modules, "mlx_lm.generate", module)
    return module


@pytest.mark.parametrize("generator", [Old, New])
@pytest.mark.parametrize("batch", [1, 4])
def test_both_interfaces_of_the_generator_give_rates(mlx_lm, generator, batch):
    mlx_lm.BatchGenerator = generator
    prefill, decode = llm.generate(None, [[1, 2, 3]] * batch, 8)
    assert prefill > 0
    assert decode > 0


def test_a_model_that_stops_early_is_no_measurement(mlx_lm):
    mlx_lm.BatchGenerator = Early
    with pytest.raises(RuntimeError, match="stopped early"):
        llm.generate(None, [[1, 2, 3]], 8)
