"""A model with ``model.text: spoken`` reads the same words in training, batch, stream and memory, and stays so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from erckit.conversation import Conversation, Utterance
from erckit.encoding.spoken_text import spoken
from erckit.encoding.vectors.vector_cache import cached_texts
from erckit.labelling import Labeler
from erckit.memory.store.exact_store import ExactStore
from erckit.networks.preparation import with_known_vectors
from erckit.training.run import train

CHAT = Conversation(
    "chat",
    tuple(
        Utterance(str(i), ("Ana", "Ben")[i % 2], text)
        for i, text in enumerate(
            [
                "hello 😂😂😂",
                "thanks :)",
                "soooo happy &amp; calm",
                ":sob: bye",
                "no 😠 no",
                "dog",
                "❤️",
                "you are good <3",
            ]
        )
    ),
)
HEADS = {"heads": 4, "feedforward": 16}
PARTS = {"sentemo": HEADS, "emonet_frozen": HEADS}
# Every way of reading: in one pass, apart for the history, alone with known vectors, by a table of words.
WAYS: dict[str, dict[str, Any]] = {
    "emonet": {},
    "compm": {"attention": "per_utterance", "pooling": "first", "history": {"encoder": "tied"}},
    "sentemo": {"reader": {"layers": [1, 3]}},
    "emonet_frozen": {},
    "dialogue_rnn": {},
    "dialogue_rnn: tuned": {"reader": {"is_frozen": False}},
    "sentemo: words": {"reader": {"kind": "words"}},
}

HEADS = {"heads": 4, "feedforward": 16}
TRAINED: dict[str, dict[str, Any]] = {
    "emonet": {"name": "emonet"},
    "emonet_frozen": {"name": "emonet_frozen", "emonet_frozen": HEADS},
    "sentemo: lines": {"name": "sentemo", "reader": {"kind": "causal_lm", "layers": [1, 3]}, "sentemo": HEADS},
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def labelers(random_folder: Callable[..., Path], way: str) -> tuple[Labeler, Labeler]:
    """The same weights, reading texts as they are written and as they are spoken."""
    name = way.partition(":")[0]
    values = {**WAYS[way], "name": name, **({name: PARTS[name]} if name in PARTS else {})}
    written, read = (random_folder(**values, **text) for text in ({}, {"text": "spoken"}))
    return Labeler.from_pretrained(written, precision="fp32"), Labeler.from_pretrained(read, precision="fp32")


def _scores(labeler: Labeler, conversations: Sequence[Conversation] = (CHAT,)) -> np.ndarray:
    return np.array([list(p.scores.values()) for one in labeler.label(conversations) for p in one.predictions])


@pytest.mark.parametrize("way", WAYS)
def test_the_words_are_read_and_the_text_is_shown_as_written(labelers: tuple[Labeler, Labeler]) -> None:
    written, labeler = labelers
    assert labeler.pretrained.settings == replace(written.pretrained.settings, text="spoken")
    np.testing.assert_allclose(_scores(labeler), _scores(written, spoken([CHAT])), atol=2e-5)
    assert np.abs(_scores(labeler) - _scores(written)).max() > 1e-3
    (labelled,) = labeler.label([CHAT])
    assert labelled.conversation == CHAT


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_reads_the_same_words(labelers: tuple[Labeler, Labeler]) -> None:
    _, labeler = labelers
    stream = labeler.stream()
    streamed = [list(stream.add(u.speaker, u.text).scores.values()) for u in CHAT.utterances]
    np.testing.assert_allclose(streamed, _scores(labeler), atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_a_saved_model_goes_on_reading_words(labelers: tuple[Labeler, Labeler], tmp_path: Path) -> None:
    for labeler, text in zip(labelers, (None, "spoken"), strict=True):
        labeler.pretrained.save_pretrained(tmp_path / "copy")
        # what is read as written says nothing of it, as folders of earlier versions
        assert json.loads((tmp_path / "copy" / "config.json").read_text("utf-8"))["model"].get("text") == text
        np.testing.assert_array_equal(
            _scores(Labeler.from_pretrained(tmp_path / "copy", precision="fp32")), _scores(labeler)
        )


@pytest.mark.parametrize("way", ["emonet", "emonet_frozen"])
def test_the_memory_remembers_the_words_and_keeps_the_text(labelers: tuple[Labeler, Labeler]) -> None:
    written, labeler = labelers
    again = replace(CHAT, id="again")
    store = ExactStore()
    remembering = labeler.with_memory(store)
    remembering.label([CHAT])
    same = written.with_memory(ExactStore())
    same.label(spoken([CHAT]))
    np.testing.assert_allclose(_scores(remembering, [again]), _scores(same, spoken([again])), atol=2e-5)
    assert {row.text for row in store.last(["Ana"], 9)[0]} <= {u.text for u in CHAT.utterances}


@pytest.mark.parametrize("way", ["emonet_frozen"])
def test_kept_vectors_of_written_and_of_spoken_texts_are_not_mixed(labelers: tuple[Labeler, Labeler]) -> None:
    def vectors(labeler: Labeler, keep: bool) -> np.ndarray:
        parts = labeler.pretrained
        prepared = with_known_vectors(
            parts.model,
            parts.preparation,
            parts.preparation.prepare([CHAT]),
            [CHAT],
            parts.backbone_folder,
            precision="fp32",
            keep=keep,
        )
        assert prepared.vectors is not None
        return prepared.vectors[torch.arange(len(CHAT))].numpy()

    fresh = [vectors(labeler, keep=False) for labeler in labelers]
    kept_before = cached_texts()
    for _ in range(2):
        for labeler, expected in zip(labelers, fresh, strict=True):
            np.testing.assert_allclose(vectors(labeler, keep=True), expected, atol=1e-6)
    # each finds its own in the second round; in the first, the second finds the one text that has nothing to say
    assert cached_texts() - kept_before == 2 * len(CHAT) + 1
    assert np.abs(fresh[0] - fresh[1]).max(axis=1).round(3).tolist().count(0) == 1


@pytest.mark.parametrize("way", TRAINED)
def test_training_reads_the_words(tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path, way: str) -> None:
    """Training on a corpus of emoji is training on the corpus of their words."""

    def corpus(change: Callable[[Sequence[Conversation]], Sequence[Conversation]]) -> Any:
        return replace(tiny_corpus, splits={name: tuple(change(split)) for name, split in tiny_corpus.splits.items()})

    def with_emoji(conversations: Sequence[Conversation]) -> list[Conversation]:
        return [
            replace(
                c,
                utterances=tuple(
                    replace(u, text=u.text.replace("happy", "😊").replace("sad", ":(")) for u in c.utterances
                ),
            )
            for c in conversations
        ]

    tensors, folder = [], tmp_path
    for text, data in (("written", corpus(lambda split: spoken(with_emoji(split)))), ("spoken", corpus(with_emoji))):
        recipe = tiny_recipe({**TRAINED[way], "text": text}, {"epochs": 1})
        folder = train(recipe, data, tmp_path / text, quiet=True)
        tensors.append((folder / "model.safetensors").read_bytes())
    assert tensors[0] == tensors[1]
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    assert labeler.pretrained.settings.text == "spoken"
    stream = labeler.stream()
    streamed = [list(stream.add(u.speaker, u.text).scores.values()) for u in CHAT.utterances]
    np.testing.assert_allclose(streamed, _scores(labeler), atol=1e-4)
