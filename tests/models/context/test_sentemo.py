"""SentEmoContext against a loop over single targets with torch's own attention."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from erckit.conversation import Conversation, Utterance
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import BackboneError, SettingError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import PretrainedModel, load_pretrained, new_model
from erckit.model_folder.reader_backbone import reader_checksum
from erckit.model_folder.tensors import trained_tensors
from erckit.models.context.sentemo import SentEmo
from erckit.models.model_settings import model_settings
from erckit.networks.inference import predict_logits, predict_vectors
from erckit.networks.preparation import Preparation, with_known_vectors

LABELS = LabelSet(("Calm", "Cross", "Glad"))
ISOLATED = {"name": "sentemo", "attention": "isolated", "speaker": {"identity": "none", "form": "none"}}
VARIANTS: dict[str, dict[str, Any]] = {
    "repaired": {"history": {"scope": "preceding", "window": 3}},
    "layers": {"history": {"scope": "preceding", "window": 2}, "sentemo": {"layers": [3, 0]}},
    "published": {
        "history": {"scope": "chunk", "window": 3},
        "sentemo": {"has_projection": False, "head": "transformer", "feedforward": 24},
    },
    "cosine": {"history": {"scope": "preceding", "window": 3}, "sentemo": {"head": "cosine", "is_normalised": True}},
    "alone": {"history": {"scope": "none"}, "sentemo": {"feedforward": 0}},
    "tuned": {"history": {"scope": "preceding", "window": 3}, "sentemo": {"freezes_backbone": False}},
    "words": {"history": {"scope": "none"}, "sentemo": {"reader": "words", "feedforward": 0}},
}
Built = tuple[SentEmo, Preparation]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def build(tiny_backbone: Callable[[str], Path]) -> Callable[..., Built]:
    def make(values: dict[str, Any]) -> Built:
        values = {"backbone": "tiny", **ISOLATED, **values, "sentemo": {"heads": 4, **values.get("sentemo", {})}}
        wanted = model_settings(values)
        registry = SpeakerRegistry.from_conversations("none", [], 2)
        torch.manual_seed(1)
        model, preparation = new_model(wanted, LABELS, registry, tiny_backbone("bert"))
        for name, parameter in model.named_parameters():
            if "backbone" not in name:
                nn.init.normal_(parameter, std=0.3)
        return model.eval(), preparation  # type: ignore[return-value]

    return make


def _reference_layer(layer: Any, target: Tensor, near: list[Tensor], places: list[int]) -> Tensor:
    """One target with torch's attention: an explicit sequence of its neighbours and itself."""
    hidden = target
    if layer.places:
        sequence = torch.stack([*near, target])  # (n + 1, H)
        keys, values = layer.key_value(sequence).chunk(2, dim=1)
        at = [*places, layer.places]
        values = values + layer.distance[at]
        heads = [part.view(len(at), layer.heads, -1).transpose(0, 1) for part in (keys, values)]  # (heads, n + 1, d)
        query = layer.query(target).view(layer.heads, 1, -1)
        attended = nn.functional.scaled_dot_product_attention(query, *heads, attn_mask=layer.distance_bias[:, None, at])
        hidden = layer.attention_norm(target + layer.output(attended.reshape(-1)))
    if layer.has_feedforward:
        hidden = layer.output_norm(hidden + layer.outer(nn.functional.gelu(layer.inner(hidden))))
    return hidden


def _reference(built: Built, conversations: list[Conversation], folder: Path) -> Tensor:
    model, _ = built
    settings, own = model.settings, model.settings.own
    logits = []
    for conversation in conversations:
        texts = [u.text for u in conversation.utterances]
        vectors = torch.from_numpy(text_vectors(texts, folder, layers=settings.reader.layers, keep=False, quiet=True))
        if settings.reader.has_projection:
            vectors = model.projection(model.projection_norm(vectors))
        size = settings.history.window
        for u in range(len(texts)):
            if settings.history.scope == "preceding":
                near = list(range(max(0, u - size), u))
                places = [size - (u - v) for v in near]
            elif settings.history.scope == "chunk":
                first = u // (size + 1) * (size + 1)
                near = [v for v in range(first, min(first + size + 1, len(texts))) if v != u]
                places = [size + (v - u) - (v > u) for v in near]
            else:
                near, places = [], []
            vector = _reference_layer(model.context, vectors[u], [vectors[v] for v in near], places)
            if own.is_normalised:
                vector = vector / vector.norm()
            if settings.head.kind == "transformer":
                vector = model.classifier_norm(vector + model.classifier_value(vector))
                vector = _reference_layer(model.classifier_layer, vector, [], [])
            weight = model.classifier.weight
            if settings.head.kind == "cosine":
                vector = vector / vector.norm()
                weight = weight / weight.norm(dim=1, keepdim=True) / settings.head.temperature
            logits.append(weight @ vector + model.classifier.bias)
    return torch.stack(logits)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "words"])
def test_logits_are_those_of_the_loop(
    build: Callable[..., Built], talk: Callable[..., Conversation], tiny_backbone: Callable[[str], Path], name: str
) -> None:
    built, folder = build(VARIANTS[name]), tiny_backbone("bert")
    conversations = [talk(i, n) for i, n in enumerate((1, 9, 4, 5))]
    with torch.inference_mode():
        expected = _reference(built, conversations, folder).numpy()
    prepared = built[1].prepare(conversations)
    known = with_known_vectors(*built, prepared, conversations, folder, precision="fp32")
    assert (known.vectors is None) == (name == "tuned")
    for given in (prepared, known):
        for batch_tokens in (1, 40, 4096):
            found = predict_logits(*built, given, range(4), precision="fp32", batch_tokens=batch_tokens)
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)
        one_by_one = [predict_logits(*built, given, [i], precision="fp32") for i in (2, 0, 1, 3)]
        in_order = np.concatenate([one_by_one[k] for k in (1, 2, 0, 3)])
        np.testing.assert_allclose(in_order, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", ["repaired", "layers", "cosine", "alone", "tuned", "words"])
def test_a_stream_gives_the_scores_of_the_batch(
    build: Callable[..., Built], talk: Callable[..., Conversation], name: str
) -> None:
    """Utterance by utterance as they arrive; so nothing that is said later can matter, either."""
    built, conversation = build(VARIANTS[name]), talk(5, 8)
    assert built[0].is_causal(built[0].settings)
    whole = predict_logits(*built, built[1].prepare([conversation]), [0], precision="fp32")
    for end in range(1, 9):
        so_far = Conversation("c", conversation.utterances[:end])
        arrived = predict_logits(*built, built[1].prepare([so_far]), [0], precision="fp32")[-1]
        np.testing.assert_allclose(arrived, whole[end - 1], rtol=0, atol=2e-5)


def test_the_window_reaches_so_far_and_no_further(
    build: Callable[..., Built], talk: Callable[..., Conversation]
) -> None:
    built, conversation = build(VARIANTS["repaired"]), talk(6, 9)  # window 3

    def logits(changed: int | None) -> np.ndarray:
        said = [
            Utterance(u.id, u.speaker, "street coffee phone" if i == changed else u.text)
            for i, u in enumerate(conversation.utterances)
        ]
        return predict_logits(*built, built[1].prepare([Conversation("c", tuple(said))]), [0], precision="fp32")

    plain = logits(None)
    for changed in range(9):
        moved = np.abs(logits(changed) - plain).max(axis=1) > 1e-4
        assert moved.tolist() == [changed <= u <= changed + 3 for u in range(9)]


def test_a_chunk_sees_later_utterances_and_says_so(
    build: Callable[..., Built], talk: Callable[..., Conversation]
) -> None:
    built, conversation = build(VARIANTS["published"]), talk(7, 9)  # chunks of 4
    assert not built[0].is_causal(built[0].settings)
    cut = Conversation("c", (*conversation.utterances[:6], Utterance("x", "Ana", "street coffee")))
    plain = predict_logits(*built, built[1].prepare([conversation]), [0], precision="fp32")
    other = predict_logits(*built, built[1].prepare([cut]), [0], precision="fp32")
    moved = np.abs(plain[:6] - other[:6]).max(axis=1) > 1e-4
    assert moved.tolist() == [False] * 4 + [True] * 2  # the sixth and seventh stand in the second chunk


def test_only_what_is_trained_is_kept(build: Callable[..., Built], tmp_path: Path, tiny_backbone: Any) -> None:
    model, preparation = build(VARIANTS["layers"])
    assert not [name for name in trained_tensors(model) if "backbone" in name]
    settings = model.settings
    values = {**ISOLATED, **VARIANTS["layers"], "backbone": str(tiny_backbone("bert"))}
    settings = model_settings({**values, "sentemo": {"layers": [3, 0], "heads": 4}})
    folder = tiny_backbone("bert")
    whole = PretrainedModel(
        model, preparation, settings, LABELS, preparation.registry, folder, reader_checksum(settings, folder), {}
    )
    whole.save_pretrained(tmp_path / "model")
    loaded = load_pretrained(tmp_path / "model")
    for name, tensor in trained_tensors(model).items():
        torch.testing.assert_close(trained_tensors(loaded.model)[name], tensor)
    assert any("backbone" in name for name in trained_tensors(build(VARIANTS["tuned"])[0]))


def test_vectors_have_length_1_where_asked(build: Callable[..., Built], talk: Callable[..., Conversation]) -> None:
    built = build(VARIANTS["cosine"])
    vectors, _ = predict_vectors(*built, built[1].prepare([talk(1, 6)]), [0], precision="fp32")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_words_from_a_file(build: Callable[..., Built], tmp_path: Path, talk: Callable[..., Conversation]) -> None:
    path = tmp_path / "vectors.vec"
    path.write_text("3 2\nhello 1 0\nred 0 1\n, 0.5 0.5\n", encoding="utf-8")
    built = build({"history": {"scope": "none"}, "sentemo": {"reader": "words", "word_vectors": str(path)}})
    conversation = Conversation("c", tuple(Utterance(str(i), "A", t) for i, t in enumerate(("Hello, red", "", "zzz"))))
    prepared = built[1].prepare([conversation])
    assert [list(block) for block in prepared.tokenized[0].blocks] == [[1, 3, 2], [0], [0]]
    logits = predict_logits(*built, prepared, [0], precision="fp32")
    np.testing.assert_allclose(logits[1], logits[2], atol=1e-6)
    lstm = built[0].words.lstm  # type: ignore[union-attr]
    table = torch.tensor([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]])
    with torch.inference_mode():
        own = built[0].project(lstm(table)[1][0][-1])
        expected = built[0].classify(own, own, torch.empty(1, 0, dtype=torch.int64))
    np.testing.assert_allclose(logits[:1], expected.numpy(), atol=1e-5)
    path.write_text("hello 1 0\nred 0\n", encoding="utf-8")
    with pytest.raises(BackboneError, match="line 2"):
        build({"history": {"scope": "none"}, "sentemo": {"reader": "words", "word_vectors": str(path)}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attention": "one_pass"}, "'model.attention' is not read by model 'sentemo'"),
        (
            {"speaker": {"identity": "local", "form": "name"}},
            "'model.speaker.identity' is not read by model 'sentemo', got 'local'",
        ),
        ({"history": {"scope": "all"}}, "history.scope' of model .* is none, preceding or chunk"),
        ({"history": {"scope": "none"}, "sentemo": {"layers": [9]}}, "layer 9"),
        ({"history": {"scope": "none"}, "sentemo": {"heads": 5}}, "must divide"),
        ({"history": {"scope": "none"}, "sentemo": {"layers": [1], "has_projection": False}}, "has_projection"),
        ({"history": {"scope": "none"}, "sentemo": {"word_vectors": "x"}}, "model.reader.kind: words"),
        ({"history": {"scope": "none"}, "sentemo": {"head": "liner"}}, "Did you mean 'linear'"),
    ],
)
def test_settings_that_do_not_go_together(build: Callable[..., Built], values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        build(values)
