"""What an LLM system finds in the speaker memory: the latest utterances, and those most like what is said now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler
from erckit.labelling.prompt_memory import PromptMemory
from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered
from erckit.memory.store.exact_store import ExactStore
from erckit.prompting.scoring.prompt_system import PromptSystem

NOON = 1.7e9  # seconds since the epoch
TOPICS = ("cats", "cars", "rain", "tea")


def _encode(texts: Sequence[str]) -> np.ndarray:
    """A vector that says which topics a text names."""
    return np.array([[0.1 + (topic in text) for topic in TOPICS] for text in texts], dtype=np.float32)


def _memory(said: Sequence[str], encode: Any = _encode) -> PromptMemory:
    store = ExactStore()
    vectors = _encode(said)
    store.append(
        [
            Remembered("Ana", "old", str(i), NOON + i, text, vector, "m", {"calm": 0.9, "glad": 0.1})
            for i, (text, vector) in enumerate(zip(said, vectors, strict=True))
        ]
    )
    return PromptMemory(store, "default", "m", (), encode)


def _chat(*texts: str, id: str = "now", start: float | None = None) -> Conversation:
    return Conversation(id, tuple(Utterance(str(i), "Ana", text, start=start) for i, text in enumerate(texts)))


def test_what_is_alike_is_found_however_long_ago() -> None:
    memory = _memory(["my cats sleep", "tea again", *(f"rain {i}" for i in range(60))])
    past = memory.past([_chat("the cats are back")], 5, related=1)
    assert past is not None
    assert [u.text for u in past.utterances] == ["my cats sleep", *(f"rain {i}" for i in range(55, 60))]
    plain = memory.past([_chat("the cats are back")], 5)
    assert plain is not None
    assert len(plain) == 5
    unable = _memory(["my cats sleep", *(f"rain {i}" for i in range(60))], None).past([_chat("cats")], 5, related=1)
    assert unable is not None
    assert len(unable) == 5


def test_it_is_no_later_and_not_of_the_conversation_itself() -> None:
    memory = _memory([f"cats {i}" for i in range(300)])
    past = memory.past([_chat("cats", start=NOON + 10)], 3, related=2)
    assert past is not None
    assert {int(u.text.split()[1]) for u in past.utterances} <= set(range(10))
    assert len(past) == 5
    assert memory.past([_chat("cats", id="old")], 3, related=2) is None


def test_what_is_found_for_one_depends_on_no_other() -> None:
    memory = _memory(["cars a", "cars b", "tea a", "tea b", *(f"rain {i}" for i in range(20))])
    alone = memory.past([_chat("cars")], 4, related=1)
    both = memory.past([_chat("cars", "tea")], 4, related=1)
    assert alone is not None
    assert both is not None
    found = [u.text for u in both.utterances]
    (more,) = set(found) - {u.text for u in alone.utterances}
    assert more.startswith("tea")
    assert len({text for text in found if text.startswith("cars")}) == 1
    assert found[-4:] == [f"rain {i}" for i in range(16, 20)]


@pytest.mark.parametrize("related", [0, 1])
def test_a_labeler_keeps_vectors_where_it_searches_them(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, related: int
) -> None:
    from erckit.training.run import train

    corpus = ruled_corpus(4)
    recipe = llm_recipe(
        "emonet_llm",
        model={"history": {"scope": "all"}},
        style={"related": related, "biography": False},
        training={"llm": {"is_trained": False}},
    )
    store = ExactStore()
    labeler = Labeler.from_pretrained(train(recipe, corpus, tmp_path, quiet=True), precision="fp32", memory=store)
    first, second = (_chat("red dog", "blue cat", id="a"), _chat("the blue cat", id="b"))
    labeler.label(first)
    (rows,) = store.last(["Ana"], 9)
    assert [row.vector is not None for row in rows] == [bool(related)] * 2
    asked: list[str] = []
    found = ExactStore.nearest

    def nearest(self: ExactStore, speaker: str, *rest: Any, **options: Any) -> Any:
        asked.append(speaker)
        return found(self, speaker, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExactStore, "nearest", nearest)
        labeler.label(second)
    assert asked == ["Ana"] * related


@pytest.fixture(scope="module")
def biographer(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """EmoNet as an LLM system that was not trained, whose prompts show causal biographies."""
    from erckit.training.run import train

    recipe = llm_recipe(
        "emonet_llm",
        model={"history": {"scope": "all"}},
        style={"related": 0, "recent": 0, "biography": True},
        training={"llm": {"is_trained": False}},
    )
    return train(recipe, ruled_corpus(4), tmp_path_factory.mktemp("biographer"), quiet=True)


def _texts(word: str, count: int = 5) -> list[str]:
    return [f"I always think of my {word} holidays number {i}" for i in range(count)]


class _Watched:
    """A labeler with a memory that writes down its prompts, and the store's biographies as they are set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = ExactStore()
        self.set: list[Biography] = []
        self._prompts: list[str] = []
        self._labeler = Labeler.from_pretrained(folder, precision="fp32", memory=self.store)
        asked, kept = PromptSystem.prompts, ExactStore.set_biography

        def prompts(system: Any, *rest: Any) -> Any:
            made = asked(system, *rest)
            self._prompts += [prompt.separate(question) for prompt in made for question in prompt.questions]
            return made

        def set_biography(store: Any, speaker: str, biography: Biography, **options: Any) -> None:
            self.set.append(biography)
            kept(store, speaker, biography, **options)

        monkeypatch.setattr(PromptSystem, "prompts", prompts)
        monkeypatch.setattr(ExactStore, "set_biography", set_biography)

    def prompts(self, *chats: Conversation) -> list[str]:
        self._prompts.clear()
        self._labeler.label(chats)
        return list(self._prompts)


def test_a_second_labelling_has_the_prompts_of_the_first(biographer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = _Watched(biographer, monkeypatch)
    one, two = _chat(*_texts("spain"), id="one"), _chat(*_texts("norway"), id="two")
    first = watched.prompts(one)
    assert "spain" not in first[0].split("Ana:")[0]
    assert len(watched.set) == 1
    assert watched.prompts(one) == first
    second = watched.prompts(two)
    assert "spain" in second[0]
    assert len(watched.set) == 2
    for _ in range(2):
        assert watched.prompts(two) == second  # with what was known before it, and nothing of itself
    again = watched.prompts(one)
    assert not any("norway" in prompt for prompt in again)
    assert again == first
    assert watched.prompts(one, two)[0] == first[0]
    assert len(watched.set) == 2
    assert watched.set[-1].conversations == {"one": 5, "two": 5}


def test_a_conversation_that_goes_on_is_taken_in(biographer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = _Watched(biographer, monkeypatch)
    watched.prompts(_chat(*_texts("spain"), id="one"))
    watched.prompts(_chat(*_texts("norway", 2), id="two"))
    watched.prompts(_chat(*_texts("norway", 6), id="two"))
    assert watched.set[-1].conversations == {"one": 5, "two": 6}


def test_what_was_said_later_is_in_no_biography(biographer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = _Watched(biographer, monkeypatch)
    watched.prompts(_chat(*_texts("spain"), id="late", start=NOON))
    assert not any("spain" in prompt for prompt in watched.prompts(_chat("I think so", id="early", start=NOON - 60)))
    assert any("spain" in prompt for prompt in watched.prompts(_chat("I think so", id="later", start=NOON + 60)))


@pytest.mark.parametrize("is_known", [False, True])
def test_a_biography_that_does_not_say_what_it_takes_in(
    biographer: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    watched = _Watched(biographer, monkeypatch)
    watched.store.set_biography("Ana", Biography("Ana likes boats.", "h", "an earlier erckit", 5.0))
    if is_known:
        watched.store.append([Remembered("Ana", "one", "0", NOON, "x", None, "m", {"calm": 1.0})])
    watched.set.clear()
    prompts = watched.prompts(_chat(*_texts("spain"), id="one"))
    assert ("boats" in prompts[0]) != is_known
    assert len(watched.set) == (0 if is_known else 1)
    if not is_known:
        assert watched.set[0].conversations is None
        assert "boats" not in watched.prompts(_chat(*_texts("spain"), id="one"))[0]
