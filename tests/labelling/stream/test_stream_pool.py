"""Many conversations at a time: scores of each as if it were alone, and bounds that hold."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erckit.conversation import Conversation, Prediction
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labelling.stream import stream_state
from erckit.labelling.stream.stream_pool import StreamPool
from erckit.labelling.stream.stream_state import StreamedUtterance
from erckit.memory.store.exact_store import ExactStore
from erckit.memory.store.open_store import open_store

SPEAKERS = ("Ana", "Ben", "Waiter", "")


@pytest.fixture(scope="module")
def labeler(random_folder: Callable[..., Path]) -> Labeler:
    return Labeler.from_pretrained(random_folder("mpnet", history={"window": 4}), precision="fp32")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _scores(predictions: Sequence[Prediction]) -> np.ndarray:
    return np.array([list(p.scores.values()) for p in predictions])


def _mixed(conversations: Sequence[Conversation], rng: random.Random) -> list[StreamedUtterance]:
    """Utterances of all conversations, those of each in order."""
    queues = [[StreamedUtterance(c.id, u.speaker, u.text, u.id) for u in c.utterances] for c in conversations]
    mixed = []
    while any(queues):
        mixed.append(rng.choice([queue for queue in queues if queue]).pop(0))
    return mixed


@settings(max_examples=12)
@given(seed=st.integers(0, 999), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_each_conversation_is_labelled_as_if_alone(labeler: Labeler, talk: Any, seed: int, sizes: list[int]) -> None:
    rng = random.Random(seed)
    conversations = [talk(seed * 10 + i, size, speakers=SPEAKERS) for i, size in enumerate(sizes)]
    mixed, pool, found = _mixed(conversations, rng), StreamPool(labeler), []
    while len(found) < len(mixed):
        found += pool.add(mixed[len(found) : len(found) + rng.randint(1, 20)])
    assert [p.utterance_id for p in found] == [one.id for one in mixed]
    for conversation, labelled in zip(conversations, labeler.label(conversations), strict=True):
        own = [p for p, one in zip(found, mixed, strict=True) if one.conversation == conversation.id]
        np.testing.assert_allclose(_scores(own), _scores(labelled.predictions), rtol=0, atol=1e-4)


def test_more_conversations_than_go_into_one_pass(labeler: Labeler, talk: Any) -> None:
    conversations = [talk(i, 3) for i in range(70)]
    pool = StreamPool(labeler)
    mixed = _mixed(conversations, random.Random(3))
    found = pool.add(mixed)
    expected = {(c.conversation.id, p.utterance_id): p for c in labeler.label(conversations) for p in c.predictions}
    np.testing.assert_allclose(
        _scores(found), _scores([expected[one.conversation, one.id or ""] for one in mixed]), rtol=0, atol=1e-4
    )
    assert len(pool) == 70
    assert pool.kept_bytes > 0
    assert pool.add([]) == []


def test_the_longest_silent_conversation_is_dropped(labeler: Labeler) -> None:
    pool = StreamPool(labeler, max_conversations=2)

    def say(conversation: str) -> np.ndarray:
        return _scores(pool.add([StreamedUtterance(conversation, "Ana", "hello dog")]))

    cold = say("a")
    say("b")
    second = say("a")  # now b is the one silent longest
    assert np.abs(second - cold).max() > 1e-3
    say("c")
    assert len(pool) == 2
    np.testing.assert_allclose(say("b"), cold, atol=1e-6)  # b begins anew, and drops a
    np.testing.assert_allclose(say("c"), second, atol=1e-6)
    np.testing.assert_allclose(say("a"), cold, atol=1e-6)


def test_silence_drops_a_conversation(labeler: Labeler) -> None:
    clock = Clock()
    pool = StreamPool(labeler, idle_seconds=10, clock=clock)
    pool.add([StreamedUtterance("a", "Ana", "hello dog")])
    clock.now = 6
    pool.add([StreamedUtterance("b", "Ana", "hello dog")])
    clock.now = 10
    assert pool.drop_idle() == 0
    clock.now = 11
    assert pool.drop_idle() == 1
    assert pool.close("b")
    assert not pool.close("b")
    assert not pool.close("a")
    assert len(pool) == 0
    assert pool.kept_bytes == 0


def test_a_dropped_conversation_goes_on_from_memory(labeler: Labeler) -> None:
    store = ExactStore()
    pool = StreamPool(labeler.with_memory(store), max_conversations=1)
    pool.add([StreamedUtterance("a", "Ana", "hello dog"), StreamedUtterance("b", "Ben", "red house")])
    (again,) = pool.add([StreamedUtterance("a", "Ana", "so sad")])
    assert again.utterance_id == "2"
    (cold,) = StreamPool(labeler).add([StreamedUtterance("a", "Ana", "so sad")])
    assert np.abs(_scores([again]) - _scores([cold])).max() > 1e-3
    assert [row.utterance for row in store.last(["Ana"], 9)[0]] == ["1", "2"]


def test_namespaces_are_kept_apart(labeler: Labeler) -> None:
    store = ExactStore()
    pool = StreamPool(labeler.with_memory(store))
    one, two = (StreamedUtterance("a", "Ana", "hello dog", namespace=name) for name in ("one", "two"))
    first = _scores(pool.add([one, two]))
    np.testing.assert_allclose(first[0], first[1], atol=1e-6)
    assert len(pool) == 2
    assert [len(store.last(["Ana"], 9, namespace=name)[0]) for name in ("one", "two", "default")] == [1, 1, 0]
    assert pool.close("a", "one")
    assert len(pool) == 1


def test_one_write_for_a_batch(labeler: Labeler) -> None:
    store, writes = ExactStore(), []
    real = store.append
    store.append = lambda rows, **options: (writes.append(len(rows)), real(rows, **options))[1]  # type: ignore[method-assign]
    StreamPool(labeler.with_memory(store)).add([StreamedUtterance(str(i), "Ana", "hello dog") for i in range(20)])
    assert writes == [20]


def test_calls_from_several_threads(labeler: Labeler, talk: Any) -> None:
    conversations = [talk(i, 8) for i in range(6)]
    pool, found, errors = StreamPool(labeler), {}, []

    def run(conversation: Conversation) -> None:
        try:
            found[conversation.id] = [
                pool.add([StreamedUtterance(conversation.id, u.speaker, u.text, u.id)])[0]
                for u in conversation.utterances
            ]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(c,)) for c in conversations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for one in labeler.label(conversations):
        np.testing.assert_allclose(_scores(found[one.conversation.id]), _scores(one.predictions), rtol=0, atol=1e-4)


def test_bounds_out_of_range(labeler: Labeler) -> None:
    with pytest.raises(SettingError, match="at least 1"):
        StreamPool(labeler, max_conversations=0)
    with pytest.raises(SettingError, match="more than 0"):
        StreamPool(labeler, idle_seconds=float("nan"))
    with pytest.raises(SettingError, match="Did you mean 'conversation'"):
        StreamPool(labeler, history="conversations")


def test_many_conversations_of_one_namespace_end_none_of_another(labeler: Labeler) -> None:
    pool = StreamPool(labeler, max_conversations=4)
    pool.add([StreamedUtterance("c", "Ana", "hello", namespace="modest")])
    for n in range(10):
        pool.add([StreamedUtterance(f"c{n}", "Ben", "hello", namespace="greedy")])
    assert len(pool) == 4
    assert pool.close("c", namespace="modest")
    assert [pool.close(f"c{n}", namespace="greedy") for n in range(10)] == [False] * 7 + [True] * 3


def test_forgetting_ends_every_stream_of_a_speaker(labeler: Labeler) -> None:
    pool = StreamPool(labeler, max_conversations=64)
    for n in range(30):
        speakers = ("Ana", "Ben") if n % 3 == 0 else ("Ben",)
        for speaker in speakers:
            pool.add([StreamedUtterance(f"c{n}", speaker, "hello", namespace="shop")])
    pool.add([StreamedUtterance("c0", "Ana", "hello", namespace="desk")])
    assert pool.forget("Ana", namespace="shop") == 10
    assert len(pool) == 21
    assert pool.forget("Ana", namespace="shop") == 0


def test_a_stream_of_very_many_speakers_may_be_anybodys(labeler: Labeler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_state, "MAX_HEARD", 3)
    pool = StreamPool(labeler)
    for n in range(6):
        pool.add([StreamedUtterance("c", f"Speaker {n}", "hello")])
    pool.add([StreamedUtterance("d", "Ben", "hello")])
    (crowd, other) = pool._states.values()
    assert len(crowd.heard) == 4
    assert pool.forget("Zoe") == 1
    assert list(pool._states.values()) == [other]


def test_who_is_forgotten_by_another_process_leaves_the_streams(trained_folder: Path, tmp_path: Path) -> None:
    labeler = Labeler.from_pretrained(trained_folder, precision="fp32", memory=tmp_path / "memory")
    pool = StreamPool(labeler)
    for name, speakers in (("c", ("Ana", "Ben")), ("d", ("Ben",)), ("e", ("Ana",))):
        for speaker in speakers:
            pool.add([StreamedUtterance(name, speaker, f"{speaker} said so")])
    other = open_store(tmp_path / "memory")  # as another process would open it
    assert other.forget("Ana") == 2
    pool.add([StreamedUtterance("d", "Ben", "and now")])
    assert [pool.close(name) for name in "cde"] == [False, True, False]
