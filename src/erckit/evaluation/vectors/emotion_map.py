"""Where labels lie relative to each other in a model's vectors: a projection to two dimensions, and distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError, nearest
from erckit.evaluation.vectors.split_vectors import split_vectors
from erckit.labelling.own_labels.distances import scaled, squared_distances
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler

PROJECTIONS = ("pca", "tsne")


@dataclass(frozen=True, slots=True, eq=False)
class EmotionMap:
    """A map of L labels.

    Args:
        title: Model and split.
        facts: What was projected how, in sentences.
        label_set: Labels with at least two utterances in the split.
        counts: Utterances of each label in the split, (L,).
        points: Utterances that are drawn, (P, 2).
        gold: Their label positions, (P,).
        texts: What was said, P of them; left out of everything that is written unless it is asked for.
        prototypes: Mean of each label, in the plane, (L, 2).
        distances: Between the means, before projection, (L, L), 1 is the usual distance of an utterance to the mean of
            its own label. What the chance of few utterances adds is taken off, see :func:`between_means`.
        nearest_share: Of each label's utterances, the share that is nearest to the mean of its own label while left
            out of it, (L,).
        axes: What the two axes are called.
    """

    title: str
    facts: tuple[str, ...]
    label_set: LabelSet
    counts: NDArray[np.int64]
    points: NDArray[np.float64]
    gold: NDArray[np.int64]
    texts: tuple[str, ...]
    prototypes: NDArray[np.float64]
    distances: NDArray[np.float64]
    nearest_share: NDArray[np.float64]
    axes: tuple[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Labels, counts, prototypes and distances as JSON knows them; no single utterance."""
        return {
            "kind": "emotion-map",
            "schema_version": 1,
            "title": self.title,
            "facts": list(self.facts),
            "labels": list(self.label_set.labels),
            "counts": self.counts.tolist(),
            "distances": np.round(self.distances, 4).tolist(),
            "nearest_own_prototype": np.round(self.nearest_share, 4).tolist(),
            "prototypes_2d": np.round(self.prototypes, 4).tolist(),
        }


def map_emotions(
    labeler: Labeler,
    corpus: Corpus,
    split: str,
    *,
    projection: str = "pca",
    distance: str = "cosine",
    per_label: int = 150,
    seed: int = 1,
    report: Callable[[int], None] | None = None,
) -> EmotionMap:
    """Project a model's vectors of a split without looking at labels.

    At most ``per_label`` utterances of each label are drawn and projected, so that a frequent label does not decide
    where the axes lie, or cover all others. Prototypes, distances and shares are of all utterances.

    Args:
        labeler: The model; only its vectors are used.
        corpus: The corpus; its labels need not be the model's.
        split: One of its splits.
        projection: ``pca`` (linear: distances shrink, but do not tear) or ``tsne`` (neighbourhoods; distances between
            groups mean little).
        distance: ``cosine`` (vectors scaled to length 1 first) or ``euclidean``.
        per_label: Most utterances drawn of a label.
        seed: Of the draw, and of t-SNE.
        report: Called with the number of utterances encoded.

    Raises:
        CorpusError: No such split.
        SettingError: Unknown projection, or fewer than two labels.
    """
    if projection not in PROJECTIONS:
        raise SettingError(f"unknown projection '{projection}'. {nearest(projection, PROJECTIONS)}")
    data = split_vectors(labeler, corpus, split, report=report)
    counts = np.bincount(data.gold, minlength=len(data.label_set))
    kept = [i for i in range(len(counts)) if counts[i] >= 2]
    if len(kept) < 2:
        raise SettingError(f"{corpus.name}/{split} has fewer than two labels with two utterances; nothing to compare.")
    names = tuple(data.label_set.labels[i] for i in kept)
    label_set = LabelSet(names, data.label_set.neutral if data.label_set.neutral in names else None)
    rows = np.flatnonzero(np.isin(data.gold, kept))
    gold = np.searchsorted(kept, data.gold[rows])
    values = scaled(data.vectors[rows], distance)
    prototypes = Prototypes.fit(values, gold, label_set)
    spread = float(np.linalg.norm(values - prototypes.centres[gold], axis=1).mean()) or 1.0
    own = prototypes.left_out_logits(values, gold).argmax(axis=1) == gold
    rng = np.random.default_rng(seed)
    drawn = np.sort(
        np.concatenate([rng.permutation(np.flatnonzero(gold == i))[:per_label] for i in range(len(label_set))])
    )
    points, centres, axes, how = _project(values[drawn], prototypes.centres, projection, seed)
    total = len(rows)
    return EmotionMap(
        title=f"{labeler.name} on {corpus.name}/{split}",
        facts=(
            f"{how} Labels had no part in it.",
            f"{len(drawn):,} of {total:,} utterances are drawn, at most {per_label} of a label (seed {seed}).",
            f"Distances are between the means of labels, {distance}, all utterances; 1.00 is the usual distance of an "
            "utterance to the mean of its own label. What the chance of few utterances adds is taken off: labels that "
            "lie in the same place are near 0, however rare.",
            f"{100 * own.mean():.1f} % of utterances are nearest to the mean of their own label while left out of it "
            f"(chance {100 / len(label_set):.1f} %).",
            f"memory: {data.memory}; " + ("causal." if data.causal else "not causal (later utterances are seen)."),
        ),
        label_set=label_set,
        counts=counts[kept],
        points=points,
        gold=gold[drawn],
        texts=tuple(data.texts[i] for i in rows[drawn]),
        prototypes=centres,
        distances=between_means(prototypes) / spread,
        nearest_share=np.array([own[gold == i].mean() for i in range(len(label_set))]),
        axes=axes,
    )


def between_means(prototypes: Prototypes) -> NDArray[np.float64]:
    """Distances between the means of labels without what the chance of few utterances adds, (L, L), 0 on the diagonal.

    Means of n and m utterances of the very same distribution lie apart: the expected square of their distance is
    ``scatter * (1/n + 1/m)``. That is taken off the squares, which are cut at 0. It takes utterances as independent,
    and as equally spread in all labels; so a short distance between rare labels remains rough.

    Args:
        prototypes: Means, counts and scatter.
    """
    squares = squared_distances(prototypes.centres, prototypes.centres)
    by_chance = prototypes.scatter * (1 / prototypes.counts[:, None] + 1 / prototypes.counts[None, :])
    found: NDArray[np.float64] = np.sqrt(np.maximum(0.0, squares - by_chance))
    np.fill_diagonal(found, 0.0)
    return found


def format_emotion_map(found: EmotionMap) -> str:
    """Table of distances between labels, with what it is made of."""
    from erckit.evaluation.results.summary import text_table

    labels = found.label_set.labels
    rows = [
        [
            label,
            f"{found.counts[i]:,}",
            f"{100 * found.nearest_share[i]:.1f} %",
            *("·" if i == j else f"{found.distances[i, j]:.2f}" for j in range(len(labels))),
        ]
        for i, label in enumerate(labels)
    ]
    table = text_table(["label", "utterances", "nearest its own", *labels], rows)
    return "\n".join([found.title, *found.facts, "", *table])


def _project(
    values: NDArray[np.float64], centres: NDArray[np.float64], projection: str, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, str], str]:
    """Points and prototypes in the plane, names of the axes, a sentence on how."""
    if projection == "pca":
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="full").fit(values)
        first, second = 100 * pca.explained_variance_ratio_
        axes = (f"first component, {first:.0f} % of the variance", f"second component, {second:.0f} %")
        how = f"Projection: PCA (linear); the plane shows {first + second:.0f} % of the variance."
        return pca.transform(values), pca.transform(centres), axes, how
    from sklearn.manifold import TSNE

    together = np.concatenate([values, centres])
    perplexity = min(30.0, (len(together) - 1) / 3)
    placed = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(together)
    how = f"Projection: t-SNE (perplexity {perplexity:.0f}); who is near whom is kept, how far groups lie apart is not."
    return placed[: len(values)].astype(float), placed[len(values) :].astype(float), ("t-SNE 1", "t-SNE 2"), how
