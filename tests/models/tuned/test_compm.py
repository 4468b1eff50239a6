"""CoMPM and EmoNet against a loop over utterances with torch's own parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from erckit.conversation import Conversation
from erckit.encoding.packing import pack
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import new_model
from erckit.models import model_class
from erckit.models.model_settings import model_settings
from erckit.models.tuned.compm import CoMPM
from erckit.networks.inference import encode, predict_logits
from erckit.networks.preparation import Preparation
from erckit.training.objectives.objective import weighted_cross_entropy

LABELS = LabelSet(("Calm", "Cross", "Glad"))
TOLERANCE = {"rtol": 0, "atol": 1e-5}
VARIANTS = {
    "emonet": {},
    "compm": {"name": "compm", "speaker": {"identity": "local"}, "history": {"scope": "conversation"}},
    "tied": {"history": {"encoder": "tied"}, "speaker": {"form": "embedding"}},
    "own": {"history": {"encoder": "own"}, "pooling": "marker", "speaker": {"form": "token"}},
    "no history": {"history": {"scope": "none"}, "speaker": {"identity": "none", "form": "none"}},
    "no projection": {"has_projection": False, "gru_layers": 1, "gru_dropout": 0.0, "history": {"window": 2}},
    "thesis": {
        "attention": "per_utterance",
        "pooling": "first",
        "speaker": {"form": "marker"},
        "history": {"encoder": "own", "order": "file"},
        "has_projection": False,
    },
    "full": {"attention": "full"},
    "isolated": {
        "name": "compm",
        "attention": "isolated",
        "speaker": {"identity": "none", "form": "none"},
        "history": {"scope": "none"},
    },
    "isolated with history": {"attention": "isolated"},
}
Built = tuple[CoMPM, Preparation]


@pytest.fixture(scope="module")
def build(tiny_backbone: Callable[[str], Path], tiny_corpus: Any) -> Callable[..., Built]:
    def make(values: dict[str, Any] | None = None, kind: str = "bert") -> Built:
        wanted = model_settings({"backbone": "tiny", "left_context": 40, **(values or {})})
        registry = SpeakerRegistry.from_conversations(wanted.speaker.identity, tiny_corpus.splits["train"], 2)
        torch.manual_seed(1)
        model, preparation = new_model(wanted, LABELS, registry, tiny_backbone(kind))
        for name, parameter in model.named_parameters():
            if "backbone" not in name:
                nn.init.normal_(parameter, std=0.4)
        if model.memory_encoder is not None:  # unlike the other encoder from the start
            for parameter in model.memory_encoder.parameters():
                parameter.data *= 0.8
        return model.eval(), preparation

    return make


def _naive_logits(built: Built, conversations: list[Conversation]) -> Tensor:
    """Each target by itself: its own context sequence, its own history, torch's GRU on that one history."""
    model, preparation = built
    wanted = model.settings
    prepared = preparation.prepare(conversations)

    def vector(encoder: Any, blocks: list, rows: list, attention: str, at: int) -> Tensor:
        return encoder(
            pack([blocks], [rows], attention=attention, max_tokens=128, left_context=preparation.left_context)
        )[at]

    contexts, memories = [], []
    for t in prepared.tokenized:
        for u in range(len(t.blocks)):
            end = len(t.blocks) if wanted.attention == "full" else u + 1
            contexts.append(vector(model.encoder, t.blocks[:end], t.identities[:end], wanted.attention, u))
            if wanted.history.encoder != "shared":
                encoder = model.encoder if wanted.history.encoder == "tied" else model.memory_encoder
                memories.append(vector(encoder, [t.plain[u]], [[0] * len(t.plain[u])], "full", 0))
    memories = memories or contexts
    gru = None
    if wanted.history.scope != "none":
        gru = nn.GRU(32, 32, wanted.own.gru_layers, batch_first=True)
        gru.load_state_dict(model.gru.state_dict())
    logits = []
    for row, context in enumerate(contexts):
        total = context
        past = [memories[r] for r in prepared.windows[row] if r >= 0]
        if gru is not None and past:
            speaker = gru(torch.stack(past)[None])[0][0, -1]
            total = total + (model.projection.weight @ speaker if wanted.own.has_projection else speaker)
        logits.append(model.classifier.weight @ total + model.classifier.bias)
    return torch.stack(logits)


@pytest.mark.parametrize("name", VARIANTS)
def test_logits_are_those_of_the_loop(build: Callable[..., Built], tiny_corpus: Any, name: str) -> None:
    built = build(VARIANTS[name])
    conversations = list(tiny_corpus.splits["train"][:6])
    with torch.inference_mode():
        naive = _naive_logits(built, conversations)
    prepared = built[1].prepare(conversations)
    for batch_tokens in (1, 60, 4096):
        found = predict_logits(*built, prepared, range(6), precision="fp32", batch_tokens=batch_tokens)
        torch.testing.assert_close(torch.from_numpy(found), naive, **TOLERANCE)
    if built[0].has_history:  # history does reach the logits
        alone = predict_logits(*built, built[1].prepare(conversations, "none"), range(6), precision="fp32")
        assert np.abs(alone - naive.numpy()).max() > 0.01


@pytest.mark.parametrize("name", VARIANTS)
def test_training_batches_of_any_size_give_the_same_logits(
    build: Callable[..., Built], tiny_corpus: Any, name: str
) -> None:
    model, preparation = build(VARIANTS[name])
    prepared = preparation.prepare(tiny_corpus.splits["train"])
    everything = range(len(prepared))
    _, memory = encode(model, preparation, prepared, everything, 4096)
    whole, outside = preparation.inputs(prepared, everything)
    assert len(outside) == 0
    with torch.inference_mode():
        expected = model(whole.with_outside(memory[outside])).logits
        found = torch.empty_like(expected)
        for chosen in ([3, 0], [9], [1, 2, 8, 7, 4], [6, 5]):
            inputs, outside = preparation.inputs(prepared, chosen)
            found[prepared.rows(chosen)] = model(inputs.with_outside(memory[outside])).logits
    torch.testing.assert_close(found, expected, **TOLERANCE)


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), seed=st.integers(0, 999), batch=st.integers(1, 300))
def test_batch_of_n_equals_n_batches_of_one(build, talk, sizes: list[int], seed: int, batch: int) -> None:
    built = build(kind="mpnet")
    conversations = [talk(seed + i, size) for i, size in enumerate(sizes)]
    prepared = built[1].prepare(conversations, "conversation")
    together = predict_logits(*built, prepared, range(len(sizes)), precision="fp32", batch_tokens=batch)
    alone = [
        predict_logits(*built, built[1].prepare([c], "conversation"), [0], precision="fp32") for c in conversations
    ]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["emonet", "compm", "tied", "thesis", "isolated with history"])
@pytest.mark.parametrize("at", [1, 4, 7])
def test_no_logit_depends_on_a_later_utterance(build: Callable[..., Built], talk: Any, name: str, at: int) -> None:
    built = build(VARIANTS[name])
    first, second, other = talk(1, 8, story=(1, 1, 1)), talk(2, 8, story=(1, 1, 2)), talk(3, 8)
    changed = Conversation(second.id, second.utterances[:at] + other.utterances[at:], second.meta)

    def logits(conversations: list[Conversation]) -> np.ndarray:
        prepared = built[1].prepare(conversations)
        return predict_logits(*built, prepared, range(2), precision="fp32")

    before, after = logits([first, second]), logits([first, changed])
    np.testing.assert_allclose(after[: 8 + at], before[: 8 + at], rtol=0, atol=1e-5)
    assert np.abs(after[8 + at :] - before[8 + at :]).max() > 1e-3


def test_an_isolated_logit_depends_on_its_own_text_only(build: Callable[..., Built], talk: Any) -> None:
    built = build(VARIANTS["isolated"])
    conversation = talk(1, 9, longest=30)

    def logits(conversations: list[Conversation]) -> np.ndarray:
        return predict_logits(*built, built[1].prepare(conversations), range(len(conversations)), precision="fp32")

    shuffled = [Conversation(f"one-{u.id}", (u,)) for u in reversed(conversation.utterances)]
    np.testing.assert_allclose(logits([conversation]), logits(shuffled)[::-1], rtol=0, atol=1e-5)


def test_the_story_decides_what_is_remembered_not_the_file(build: Callable[..., Built], talk: Any) -> None:
    built = build()
    early, late = talk(1, 6, story=(1, 1, 1)), talk(2, 6, story=(1, 1, 2))
    forward = predict_logits(*built, built[1].prepare([early, late]), [0, 1], precision="fp32")
    backward = predict_logits(*built, built[1].prepare([late, early]), [1, 0], precision="fp32")
    np.testing.assert_allclose(forward, backward, rtol=0, atol=1e-5)


def _gradients(built: Built, tiny_corpus: Any, batches: list[list[int]], weights: Tensor) -> dict[str, Tensor]:
    model, preparation = built
    prepared = preparation.prepare(tiny_corpus.splits["train"])
    labels = torch.tensor(LABELS.indices(u.label for c in tiny_corpus.splits["train"] for u in c.utterances))
    _, memory = encode(model, preparation, prepared, range(len(prepared)), 4096)
    memory = memory.clone()
    model.zero_grad()
    for chosen in batches:
        inputs, outside = preparation.inputs(prepared, chosen)
        logits = model(inputs.with_outside(memory[outside])).logits
        loss = weighted_cross_entropy(logits, labels[torch.from_numpy(prepared.rows(chosen))], weights)
        (loss / len(labels)).backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    "values",
    [
        VARIANTS["compm"],
        {"history": {"scope": "all", "is_frozen": True}},  # else the batch decides which history carries gradient
        VARIANTS["no history"],
    ],
)
def test_a_batch_of_n_gives_the_gradient_of_n_batches_of_one(
    build: Callable[..., Built], tiny_corpus: Any, values: dict[str, Any]
) -> None:
    built = build(values)
    weights = torch.tensor([0.2, 1.0, 0.55])
    whole = _gradients(built, tiny_corpus, [list(range(10))], weights)
    parts = _gradients(built, tiny_corpus, [[c] for c in range(10)], weights)
    assert whole.keys() == parts.keys()
    assert len(whole) > 40
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], rtol=1e-4, atol=1e-6, msg=name)
    unweighted = _gradients(built, tiny_corpus, [list(range(10))], torch.ones(3))
    assert (unweighted["classifier.bias"] - whole["classifier.bias"]).abs().max() > 1e-3


@pytest.mark.parametrize("encoder", ["shared", "tied", "own"])
def test_history_in_the_batch_carries_gradient_unless_frozen(
    build: Callable[..., Built], tiny_corpus: Any, encoder: str
) -> None:
    for is_frozen in (False, True):
        model, preparation = build({"history": {"encoder": encoder, "is_frozen": is_frozen}})
        prepared = preparation.prepare(tiny_corpus.splits["train"])
        inputs, outside = preparation.inputs(prepared, [0, 1])
        context, memory = model.encode(inputs)
        sources = torch.cat([memory, torch.zeros(len(outside), 32)])
        # The context is cut off: what arrives at an encoder came through the history.
        model.classify(context.detach(), sources, inputs.windows).sum().backward()
        reached = {n.split(".")[0] for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
        through = {"memory_encoder"} if encoder == "own" else {"encoder"}
        assert reached == {"gru", "projection", "classifier"} | (set() if is_frozen else through)


def test_own_frozen_history_encoder_is_not_trained(build: Callable[..., Built]) -> None:
    model, _ = build({"history": {"encoder": "own", "is_frozen": True}})
    assert not any(p.requires_grad for p in model.memory_encoder.parameters())
    assert any(p.requires_grad for p in model.encoder.parameters())
    assert build({"history": {"encoder": "tied"}})[0].memory_encoder is None


def test_frozen_layers_and_embeddings(build: Callable[..., Built]) -> None:
    def trained(**values: Any) -> set[str]:
        return {n for n, p in build(values)[0].named_parameters() if p.requires_grad and "backbone" in n}

    assert not any("backbone.embeddings" in n for n in trained())
    assert any("backbone.embeddings.word" in n for n in trained(freezes_embeddings=False))
    lower = trained(frozen_layers=2)
    assert {n.split("layer.")[1][0] for n in lower} == {"2"}
    assert {n.split("layer.")[1][0] for n in trained()} == {"0", "1", "2"}
    model, _ = build(kind="mpnet")
    assert not model.encoder.backbone.encoder.relative_attention_bias.weight.requires_grad


def test_parts_that_are_switched_off_do_not_exist(build: Callable[..., Built]) -> None:
    def heads(**values: Any) -> set[str]:
        return {n.split(".")[0] for n, _ in build(values)[0].named_parameters()} - {"encoder"}

    assert heads() == {"gru", "projection", "classifier"}
    assert heads(has_projection=False) == {"gru", "classifier"}
    assert heads(history={"scope": "none"}) == {"classifier"}
    assert heads(history={"encoder": "own"}) == {"gru", "projection", "classifier", "memory_encoder"}
    assert build({"speaker": {"form": "name"}})[0].encoder.speakers is None
    assert build({"speaker": {"form": "token"}})[0].encoder.speakers.weight.shape[0] > 2


@pytest.mark.parametrize("form", ["name", "marker", "token", "embedding"])
def test_who_speaks_changes_the_logits(build: Callable[..., Built], talk: Any, form: str) -> None:
    built = build({"speaker": {"form": form}, "history": {"scope": "none"}})
    ana, ben = talk(5, 4, speakers=("Ana",)), talk(5, 4, speakers=("Ben",))
    texts = [[u.text for u in c.utterances] for c in (ana, ben)]
    assert texts[0] == texts[1]
    found = [predict_logits(*built, built[1].prepare([c]), [0], precision="fp32") for c in (ana, ben)]
    assert np.abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attention": "onepass"}, "Did you mean 'one_pass'"),
        ({"pooling": "means"}, "Did you mean 'mean'"),
        ({"pooling": "first"}, "per_utterance"),
        ({"history": {"encoder": "shred"}}, "Did you mean 'shared'"),
        ({"history": {"scop": "all"}}, "unknown key 'model.history.scop'. Did you mean 'scope'"),
        ({"history": {"window": 0}}, "1 to 1000"),
        ({"speaker": {"identity": "none"}}, "set both to none, or neither"),
        ({"speaker": {"identity": "globl"}}, "Did you mean 'global'"),
        ({"speaker": "global"}, "must hold keys of its own"),
        ({"gru_layers": 0}, "gru_layers"),
        ({"gru_layers": 1.5}, "must be int"),
        ({"head_dropout": 1.5}, "model.head.dropout"),
        ({"head_dropout": float("nan")}, "model.head.dropout"),
        ({"has_projection": "yes"}, "must be bool"),
        ({"max_utterance_tokens": 3}, "at least 16"),
        ({7: 1}, "unknown key 'model.7'"),
    ],
)
def test_unknown_settings_are_refused(values: dict[Any, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        model_settings(values)
    assert message in str(caught.value)


def test_model_table() -> None:
    assert issubclass(model_class("emonet"), model_class("compm"))
    with pytest.raises(SettingError, match="Did you mean 'emonet'"):
        model_class("emnet")


def test_causality_is_declared(build: Callable[..., Built]) -> None:
    for variant in ({}, VARIANTS["thesis"], VARIANTS["isolated"], VARIANTS["full"]):
        model = build(variant)[0]
        assert model.is_causal(model.settings) == (variant is not VARIANTS["full"])
