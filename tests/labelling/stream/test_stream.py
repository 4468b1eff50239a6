"""Streams against the labels of whole conversations."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.backbones.get_backbone import is_present
from erckit.conversation import Conversation, Prediction, Utterance
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labelling.stream.stream import ConversationStream

SENTEMO: dict[str, Any] = {"name": "sentemo", "attention": "isolated", "speaker": {"identity": "none", "form": "none"}}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "emonet": ("bert", {"has_separator": False}),
    "mpnet, marker": ("mpnet", {"pooling": "marker", "speaker": {"form": "embedding"}}),
    "roberta, local names": ("roberta", {"speaker": {"identity": "local", "form": "name"}, "left_context": 20}),
    "tied memory": ("bert", {"history": {"encoder": "tied", "window": 3, "scope": "conversation"}}),
    "own memory, token": ("bert", {"history": {"encoder": "own", "window": 2}, "speaker": {"form": "token"}}),
    "no history": ("bert", {"history": {"scope": "none"}, "left_context": 0}),
    "isolated": ("bert", {"attention": "isolated"}),
    "per utterance": ("roberta", {"attention": "per_utterance", "pooling": "first"}),
    "sentemo": ("bert", {**SENTEMO, "history": {"scope": "preceding", "window": 3}, "sentemo": {"heads": 4}}),
    "sentemo alone": ("bert", {**SENTEMO, "history": {"scope": "none"}, "sentemo": {"heads": 4, "feedforward": 0}}),
    "sentemo, tuned": (
        "bert",
        {**SENTEMO, "history": {"scope": "preceding"}, "sentemo": {"heads": 4, "freezes_backbone": False}},
    ),
    "emonet, frozen": (
        "bert",
        {
            "name": "emonet_frozen",
            "attention": "isolated",
            "speaker": {"form": "embedding"},
            "history": {"scope": "all", "window": 2},
            "sentemo": {"heads": 4, "layers": [1, 2], "context_window": 4},
        },
    ),
}
SPEAKERS = ("Ana", "Ben", "Waiter", "Zoe", "")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams and batches must agree without finding each other's vectors."""
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def labeler_of(random_folder: Callable[..., Path]) -> Callable[[str], Labeler]:
    made: dict[str, Labeler] = {}

    def make(name: str) -> Labeler:
        if name not in made:
            kind, values = MODELS[name]
            made[name] = Labeler.from_pretrained(random_folder(kind, **values), precision="fp32")
        return made[name]

    return make


def _scores(predictions: Sequence[Prediction]) -> np.ndarray:
    return np.array([list(p.scores.values()) for p in predictions])


def _streamed(stream: ConversationStream, conversation: Conversation) -> list[Prediction]:
    return [stream.add(u.speaker, u.text, u.id) for u in conversation.utterances]


@pytest.mark.parametrize("name", MODELS)
def test_streamed_equals_batch(labeler_of: Callable[[str], Labeler], talk: Any, name: str) -> None:
    labeler = labeler_of(name)
    # One utterance; beyond the window and the positions; texts that are cut.
    for seed, utterances, longest in ((1, 1, 9), (2, 45, 3), (3, 22, 60)):
        conversation = talk(seed, utterances, speakers=SPEAKERS, longest=longest)
        (batch,) = labeler.label(conversation)
        streamed = _streamed(labeler.stream(), conversation)
        np.testing.assert_allclose(_scores(streamed), _scores(batch.predictions), rtol=0, atol=1e-4)
        assert [p.utterance_id for p in streamed] == [u.id for u in conversation.utterances]
        assert [p.calibrated for p in streamed] == [True] * utterances


@pytest.mark.parametrize("name", ["emonet", "tied memory", "sentemo", "per utterance", "isolated"])
def test_scores_depend_on_what_was_said_before(labeler_of: Callable[[str], Labeler], talk: Any, name: str) -> None:
    """Or the test above would hold for a stream that forgets."""
    labeler, conversation = labeler_of(name), talk(3, 12, speakers=("Ana", "Ben"))
    whole = _streamed(labeler.stream(), conversation)[-1]
    alone = _streamed(labeler.stream(), Conversation("c", conversation.utterances[-1:]))[-1]
    assert np.abs(_scores([whole]) - _scores([alone])).max() > 1e-3


def test_many_speakers_and_long_texts(labeler_of: Callable[[str], Labeler], talk: Any) -> None:
    conversation = talk(8, 60, speakers=tuple(f"Person {i}" for i in range(50)))
    odd = Conversation(
        "odd", (*conversation.utterances, Utterance("long", "Ana", "dog " * 5000), Utterance("e", "", ""))
    )
    for name in ("emonet", "roberta, local names"):
        labeler = labeler_of(name)
        (batch,) = labeler.label(odd)
        before = labeler.truncated
        streamed = _streamed(labeler.stream(), odd)
        np.testing.assert_allclose(_scores(streamed), _scores(batch.predictions), rtol=0, atol=1e-4)
        assert labeler.truncated == before + 1


def test_models_that_read_later_utterances_are_refused(random_folder: Callable[..., Path]) -> None:
    chunk = random_folder("bert", **{**SENTEMO, "history": {"scope": "chunk"}, "sentemo": {"heads": 4}})
    full = random_folder("bert", attention="full")
    for folder, why in ((chunk, "scope 'chunk'"), (full, "attention 'full'")):
        with pytest.raises(SettingError, match=f"reads later utterances .*{why}"):
            Labeler.from_pretrained(folder).stream()


def test_an_adapted_model_streams(labeler_of: Callable[[str], Labeler], talk: Any) -> None:
    from erckit.labelling.own_labels.prototypes import Prototypes
    from erckit.labelling.own_labels.scorer import Scoring
    from erckit.labels import LabelSet

    labeler, conversation = labeler_of("emonet"), talk(5, 20)
    (vectors,) = labeler.vectors([conversation])
    own = LabelSet(("calm", "furious"))
    prototypes = Prototypes.fit(vectors, [i % 2 for i in range(20)], own)
    adapted = labeler.with_scoring(Scoring(prototypes, "mine"))
    (batch,) = adapted.label(conversation)
    streamed = _streamed(adapted.stream(), conversation)
    assert tuple(streamed[0].scores) == own.labels
    np.testing.assert_allclose(_scores(streamed), _scores(batch.predictions), rtol=0, atol=1e-4)
    assert labeler.stream().add("Ana", "hello").scores.keys() == {"Calm", "Cross", "Glad"}


def test_confidence_ids_and_length(labeler_of: Callable[[str], Labeler]) -> None:
    labeler = labeler_of("emonet")
    stream = labeler.stream("call", min_confidence=1.0)
    said = [stream.add("Ana", "hello dog"), stream.add("Ben", "red house", id="x"), stream.add("Ana", "bye")]
    assert [p.utterance_id for p in said] == ["1", "x", "3"]
    assert [p.label for p in said] == [None] * 3
    assert "below 1.00" in said[0].reason
    assert len(stream) == 3
    for wrong in (-0.1, float("nan")):
        with pytest.raises(SettingError, match="between 0 and 1"):
            labeler.stream(min_confidence=wrong)
    with pytest.raises(SettingError, match="finite"):
        stream.add("Ana", "hello", time=float("inf"))
    assert len(stream) == 3


def test_memory_is_bounded(labeler_of: Callable[[str], Labeler]) -> None:
    stream = labeler_of("emonet").stream()
    rng, most = random.Random(1), 0
    for i in range(400):
        stream.add(f"Person {rng.randint(0, 500)}", "dog " * rng.randint(1, 8))
        if i == 100:
            most = stream.kept_bytes
    # 3 layers, keys and values, 32 units, 4 bytes, 128 positions and twice a left context of 64; and 11 vectors of 32
    # units of 256 speakers
    assert stream.kept_bytes <= 3 * 2 * 32 * 4 * (128 + 2 * 64) + 256 * 11 * 32 * 4 + 11 * 32 * 4
    assert most > 0


def test_a_failure_leaves_the_stream_where_it_was(
    random_folder: Callable[..., Path], talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, values = MODELS["emonet"]
    labeler, conversation = Labeler.from_pretrained(random_folder(kind, **values), precision="fp32"), talk(4, 30)
    (batch,) = labeler.label(conversation)
    stream, rng, found = labeler.stream(), random.Random(2), []
    real = labeler.score
    broken = {"now": False}

    def score(vectors: np.ndarray) -> np.ndarray:
        if broken["now"]:
            raise MemoryError
        return real(vectors)

    monkeypatch.setattr(labeler, "score", score)
    for utterance in conversation.utterances:
        broken["now"] = rng.random() < 0.4
        if broken["now"]:
            with pytest.raises(MemoryError):
                stream.add(utterance.speaker, "something else that is longer", utterance.id)
        broken["now"] = False
        found.append(stream.add(utterance.speaker, utterance.text, utterance.id))
    np.testing.assert_allclose(_scores(found), _scores(batch.predictions), rtol=0, atol=1e-4)


@pytest.mark.skipif(not is_present("all-MiniLM-L6-v2"), reason="backbone all-MiniLM-L6-v2 is not on this machine")
def test_the_bundled_model_streams_what_it_labels(monkeypatch: pytest.MonkeyPatch, talk: Any) -> None:
    monkeypatch.undo()  # the backbone lies in the real cache
    labeler = Labeler.from_pretrained("everyday", precision="fp32")
    conversation = talk(11, 45, speakers=("Ana", "Ben"), longest=30)
    (batch,) = labeler.label(conversation)
    streamed = _streamed(labeler.stream(), conversation)
    assert labeler.tokens_processed > 2 * 512  # more than one segment
    np.testing.assert_allclose(_scores(streamed), _scores(batch.predictions), rtol=0, atol=1e-4)


def test_a_call_that_fails_leaves_the_speakers_numbers(
    labeler_of: Callable[[str], Labeler], monkeypatch: pytest.MonkeyPatch
) -> None:
    labeler = labeler_of("emonet, frozen")
    stream = labeler.stream()
    stream.add("Ana", "red dog")
    model: Any = type(labeler.pretrained.model)
    state = stream._state
    with monkeypatch.context() as patch:
        patch.setattr(model, "stream", lambda *_: (_ for _ in ()).throw(RuntimeError("no memory left")))
        with pytest.raises(RuntimeError):
            stream.add("", "who is there")
    assert state.numbers == {"Ana": 0}
    stream.add("Ben", "hello")
    assert state.numbers == {"Ana": 0, "Ben": 1}
