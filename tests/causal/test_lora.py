"""Adapters: 4-bit weights are read once, on the device they are for; GPT-2, whose matrices lie turned, has them too."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from erckit.causal import lora
from erckit.causal.causal_lm import CausalLM, load_causal_lm
from erckit.causal.lora import ALL_LINEAR, LoraSettings, load_with_lora
from erckit.causal.prompt_packing import pack_prompts
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.model_folder.adapter_folder import AdapterFolder, read_adapter_folder
from erckit.model_folder.tensors import set_trained_tensors, trained_tensors
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.scoring.label_likelihood import label_scores, score_prompts
from erckit.prompting.scoring.tokenize_prompt import label_tokens, tokenize_prompt


class Recorded:
    """Stands in for transformers' configuration of bitsandbytes."""

    def __init__(self, **values: Any) -> None:
        self.values = values


def test_qlora_reads_weights_once_and_never_whole(
    tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_causal_lm("llama").folder
    import transformers  # now: its first import here leaves another module than the one others get

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


def _scores(lm: CausalLM, prompts: list[ConversationPrompt], batch_tokens: int = 4096) -> np.ndarray:
    return score_prompts(lm, prompts, label_tokens(lm, ("happy", "sad day"), "full"), batch_tokens=batch_tokens)


PROMPTS = [
    ConversationPrompt("red dog\n", tuple(f"Ana: walk {word}\n" for word in "blue cat happy".split()[:n]), tuple(
        Question(sees, "feels:") for sees in range(1, n + 1)
    ))
    for n in (1, 3, 2)
]  # fmt: skip


def test_gpt2_learns_and_comes_back(tiny_causal_lm: Callable[[str], CausalLM], tmp_path: Path) -> None:
    before = tiny_causal_lm("gpt2")
    settings = LoraSettings(rank=4, dropout=0.0, targets=(ALL_LINEAR,))
    lm = load_with_lora(str(before.folder), settings)
    np.testing.assert_allclose(_scores(lm, PROMPTS), _scores(before, PROMPTS), atol=1e-5)
    trained = {name: p for name, p in lm.model.named_parameters() if p.requires_grad}
    assert {name.split(".")[-4] for name in trained} == {"c_attn", "c_fc", "c_proj"}  # lm_head is not among them
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in trained.values():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
    labels = label_tokens(lm, ("happy", "sad day"), "full")
    batch = pack_prompts([tokenize_prompt(lm, prompt, labels) for prompt in PROMPTS])
    label_scores(lm, batch).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in trained.values())
    found = _scores(lm, PROMPTS)
    assert np.abs(found - _scores(before, PROMPTS)).max() > 0.01
    np.testing.assert_allclose(_scores(lm, PROMPTS, batch_tokens=1), found, atol=1e-5)
    saved = AdapterFolder(
        "tiny", "instruct_erc", str(before.folder), lm.sha256, LabelSet(("Happy", "Sad")), settings,
        trained_tensors(lm.model), {}, None, {}, (), {},
    )  # fmt: skip
    saved.save(tmp_path / "model")
    read = read_adapter_folder(tmp_path / "model")
    again = load_with_lora(read.base, read.lora)
    set_trained_tensors(again.model, read.tensors, "here")
    np.testing.assert_allclose(_scores(again, PROMPTS), found, atol=1e-6)


@pytest.mark.trains
def test_gpt2_is_trained_from_a_recipe(
    tiny_causal_lm: Callable[[str], CausalLM],
    llm_recipe: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    tmp_path: Path,
) -> None:
    from erckit.labelling import Labeler
    from erckit.training.run import train

    recipe = llm_recipe("instruct_erc", model={"backbone": str(tiny_causal_lm("gpt2").folder)}, lora={"layers": 2})
    corpus = ruled_corpus(6)
    labeler = Labeler.from_pretrained(train(recipe, corpus, tmp_path / "run", quiet=True), precision="fp32")
    together = np.concatenate(labeler.logits(corpus.splits["test"]))
    single = np.concatenate([labeler.logits([conversation])[0] for conversation in corpus.splits["test"]])
    np.testing.assert_allclose(single, together, atol=1e-5)


@pytest.mark.parametrize(("kind", "layers"), [("gpt2", "transformer.h"), ("llama", "model.layers")])
def test_only_the_upper_layers(tiny_causal_lm: Callable[[str], CausalLM], kind: str, layers: str) -> None:
    lm = load_with_lora(str(tiny_causal_lm(kind).folder), LoraSettings(targets=(ALL_LINEAR,), layers=2))
    trained = [name for name, p in lm.model.named_parameters() if p.requires_grad]
    assert {name.partition(f"{layers}.")[2][:2] for name in trained} == {"1.", "2."}


def test_a_target_of_another_model_is_answered_with_those_there_are(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    with pytest.raises(SettingError, match=r"no matrix 'query'. Known: c_attn, c_fc, c_proj"):
        load_with_lora(str(tiny_causal_lm("gpt2").folder), LoraSettings(targets=("query",)))


def test_nothing_to_adapt_is_told(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    model = load_causal_lm(tiny_causal_lm("llama").folder).model
    model.model.layers[2].self_attn.q_proj = torch.nn.Identity()
    with pytest.raises(SettingError, match=r"the upper 1 of 3 layers have no q_proj"):
        lora.attach_lora(model, LoraSettings(targets=("q_proj",), layers=1))
    del model.model.layers
    with pytest.raises(SettingError, match="a 'llama' model, has no matrix that adapters could go beside"):
        lora.attach_lora(model, LoraSettings(targets=(ALL_LINEAR,)))
