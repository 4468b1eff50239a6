"""Corpora side by side, each with its own labels: what one calls neutral need not be what the other does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erckit.corpora.corpus import Corpus
from erckit.labels import LabelSet

APART = "apart"  # as the mapping of a mixture


def labels_apart(corpora: Sequence[Corpus]) -> list[Corpus]:
    """Corpora over one label set that holds ``"<corpus>/<label>"`` for every label of every one of them.

    A mixture of them (:func:`~erckit.corpora.mixture.mix_corpora`) keeps the labels of the others out of the loss of
    each, so that a model trained on it has one softmax per corpus over a shared representation.

    Args:
        corpora: Any number of different corpora.

    Returns:
        The same, in their order; the common label set has no neutral label.
    """
    union = LabelSet(tuple(f"{one.name}/{label}" for one in corpora for label in one.label_set.labels))
    return [
        replace(
            one,
            label_set=union,
            mapping=APART,
            splits={
                split: tuple(
                    replace(
                        c, utterances=tuple(replace(u, label=u.label and f"{one.name}/{u.label}") for u in c.utterances)
                    )
                    for c in conversations
                )
                for split, conversations in one.splits.items()
            },
        )
        for one in corpora
    ]
