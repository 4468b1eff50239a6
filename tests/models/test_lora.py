"""Adapters: 4-bit weights are read once, on the device they are for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch

from erckit.encoding.causal_lm import CausalLM
from erckit.errors import SettingError
from erckit.models import lora
from erckit.models.lora import LoraSettings, load_with_lora


class Recorded:
    """Stands in for transformers' configuration of bitsandbytes."""

    def __init__(self, **values: Any) -> None:
        self.values = values


def test_qlora_reads_weights_once_and_never_whole(
    tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    folder = tiny_causal_lm("llama").folder
    load = transformers.AutoModelForCausalLM.from_pretrained
    loads: list[dict[str, Any]] = []
    moved: list[Any] = []

    def counted(*arguments: Any, **options: Any) -> Any:
        loads.append(dict(options))
        options.pop("quantization_config")
        options.pop("device_map")
        return load(*arguments, **options)

    def to(self: Any, *where: Any, **_: Any) -> Any:
        moved.append(where)
        return self

    monkeypatch.setattr(transformers, "BitsAndBytesConfig", Recorded)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", counted)
    monkeypatch.setattr(transformers.PreTrainedModel, "to", to)
    monkeypatch.setattr(lora, "check_quantised", lambda: None)
    lm = load_with_lora(str(folder), LoraSettings(is_quantised=True), "bf16", "cpu")
    (only,) = loads
    assert only["device_map"] == {"": "cpu"}
    assert only["quantization_config"].values == {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": torch.bfloat16,
    }
    assert moved == []  # 4-bit weights cannot be moved, and whole ones must not be
    assert lm.sha256 == tiny_causal_lm("llama").sha256
    trained = [name for name, p in lm.model.named_parameters() if p.requires_grad]
    assert trained
    assert all("lora_" in name for name in trained)


def test_without_4_bit_nothing_asks_for_it(
    tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "_four_bits", lambda: pytest.fail("asked for 4-bit weights"))
    lm = load_with_lora(str(tiny_causal_lm("llama").folder), LoraSettings())
    assert {p.dtype for p in lm.model.parameters()} == {torch.float32}
    assert load_with_lora(str(tiny_causal_lm("llama").folder), None).sha256 == lm.sha256


def test_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install 'erckit\[qlora\]'"):
        lora.check_quantised()
