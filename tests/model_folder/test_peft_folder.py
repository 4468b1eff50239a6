"""Adapters in peft's layout: peft alone, which knows nothing of erckit, computes the same with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.causal.causal_lm import CausalLM
from erckit.causal.lora import ALL_LINEAR, LoraSettings, load_with_lora
from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.model_folder.adapter_folder import AdapterFolder
from erckit.model_folder.peft_folder import write_peft_folder
from erckit.model_folder.tensors import trained_tensors

TOKENS = torch.tensor([[5, 9, 30, 7, 11], [8, 40, 6, 12, 3]])


def _adapted(folder: Path, settings: LoraSettings) -> tuple[AdapterFolder, CausalLM]:
    lm = load_with_lora(str(folder), settings)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in lm.model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
    adapter = AdapterFolder(
        "tiny", "instruct_erc", str(folder), lm.sha256, LabelSet(("Happy", "Sad")), settings,
        trained_tensors(lm.model), {"corpus": "ruled"}, None, {}, (), {},
    )  # fmt: skip
    return adapter, replace(lm, model=lm.model.eval())


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("llama", LoraSettings(rank=4, alpha=6, targets=("q_proj", "v_proj"))),
        ("llama", LoraSettings(rank=3, alpha=4.5, targets=(ALL_LINEAR,), layers=2)),
        ("gpt2", LoraSettings(rank=4, alpha=6, targets=("c_attn",))),
        ("gpt2", LoraSettings(rank=3, targets=(ALL_LINEAR,), layers=1)),
    ],
)
def test_peft_computes_the_same(
    tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path, kind: str, settings: LoraSettings
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = tiny_causal_lm(kind).folder
    adapter, lm = _adapted(base, settings)
    assert write_peft_folder(adapter, "here", tmp_path / "out") == tmp_path / "out"
    alone = AutoModelForCausalLM.from_pretrained(base)
    with torch.inference_mode():
        before = alone(input_ids=TOKENS).logits
        found = PeftModel.from_pretrained(alone, tmp_path / "out").eval()(input_ids=TOKENS).logits
        wanted = lm.model(input_ids=TOKENS).logits
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    assert (found - before).abs().max() > 0.1
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (settings.rank, settings.alpha)
    assert config["fan_in_fan_out"] == (kind == "gpt2")
    assert config["base_model_name_or_path"] == str(base)


def test_the_card_says_what_the_adapter_belongs_to(tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path) -> None:
    adapter, lm = _adapted(tiny_causal_lm("llama").folder, LoraSettings(rank=4))
    card = (write_peft_folder(adapter, "here", tmp_path / "out") / "README.md").read_text()
    assert f"`{lm.name}`, sha256 `{lm.sha256}`" in card
    assert "--max-lora-rank" in card
    assert "GGUF" not in card
    assert "4 bits" not in card
    four = replace(adapter, lora=replace(adapter.lora, is_quantised=True))
    assert "4 bits" in (write_peft_folder(four, "here", tmp_path / "four") / "README.md").read_text()


def test_a_widened_base_is_told(
    tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erckit.model_folder.peft_folder.gguf_sha256", lambda folder: "ab" * 32)
    adapter, _ = _adapted(tiny_causal_lm("llama").folder, LoraSettings(rank=4))
    card = (write_peft_folder(adapter, "here", tmp_path / "out") / "README.md").read_text()
    assert "widened from a GGUF file" in card
    assert "`erckit backbones list`" in card


def test_what_cannot_be_written_is_refused(tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path) -> None:
    adapter, _ = _adapted(tiny_causal_lm("llama").folder, LoraSettings(rank=4))
    changed: dict[str, tuple[dict[str, Any], str]] = {
        "nothing was trained": ({"tensors": {}}, "nothing was trained"),
        "another base": ({"base_sha256": "0" * 64}, "another version of"),
        "other settings": ({"lora": LoraSettings(rank=8)}, "have another shape"),
        "other layers": ({"lora": LoraSettings(rank=4, layers=1)}, "do not fit the settings"),
    }
    for change, message in changed.values():
        with pytest.raises(ModelFolderError, match=message):
            write_peft_folder(replace(adapter, **change), "here", tmp_path / "out")
        assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(ModelFolderError, match="is not empty"):
        write_peft_folder(adapter, "here", tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
