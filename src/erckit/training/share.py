"""Learning from a share of the training conversations: how much data a system needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from erckit.corpora.corpus import Corpus
from erckit.corpora.mixture import PART


def with_share(corpus: Corpus, share: float, share_of: str, seed: int) -> Corpus:
    """The corpus with a share of its train split; dev and test stay whole.

    Source: the data scaling of InstructERC (arXiv 2309.11911): "total mix" draws from all corpora together, "ratio
    mix" the same share from each.

    Args:
        corpus: Any.
        share: In (0, 1]; at least one conversation is kept.
        share_of: Of a mixture: ``total`` or ``each``.
        seed: Of the draw. With one seed, a smaller share is part of a larger one.
    """
    train = corpus.split("train")
    if share == 1:
        return corpus
    parts: dict[str, list[int]] = {}
    for i, conversation in enumerate(train):
        parts.setdefault(str(conversation.meta.get(PART, "")) if share_of == "each" else "", []).append(i)
    kept: list[int] = []
    for part in parts.values():
        order = np.random.default_rng([seed, 7919]).permutation(part)
        kept += [int(i) for i in order[: max(1, round(share * len(part)))]]
    return replace(corpus, splits={**corpus.splits, "train": tuple(train[i] for i in sorted(kept))})
