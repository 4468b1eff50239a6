"""The cheap dropout against what dropout promises."""

from __future__ import annotations

import pytest
import torch

from erckit.encoding.dropout import dropout


@pytest.mark.parametrize("probability", [0.1, 0.3, 0.5, 0.9])
def test_share_and_mean(probability: float) -> None:
    torch.manual_seed(0)
    count = 200_003  # no multiple of eight
    result = dropout(torch.ones(count), probability)
    kept = result != 0
    deviation = (probability * (1 - probability) / count) ** 0.5
    assert abs(1 - kept.float().mean().item() - probability) < 5 * deviation + 1 / 512
    assert result[kept].unique().numel() == 1
    assert abs(result.mean().item() - 1) < 5 * deviation / (1 - probability)  # the mean is kept


def test_every_bit_is_drawn_anew() -> None:
    torch.manual_seed(0)
    masks = torch.stack([dropout(torch.ones(64), 0.5) != 0 for _ in range(2000)]).float()
    assert (masks.mean(0) - 0.5).abs().max() < 0.07  # each of the eight values of a word is dropped as often
    correlation = torch.corrcoef(masks.T) - torch.eye(64)
    assert correlation.abs().max() < 0.12


def test_gradient_passes_where_values_pass() -> None:
    torch.manual_seed(0)
    values = torch.ones(5, 7, requires_grad=True)
    result = dropout(values, 0.5)
    result.sum().backward()
    torch.testing.assert_close(values.grad, result.detach(), rtol=0, atol=0)


def test_same_seed_same_mask_and_nothing_at_zero() -> None:
    values = torch.randn(33)
    torch.manual_seed(3)
    first = dropout(values, 0.4)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(values, 0.4))
    assert dropout(values, 0.0) is values


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_type_is_kept_and_extremes_are_finite(dtype: torch.dtype) -> None:
    for probability in (0.0001, 0.9999):
        result = dropout(torch.ones(1000, dtype=dtype), probability)
        assert result.dtype == dtype
        assert torch.isfinite(result).all()
