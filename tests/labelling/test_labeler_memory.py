"""A labeler's speaker memory: labelling one conversation after another is labelling them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warm_python import WarmPython

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.labelling import Labeler
from erckit.memory.remembered import Remembered
from erckit.memory.store.exact_store import ExactStore

SPEAKERS = ("Ana", "Ben", "Zoe", "Waiter", "")  # Waiter and the one without a name are anonymous


@pytest.fixture(scope="module")
def labeler(random_folder: Callable[..., Path]) -> Labeler:
    return Labeler.from_pretrained(random_folder("bert", history={"window": 4}), precision="fp32")


def _scores(labelled: Sequence[LabelledConversation]) -> list[np.ndarray]:
    return [_rows(one.predictions) for one in labelled]


def _rows(predictions: Sequence[Prediction]) -> np.ndarray:
    return np.array([list(p.scores.values()) for p in predictions])


def _same(found: Sequence[np.ndarray], expected: Sequence[np.ndarray], tolerance: float = 1e-4) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() > 1e-3)


def _talks(talk: Any, *seeds: int, utterances: int = 9) -> list[Conversation]:
    return [talk(seed, utterances, speakers=SPEAKERS) for seed in seeds]


def _stream(labeler: Labeler, conversation: Conversation, name: str | None = None) -> np.ndarray:
    stream = labeler.stream(conversation.id if name is None else name)
    return _rows([stream.add(u.speaker, u.text, u.id, u.start) for u in conversation.utterances])


@settings(max_examples=10)
@given(seed=st.integers(0, 999), sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5), cut=st.integers(1, 4))
def test_one_after_the_other_equals_all_together(
    labeler: Labeler, talk: Any, seed: int, sizes: list[int], cut: int
) -> None:
    conversations = [talk(seed * 10 + i, size, speakers=SPEAKERS) for i, size in enumerate(sizes)]
    together = _scores(labeler.label(conversations, history="all"))
    remembering = labeler.with_memory(ExactStore())
    _same([_scores(remembering.label(one))[0] for one in conversations], together)
    # In two calls, cut anywhere, and as streams.
    remembering = labeler.with_memory(ExactStore())
    _same(_scores(remembering.label(conversations[:cut])) + _scores(remembering.label(conversations[cut:])), together)
    remembering = labeler.with_memory(ExactStore())
    _same([_stream(remembering, one) for one in conversations], together)


def test_a_model_with_a_context_layer_of_its_own_goes_on_in_the_memory_as_well(
    random_folder: Callable[..., Path], talk: Any
) -> None:
    folder = random_folder(
        "bert",
        name="emonet_frozen",
        attention="isolated",
        speaker={"form": "embedding"},
        history={"window": 4},
        sentemo={"heads": 4, "layers": [1, 2], "context_window": 3},
    )
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    conversations = _talks(talk, 1, 2, 3)
    together = _scores(labeler.label(conversations, history="all"))
    assert _differ(together[1], _scores(labeler.label(conversations))[1])
    remembering = labeler.with_memory(ExactStore())
    _same([_scores(remembering.label(one))[0] for one in conversations], together)
    remembering = labeler.with_memory(ExactStore())
    _same([_stream(remembering, one) for one in conversations], together)


def test_the_memory_changes_scores_and_only_those_of_speakers_it_knows(labeler: Labeler, talk: Any) -> None:
    first, second = _talks(talk, 1, 2)
    cold = labeler.label(second)[0]
    remembering = labeler.with_memory(ExactStore())
    remembering.label(first)
    warm = remembering.label(second)[0]
    known = {u.speaker for u in first.utterances} - {"Waiter", ""}
    changed = set()
    for utterance, one, other in zip(second.utterances, cold.predictions, warm.predictions, strict=True):
        if _differ(_rows([one]), _rows([other])):
            changed.add(utterance.speaker)
    assert changed == known & {u.speaker for u in second.utterances} != set()


def test_labelling_twice_gives_the_same_scores_and_remembers_once(labeler: Labeler, talk: Any) -> None:
    first, second, third = _talks(talk, 1, 2, 3)
    store = ExactStore()
    remembering = labeler.with_memory(store)
    once = [_scores(remembering.label(one))[0] for one in (first, second, third)]
    rows = store.stats().utterances
    again = [_scores(remembering.label(one))[0] for one in (first, third, second)]
    _same(again, [once[0], once[2], once[1]])  # no utterance remembers itself, or what came later
    assert store.stats().utterances == rows
    streamed = [_stream(remembering, one) for one in (second, first)]
    _same(streamed, [once[1], once[0]])
    assert store.stats().utterances == rows


def test_several_known_conversations_at_once_are_not_read_twice(labeler: Labeler, talk: Any) -> None:
    conversations = _talks(talk, 1, 2, 3)
    store = ExactStore()
    remembering = labeler.with_memory(store)
    once = _scores(remembering.label(conversations))
    _same(_scores(remembering.label(conversations)), once)
    # The first two again: what the memory has of them is what the call itself has.
    _same(_scores(remembering.label(conversations[:2])), once[:2])


def test_a_conversation_that_went_on_is_remembered_from_where_it_was(labeler: Labeler, talk: Any) -> None:
    whole, later = talk(1, 20, speakers=SPEAKERS), talk(2, 8, speakers=SPEAKERS)
    begun = Conversation(whole.id, whole.utterances[:11])
    store = ExactStore()
    remembering = labeler.with_memory(store)
    remembering.label(begun)
    _same(_scores(remembering.label(whole)), _scores(labeler.label([whole], history="all")))
    named = [u for u in whole.utterances if u.speaker not in ("Waiter", "")]
    assert store.stats().utterances == len(named)
    _same(_scores(remembering.label(later)), _scores(labeler.label([whole, later], history="all"))[1:])


def test_a_stream_that_is_opened_again_goes_on_from_memory(labeler: Labeler) -> None:
    store = ExactStore()
    remembering = labeler.with_memory(store)
    first = remembering.stream("call")
    assert [first.add("Ana", text).utterance_id for text in ("hello dog", "red house", "so sad")] == ["1", "2", "3"]
    second = remembering.stream("call")
    prediction = second.add("Ana", "good day")
    assert prediction.utterance_id == "4"  # its number is free, so it is no repetition
    assert _differ(_rows([prediction]), _rows([labeler.stream().add("Ana", "good day")]))
    assert [row.utterance for row in store.last(["Ana"], 9)[0]] == ["1", "2", "3", "4"]
    # The last utterance sent again, as after a lost connection: it does not remember itself.
    third = remembering.stream("call")
    _same([_rows([third.add("Ana", "good day", "4")])], [_rows([prediction])])
    assert len(store.last(["Ana"], 9)[0]) == 4


def test_the_same_id_twice_in_a_stream_is_remembered_once(labeler: Labeler) -> None:
    store = ExactStore()
    stream = labeler.with_memory(store).stream("call")
    for text in ("hello dog", "red house"):
        stream.add("Ana", text, "7")
    assert [row.text for row in store.last(["Ana"], 9)[0]] == ["hello dog"]


def test_what_is_remembered(labeler: Labeler, talk: Any) -> None:
    (conversation,) = _talks(talk, 4)
    store = ExactStore()
    (labelled,) = labeler.with_memory(store).label(conversation)
    named = [i for i, u in enumerate(conversation.utterances) if u.speaker not in ("Waiter", "")]
    assert 0 < len(named) < len(conversation)
    rows = sorted((row for one in store.last(SPEAKERS, 99) for row in one), key=lambda row: row.time)
    assert [(r.speaker, r.utterance, r.text, r.label) for r in rows] == [
        (u.speaker, u.id, u.text, u.label) for u in (conversation.utterances[i] for i in named)
    ]
    for row, i in zip(rows, named, strict=True):
        assert row.conversation == conversation.id
        assert row.model == labeler.model_id
        assert row.scores == pytest.approx(labelled.predictions[i].scores, abs=1e-6)
        assert row.vector is not None
        assert row.vector.shape == (32,)


def test_anonymous_speakers_leave_nothing_behind_and_reach_nothing(labeler: Labeler, talk: Any) -> None:
    conversations = [talk(seed, 6, speakers=("Waiter", "", "Man")) for seed in (1, 2)]
    store = ExactStore()
    remembering = labeler.with_memory(store)
    _same([_scores(remembering.label(c))[0] for c in conversations], _scores(labeler.label(conversations)))
    assert [_stream(remembering, c).shape for c in conversations] == [(6, 3)] * 2
    assert store.stats().utterances == 0


def test_namespaces_and_models_are_kept_apart(labeler: Labeler, random_folder: Callable[..., Path], talk: Any) -> None:
    first, second = _talks(talk, 1, 2)
    cold = _scores(labeler.label(second))
    store = ExactStore()
    remembering = labeler.with_memory(store, "one")
    remembering.label(first)
    warm = _scores(remembering.label(second, writes_memory=False))
    assert _differ(warm[0], cold[0])
    _same(_scores(remembering.label(second, namespace="two", writes_memory=False)), cold)
    _same(_scores(labeler.with_memory(store, "two").label(second, writes_memory=False)), cold)
    _same([_stream(labeler.with_memory(store, "two"), second)], cold)
    # Another model remembers the same conversations for itself.
    other = Labeler.from_pretrained(random_folder("bert", history={"window": 5}), "fp32", memory=store, namespace="one")
    assert other.model_id != labeler.model_id
    together = other.with_memory(None).label([first, second], history="all")
    _same([_scores(other.label(c))[0] for c in (first, second)], _scores(together))
    _same(_scores(remembering.label(second, writes_memory=False)), warm)


def test_reading_only_and_not_reading(labeler: Labeler, talk: Any) -> None:
    first, second = _talks(talk, 1, 2)
    store = ExactStore()
    remembering = labeler.with_memory(store)
    remembering.label(first)
    rows = store.stats().utterances
    warm = _scores(remembering.label(second, writes_memory=False))
    stream = remembering.stream("s", writes_memory=False)
    _same([_rows([stream.add(u.speaker, u.text) for u in second.utterances])], warm)
    logits = remembering.logits([second])[0] / labeler.temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    _same([powers / powers.sum(1, keepdims=True)], warm)
    assert store.stats().utterances == rows
    cold = _scores(labeler.label(second))
    _same(_scores(remembering.label(second, history="conversation", writes_memory=False)), cold)
    stream = remembering.stream("s", history="conversation", writes_memory=False)
    _same([_rows([stream.add(u.speaker, u.text) for u in second.utterances])], cold)
    assert store.stats().utterances == rows
    _same(_scores(remembering.with_memory(None).label(second)), cold)


def test_moments_order_the_memory(labeler: Labeler, talk: Any) -> None:
    """Labelled in any order, a conversation with times remembers what was said before it and nothing later."""

    def at(conversation: Conversation, start: float) -> Conversation:
        said = tuple(dataclasses.replace(u, start=start + i) for i, u in enumerate(conversation.utterances))
        return dataclasses.replace(conversation, utterances=said)

    early, late = (at(c, 1.7e9 + 1e5 * i) for i, c in enumerate(_talks(talk, 1, 2)))
    expected = _scores(labeler.label([early, late], history="all"))
    remembering = labeler.with_memory(ExactStore())
    _same(_scores(remembering.label(late)), _scores(labeler.label(late)))
    _same(_scores(remembering.label(early)), expected[:1])
    _same(_scores(remembering.label(late)), expected[1:])
    _same([_stream(remembering, late, "another name")], expected[1:])
    # Seconds from the beginning of a recording say nothing about other recordings.
    first, second = (at(c, 0.0) for c in _talks(talk, 1, 2))
    remembering = labeler.with_memory(ExactStore())
    _same([_scores(remembering.label(c))[0] for c in (first, second)], expected)


def test_story_order_is_kept_in_memory(labeler: Labeler, talk: Any) -> None:
    late, early = (talk(i, 9, speakers=("Ana",), story=(1, 1, 9 - i)) for i in (1, 2))
    third = talk(3, 4, speakers=("Ana",))
    store = ExactStore()
    remembering = labeler.with_memory(store)
    remembering.label([late, early])
    assert [row.conversation for row in store.last(["Ana"], 18)[0]] == [early.id] * 9 + [late.id] * 9
    _same(_scores(remembering.label(third)), _scores(labeler.label([late, early, third], history="all"))[2:])


def test_models_without_history_across_conversations_are_remembered_all_the_same(
    random_folder: Callable[..., Path], talk: Any
) -> None:
    conversations = _talks(talk, 1, 2)
    for values in ({"history": {"scope": "conversation"}}, {"history": {"scope": "none"}}):
        store = ExactStore()
        labeler = Labeler.from_pretrained(random_folder("bert", **values), "fp32")
        remembering = labeler.with_memory(store)
        _same([_scores(remembering.label(c))[0] for c in conversations], _scores(labeler.label(conversations)))
        assert store.stats().utterances > 0
        assert store.profile("Ana").utterances > 0


def test_rows_of_others_do_no_harm(labeler: Labeler, talk: Any) -> None:
    store = ExactStore()
    (conversation,) = _talks(talk, 1)
    odd = [
        Remembered("Ana", "x", "1", 1.0, "hello", None, labeler.model_id, {}),
        Remembered("Ana", "x", "2", 2.0, "hello", np.ones(7, np.float32), labeler.model_id, {}),
        Remembered("Ana", "x", "3", 3.0, "hello", np.ones(32, np.float32), "another@0", {}),
    ]
    store.append(odd)
    _same(_scores(labeler.with_memory(store).label(conversation)), _scores(labeler.label(conversation)))


def test_an_empty_call_and_a_model_id(labeler: Labeler) -> None:
    store = ExactStore()
    assert labeler.with_memory(store).label([]) == []
    assert labeler.with_memory(store).logits([]) == []
    name, _, digits = labeler.model_id.rpartition("@")
    assert name == labeler.name
    assert len(bytes.fromhex(digits)) == 8


SECOND_PROCESS = """
import sys
from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler
labeler = Labeler.from_pretrained(sys.argv[1], "fp32", memory=sys.argv[2])
(labelled,) = labeler.label(Conversation("two", (Utterance("1", "Ana", "red house"), Utterance("2", "Zoe", "bad day"))))
print(*[score for p in labelled.predictions for score in p.scores.values()])
"""


@pytest.mark.process
def test_a_folder_outlasts_the_process(labeler: Labeler, tmp_path: Path, warm_python: WarmPython) -> None:
    pytest.importorskip("lancedb")
    first = labeler.with_memory(tmp_path / "memory").stream("one")
    first.add("Ana", "hello dog")
    run = warm_python.run("-c", SECOND_PROCESS, str(labeler.folder), str(tmp_path / "memory"))
    assert run.returncode == 0, run.stderr
    together = labeler.with_memory(ExactStore())
    together.stream("one").add("Ana", "hello dog")
    stream = together.stream("two")
    expected = _rows([stream.add("Ana", "red house"), stream.add("Zoe", "bad day")])
    np.testing.assert_allclose(np.array(run.stdout.split(), float).reshape(2, 3), expected, rtol=0, atol=1e-4)
    assert _differ(expected[:1], _rows([labeler.stream().add("Ana", "red house")]))
