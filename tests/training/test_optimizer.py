"""Rates by depth and over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import new_model
from erckit.models.model_settings import model_settings
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.average import WeightAverage
from erckit.training.optimizer import make_optimizer, parameter_groups, rate_factor

SETTINGS = TrainingSettings(backbone_rate=0.1, head_rate=1.0, layer_decay=0.5, weight_decay=0.01)


@pytest.fixture(scope="module")
def model(tiny_backbone: Callable[[str], Path]) -> Any:
    values = {"freezes_embeddings": False, "speaker": {"form": "embedding"}, "history": {"encoder": "own"}}
    settings = model_settings(values)
    return new_model(settings, LabelSet(("a", "b")), SpeakerRegistry("global", ("Ana",)), tiny_backbone("bert"))[0]


def test_every_trained_parameter_has_its_rate(model: Any) -> None:
    found = {}
    for group in parameter_groups(model, SETTINGS):
        for name, parameter in zip(group["names"], group["params"], strict=True):
            assert name not in found
            found[name] = group["lr"]
            assert group["weight_decay"] == (0.01 if parameter.ndim > 1 else 0.0)
    assert found.keys() == {n for n, p in model.named_parameters() if p.requires_grad}
    expected = {"layer.2.": 0.1, "layer.1.": 0.05, "layer.0.": 0.025, "embeddings.": 0.0125}
    for name, rate in found.items():
        if ".backbone." in name:
            (wanted,) = (value for part, value in expected.items() if part in name)
            assert rate == pytest.approx(wanted), name
        else:
            assert rate == 1.0, name
    assert found["encoder.speakers.weight"] == 1.0
    assert found["memory_encoder.backbone.encoder.layer.2.output.dense.weight"] == pytest.approx(0.1)


def test_steps_are_those_of_plain_adamw() -> None:
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizers = [
        make_optimizer(ours, SETTINGS),
        torch.optim.AdamW(
            [{"params": [theirs.weight], "weight_decay": 0.01}, {"params": [theirs.bias], "weight_decay": 0.0}],
            lr=1.0, betas=(0.9, 0.98), eps=1e-6,
        ),
    ]  # fmt: skip
    for _ in range(3):
        x = torch.randn(4, 3)
        for layer, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            layer(x).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def test_rates_rise_then_fall_to_zero() -> None:
    factors = [rate_factor(step, 100, 10) for step in range(101)]
    assert all(0 < f <= 1 for f in factors[:100])
    assert factors[:11] == sorted(factors[:11])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[100] == 0
    assert rate_factor(0, 1, 0) == 1


def test_average_is_the_sum_with_its_decays() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    average = WeightAverage(layer, 0.5)
    expected = 0.0
    for step, value in enumerate([1.0, 5.0, -2.0, 3.0] * 4, 1):
        layer.weight.data.fill_(value)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    with average.applied():
        assert layer.weight.item() == pytest.approx(expected, rel=1e-5)
    assert layer.weight.item() == 3.0
    with pytest.raises(RuntimeError, match="inside"), average.applied():
        raise RuntimeError("inside")
    assert layer.weight.item() == 3.0


def test_no_average_costs_nothing() -> None:
    layer = torch.nn.Linear(1, 1)
    average = WeightAverage(layer, 0.0)
    average.update()
    assert average.tensors == {}
    with average.applied():
        layer.weight.data.fill_(7)
    assert layer.weight.item() == 7
