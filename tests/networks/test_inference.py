"""Scoring: known history vectors, precision, and what is encoded at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from erckit.encoding.precision import resolve_precision
from erckit.errors import SettingError
from erckit.model_folder.network_folder import PretrainedModel, load_pretrained
from erckit.networks.inference import encode, predict_logits


@pytest.fixture(scope="module")
def pretrained(trained_folder: Path) -> PretrainedModel:
    return load_pretrained(trained_folder)


def test_known_history_vectors_replace_encoding_them(pretrained: PretrainedModel, tiny_corpus: Any) -> None:
    train, dev = tiny_corpus.splits["train"], tiny_corpus.splits["dev"]
    model, preparation = pretrained.model, pretrained.preparation
    prepared = preparation.prepare([*train, *dev])
    targets = range(len(train), len(prepared))
    remembered = prepared.windows[prepared.rows(targets)]
    assert (remembered >= 0).any()
    _, memory = encode(model, preparation, prepared, range(len(train)), 4096)
    encoded: list[int] = []
    options: dict[str, Any] = {"precision": "fp32", "advance": encoded.append}
    expected = predict_logits(model, preparation, prepared, targets, **options)
    everything = sum(encoded)
    encoded.clear()
    found = predict_logits(model, preparation, prepared, targets, known_memory=memory, **options)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert sum(encoded) == sum(len(c) for c in dev) < everything
    wrong = predict_logits(model, preparation, prepared, targets, known_memory=memory + 1, **options)
    assert np.abs(wrong - expected).max() > 1e-3  # it is read


def test_only_what_is_remembered_is_encoded(pretrained: PretrainedModel, talk: Any) -> None:
    ana, ben = talk(1, 5, speakers=("Ana",), story=(1, 1)), talk(2, 7, speakers=("Ben",), story=(1, 2))
    target = talk(3, 4, speakers=("Ana",), story=(1, 3))
    prepared = pretrained.preparation.prepare([ana, ben, target])
    encoded: list[int] = []
    predict_logits(pretrained.model, pretrained.preparation, prepared, [2], precision="fp32", advance=encoded.append)
    assert sum(encoded) == 4 + 5


def test_training_mode_is_put_back(pretrained: PretrainedModel, talk: Any) -> None:
    prepared = pretrained.preparation.prepare([talk(1, 5)])
    pretrained.model.train()
    found = [
        predict_logits(pretrained.model, pretrained.preparation, prepared, [0], precision="fp32") for _ in range(2)
    ]
    assert pretrained.model.training
    pretrained.model.eval()
    np.testing.assert_array_equal(*found)


def test_precision() -> None:
    cpu = torch.device("cpu")
    assert resolve_precision("auto", cpu) in ("fp32", "bf16")
    assert resolve_precision("fp32", cpu) == "fp32"
    assert resolve_precision("bf16", cpu) == "bf16"
    with pytest.raises(SettingError, match="Did you mean 'auto'"):
        resolve_precision("autom", cpu)
