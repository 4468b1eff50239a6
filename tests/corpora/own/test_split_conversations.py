from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.corpora.own.split_conversations import split_conversations
from erckit.errors import CorpusError

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def conversations(labels: list[list[str | None]]) -> list[Conversation]:
    return [
        Conversation(f"c{n}", tuple(Utterance(f"u{u}", "A", "x", label) for u, label in enumerate(row)))
        for n, row in enumerate(labels)
    ]


ROWS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "rare", None]), min_size=1, max_size=8), min_size=3, max_size=40
)


@given(ROWS, st.integers(0, 3))
def test_every_conversation_once_in_order(rows: list[list[str | None]], seed: int) -> None:
    given_ = conversations(rows)
    splits = split_conversations(given_, seed=seed)
    assert list(splits) == list(SHARES)
    assert all(splits.values())
    ids = [c.id for c in given_]
    assert sorted(c.id for group in splits.values() for c in group) == sorted(ids)
    for group in splits.values():
        assert [c.id for c in group] == sorted((c.id for c in group), key=ids.index)
    assert splits == split_conversations(given_, seed=seed)
    if len(rows) >= 30:  # a label that is anywhere is in train; of few conversations dev and test may need the last
        assert {u.label for c in splits["train"] for u in c.utterances} >= {x for row in rows for x in row} - {None}


def test_labels_are_shared_out() -> None:
    """Against the drawing that a seeded shuffle alone would give."""
    rng = random.Random(1)
    rows = [[rng.choices("abcd", (60, 30, 8, 2))[0] for _ in range(rng.randint(1, 12))] for _ in range(300)]
    given_ = conversations(list(map(list, rows)))
    total = Counter(u.label for c in given_ for u in c.utterances)

    def worst(splits: dict[str, tuple[Conversation, ...]]) -> float:
        return max(
            abs(Counter(u.label for c in splits[name] for u in c.utterances)[label] / n - SHARES[name])
            for name in SHARES
            for label, n in total.items()
        )

    found = worst(split_conversations(given_))
    assert found < 0.02
    for seed in range(5):
        shuffled = random.Random(seed).sample(given_, len(given_))
        naive = {"train": shuffled[:240], "dev": shuffled[240:270], "test": shuffled[270:]}
        assert found < worst({name: tuple(group) for name, group in naive.items()})
    assert split_conversations(given_, seed=1) != split_conversations(given_)


def test_a_split_may_have_no_share() -> None:
    given_ = conversations([["a"], ["b"], ["a"]])
    assert split_conversations(given_, (0, 0, 1)) == {"test": tuple(given_)}
    assert list(split_conversations(given_, (0.5, 0, 0.5))) == ["train", "test"]


def test_what_cannot_be_split() -> None:
    with pytest.raises(CorpusError, match="2 conversations cannot be divided into train, dev, test"):
        split_conversations(conversations([["a"], ["b"]]))
    for shares in ((0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (float("nan"), 0.5, 0.5)):
        with pytest.raises(CorpusError, match="sum to 1"):
            split_conversations(conversations([["a"]] * 5), shares)
