"""A model that labels by distance: prototypes or nearest neighbours of a corpus' train split."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from erckit.errors import ModelFolderError, SettingError, nearest
from erckit.evaluation.vectors.split_vectors import split_vectors
from erckit.labelling.own_labels.neighbours import Neighbours
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labelling.own_labels.scorer import Scorer, Scoring

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler

BY_DISTANCE = ("prototypes", "neighbours")
_K = 51  # neighbours where there are enough utterances


def fit_scorer(
    labeler: Labeler,
    corpus: Corpus,
    kind: str,
    *,
    distance: str = "cosine",
    k: int | None = None,
    report: Callable[[int], None] | None = None,
) -> Labeler:
    """The same network, with labels from its vectors of the train split; the temperature is fitted on dev.

    Scores on the train split would compare its utterances with themselves: they say nothing.

    Args:
        labeler: The model, with its own label head.
        corpus: Has the splits train and dev; its labels become the model's.
        kind: ``prototypes`` (the nearest mean, whatever the frequency of its label) or ``neighbours`` (the most
            frequent label among the k nearest utterances).
        distance: ``cosine`` or ``euclidean``.
        k: Neighbours; None takes 51, or fewer where the corpus is small.
        report: Called with the number of utterances encoded.

    Raises:
        SettingError: Unknown kind.
        CorpusError: The corpus lacks train or dev.
        ModelFolderError: The model labels by something else than its head already.
    """
    if kind not in BY_DISTANCE:
        raise SettingError(f"unknown scorer '{kind}'. {nearest(kind, ('head', *BY_DISTANCE))}")
    if labeler.scoring is not None:
        raise ModelFolderError(
            f"{labeler.about.folder}: is an adapted model; it has no other way to labels than its own."
        )
    train = split_vectors(labeler, corpus, "train", report=report)
    dev = split_vectors(labeler, corpus, "dev", report=report)
    scorer: Scorer
    if kind == "prototypes":
        prototypes = Prototypes.fit(train.vectors, train.gold, corpus.label_set, distance=distance)
        scorer = prototypes.calibrated(prototypes.logits(dev.vectors), dev.gold)
    else:
        count = min(_K, len(train)) if k is None else k
        neighbours = Neighbours.fit(train.vectors, train.gold, corpus.label_set, k=count, distance=distance)
        scorer = neighbours.calibrated(neighbours.logits(dev.vectors), dev.gold)
    settings = {"kind": kind, "corpus": corpus.name, "split": "train", **scorer.values()}
    return labeler.with_scoring(Scoring(scorer, f"{labeler.name}, {kind}", settings, labeler.scores))
