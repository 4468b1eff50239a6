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
from erckit.memory.exact_store import ExactStore
from erckit.memory.remembered import Remembered

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
    from erckit.training.train import train

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
