"""Small weights: rounding errors stay below what is promised."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from erckit.networks.compact import compress, decompress


@given(seed=st.integers(0, 999), size=st.sampled_from([1e-6, 1e-3, 1.0]))
def test_errors_are_bounded_by_the_largest_change_of_the_row(seed: int, size: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    base = {"w": torch.randn(5, 7, generator=generator), "b": torch.randn(7, generator=generator)}
    change = {name: size * torch.randn(t.shape, generator=generator) for name, t in base.items()}
    trained = {name: base[name] + change[name] for name in base} | {"head": torch.randn(3, 7, generator=generator)}
    found = decompress(compress(trained, base), base)
    assert found.keys() == trained.keys()
    assert all(t.dtype == torch.float32 for t in found.values())
    largest = (trained["w"] - base["w"]).abs().amax(1, keepdim=True)
    assert ((found["w"] - trained["w"]).abs() <= largest / 254 * 1.01 + 3e-7).all()
    assert ((found["b"] - trained["b"]).abs() <= change["b"].abs() * 2**-10 + 3e-7).all()
    assert ((found["head"] - trained["head"]).abs() <= trained["head"].abs() * 2**-10 + 1e-7).all()


def test_what_did_not_change_comes_back_exactly() -> None:
    base = {"w": torch.randn(4, 4), "b": torch.randn(4)}
    found = decompress(compress(base, base), base)
    assert torch.equal(found["w"], base["w"])
    assert torch.equal(found["b"], base["b"])


def test_a_matrix_takes_a_quarter() -> None:
    base = {"w": torch.randn(64, 64)}
    stored = compress({"w": base["w"] + 0.1 * torch.randn(64, 64)}, base)
    assert sum(t.numel() * t.element_size() for t in stored.values()) < 0.28 * 4 * 64 * 64
