"""Shares of the train split: nested, drawn by the seed, from all or from each corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from erckit.training.data import with_share


def ids(corpus: Any) -> list[str]:
    return [c.id for c in corpus.splits["train"]]


def test_a_smaller_share_is_part_of_a_larger_one(ruled_corpus: Callable[..., Any]) -> None:
    corpus = ruled_corpus(40)
    shares = [set(ids(with_share(corpus, 2.0**-n, "total", 3))) for n in range(6)]
    assert [len(share) for share in shares] == [40, 20, 10, 5, 2, 1]
    assert all(small < large for large, small in pairwise(shares))
    assert ids(with_share(corpus, 0.5, "total", 3)) == ids(with_share(corpus, 0.5, "total", 3))
    assert ids(with_share(corpus, 0.5, "total", 3)) != ids(with_share(corpus, 0.5, "total", 4))
    assert with_share(corpus, 0.5, "total", 3).splits["dev"] == corpus.splits["dev"]


@pytest.mark.parametrize("of", ["total", "each"])
def test_a_share_of_each_corpus(ruled_corpus: Callable[..., Any], of: str) -> None:
    corpus = ruled_corpus(40)
    mixed = replace(
        corpus,
        splits={
            **corpus.splits,
            "train": tuple(
                replace(c, meta={**c.meta, "corpus": "large" if i < 36 else "small"})
                for i, c in enumerate(corpus.splits["train"])
            ),
        },
    )
    found = [
        sum(c.meta["corpus"] == "small" for c in with_share(mixed, 0.25, of, seed).splits["train"])
        for seed in range(20)
    ]
    if of == "each":
        assert set(found) == {1}
    else:
        assert len(set(found)) > 1
