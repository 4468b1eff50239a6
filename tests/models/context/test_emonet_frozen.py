"""EmoNet on a frozen reader against a loop over single targets."""

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
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import new_model
from erckit.models.context.emonet_frozen import EmoNetFrozen
from erckit.models.model_settings import model_settings
from erckit.networks.inference import predict_logits
from erckit.networks.preparation import Preparation, with_known_vectors

LABELS = LabelSet(("Calm", "Cross", "Glad"))
NAMED = {"identity": "global", "form": "embedding", "min_utterances": 1}
VARIANTS: dict[str, dict[str, Any]] = {
    "whole": {"speaker": NAMED, "history": {"scope": "all", "window": 2}},
    "no_history": {"speaker": NAMED, "history": {"scope": "none"}},
    "no_speaker": {"speaker": {"identity": "none", "form": "none"}, "history": {"scope": "conversation", "window": 3}},
    "narrow": {"speaker": NAMED, "history": {"scope": "all", "window": 2}, "sentemo": {"width": 8}},
    "narrow_tuned": {
        "speaker": NAMED,
        "history": {"scope": "all", "window": 2},
        "sentemo": {"width": 8, "freezes_backbone": False},
    },
    "tuned": {"speaker": NAMED, "history": {"scope": "all", "window": 2}, "sentemo": {"freezes_backbone": False}},
}
Built = tuple[EmoNetFrozen, Preparation]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def build(tiny_backbone: Callable[[str], Path], talk: Callable[..., Conversation]) -> Callable[..., Built]:
    def make(values: dict[str, Any]) -> Built:
        own = {"heads": 4, "layers": [1, 2], "context_window": 3, **values.get("sentemo", {})}
        base = {"name": "emonet_frozen", "backbone": "tiny", "attention": "isolated", "gru_layers": 1, "gru_dropout": 0}
        wanted = model_settings({**base, **values, "sentemo": own})
        registry = SpeakerRegistry.from_conversations(wanted.speaker.identity, [talk(0, 12)], 1)
        torch.manual_seed(1)
        model, preparation = new_model(wanted, LABELS, registry, tiny_backbone("bert"))
        for name, parameter in model.named_parameters():
            if "backbone" not in name:
                nn.init.normal_(parameter, std=0.3)
        return model.eval(), preparation  # type: ignore[return-value]

    return make


def _loop(built: Built, conversations: list[Conversation], folder: Path) -> Tensor:
    """Every target with its own slices: no windows, no batches."""
    model, preparation = built
    settings, own = model.settings, model.settings.own
    vectors: list[list[Tensor]] = []
    for conversation in conversations:
        read = text_vectors(
            [u.text for u in conversation.utterances], folder, layers=settings.reader.layers, keep=False, quiet=True
        )
        rows = model.projection(model.projection_norm(torch.from_numpy(read)))
        if model.speaker is not None:
            rows = rows + model.speaker(torch.tensor(preparation.registry.identities(conversation)))
        vectors.append(list(rows))
    gru = nn.GRU(model.memory_width, model.memory_width, batch_first=True)
    if model.has_history:
        gru.load_state_dict(model.gru.state_dict())
    said: list[tuple[str, Tensor]] = []
    logits = []
    for conversation, rows in zip(conversations, vectors, strict=True):
        here: list[tuple[str, Tensor]] = []
        for u, utterance in enumerate(conversation.utterances):
            size = own.context_window
            near = rows[max(0, u - size) : u]
            window = torch.full((1, size), -1)
            if near:
                window[0, size - len(near) :] = torch.arange(len(near))
            sources = torch.stack(near) if near else rows[0].new_empty(0, len(rows[0]))
            vector = model.context(rows[u][None], sources, window)[0]
            pool = said + here if settings.history.scope == "all" else here
            past = [v for name, v in pool if name == utterance.speaker][-settings.history.window :]
            if model.has_history and past:
                vector = vector + model.speaker_projection(gru(torch.stack(past)[None])[1][0, 0])
            logits.append(model.classifier(vector))
            here.append((utterance.speaker, rows[u]))
        said += here
    return torch.stack(logits)


@pytest.mark.parametrize("name", VARIANTS)
def test_logits_are_those_of_the_loop(
    build: Callable[..., Built], talk: Callable[..., Conversation], tiny_backbone: Callable[[str], Path], name: str
) -> None:
    built, folder = build(VARIANTS[name]), tiny_backbone("bert")
    conversations = [talk(i, n) for i, n in enumerate((1, 9, 4, 5))]
    with torch.inference_mode():
        expected = _loop(built, conversations, folder).numpy()
    prepared = built[1].prepare(conversations)
    known = with_known_vectors(*built, prepared, conversations, folder, precision="fp32")
    assert (known.vectors is None) == name.endswith("tuned")
    for given in (prepared, known):
        for batch_tokens in (1, 40, 4096):
            found = predict_logits(*built, given, range(4), precision="fp32", batch_tokens=batch_tokens)
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)
        alone = predict_logits(*built, given, [2], precision="fp32")
        np.testing.assert_allclose(alone, expected[10:14], rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_training_batch_gives_the_same_logits(
    build: Callable[..., Built], talk: Callable[..., Conversation], tiny_backbone: Callable[[str], Path], name: str
) -> None:
    """With known vectors what is remembered from outside the batch is read again with it, and learns with it."""
    built, folder = build(VARIANTS[name]), tiny_backbone("bert")
    conversations = [talk(i, n) for i, n in enumerate((3, 4, 5))]
    prepared = built[1].prepare(conversations)
    known = with_known_vectors(*built, prepared, conversations, folder, precision="fp32")
    whole = predict_logits(*built, known, range(3), precision="fp32")
    inputs, outside = built[1].inputs(known, [2])
    if name.endswith("tuned"):
        return
    assert len(outside) == 0
    output = built[0](inputs.with_outside(torch.empty(0, built[0].memory_width)))
    np.testing.assert_allclose(output.logits.detach().numpy(), whole[7:], rtol=0, atol=2e-5)
    assert output.memory.shape[0] == 5


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_later_can_matter(build: Callable[..., Built], talk: Callable[..., Conversation], name: str) -> None:
    built, conversation = build(VARIANTS[name]), talk(5, 8)
    assert built[0].is_causal(built[0].settings)
    whole = predict_logits(*built, built[1].prepare([conversation]), [0], precision="fp32")
    for end in range(1, 9):
        so_far = Conversation("c", conversation.utterances[:end])
        arrived = predict_logits(*built, built[1].prepare([so_far]), [0], precision="fp32")[-1]
        np.testing.assert_allclose(arrived, whole[end - 1], rtol=0, atol=2e-5)


def test_who_speaks_matters(build: Callable[..., Built]) -> None:
    built = build(VARIANTS["whole"])

    def logits(second: str) -> np.ndarray:
        said = (Utterance("1", "Ann", "coffee"), Utterance("2", second, "street"))
        return predict_logits(*built, built[1].prepare([Conversation("c", said)]), [0], precision="fp32")

    assert abs(logits("Ann")[1] - logits("Nobody")[1]).max() > 1e-3
    np.testing.assert_allclose(logits("Ann")[0], logits("Nobody")[0], atol=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attention": "one_pass"}, "'model.attention' is not read by model 'emonet_frozen'"),
        (
            {"speaker": {"identity": "global", "form": "name"}},
            "'model.speaker.form' of model 'emonet_frozen' is none or embedding, got 'name'",
        ),
        (
            {"speaker": NAMED, "history": {"scope": "preceding"}},
            "history.scope' of model .* is none, conversation or all",
        ),
        ({"sentemo": {"context_window": 0}}, "context_window"),
    ],
)
def test_settings_that_do_not_go_together(build: Callable[..., Built], values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        build(values)
