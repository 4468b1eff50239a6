"""Maps of emotions: distances by hand, a projection that never sees a label, and nothing of the corpus on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from erckit.errors import SettingError
from erckit.evaluation.vectors.emotion_map import between_means, format_emotion_map, map_emotions
from erckit.evaluation.vectors.split_vectors import split_vectors
from erckit.labelling import Labeler
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labels import LabelSet


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


def test_distances_and_projection_by_hand(labeler: Labeler, tiny_corpus: Any) -> None:
    data = split_vectors(labeler, tiny_corpus, "train")
    found = map_emotions(labeler, tiny_corpus, "train", distance="euclidean")
    vectors = data.vectors.astype(float)
    means = np.stack([vectors[data.gold == i].mean(axis=0) for i in range(3)])
    spread = np.mean([np.linalg.norm(v - means[g]) for v, g in zip(vectors, data.gold, strict=True)])
    counts = np.bincount(data.gold)
    scatter = sum(((v - means[g]) ** 2).sum() for v, g in zip(vectors, data.gold, strict=True)) / (len(vectors) - 3)
    for i in range(3):
        for j in range(3):
            apart = 0.0 if i == j else float(((means[i] - means[j]) ** 2).sum())
            by_chance = scatter * (1 / counts[i] + 1 / counts[j])
            assert found.distances[i, j] == pytest.approx(max(0.0, apart - by_chance) ** 0.5 / spread, abs=1e-6)
    assert found.counts.tolist() == np.bincount(data.gold).tolist()
    pca = PCA(2, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(np.abs(found.points), np.abs(pca.transform(vectors)), atol=1e-4)
    np.testing.assert_allclose(np.abs(found.prototypes), np.abs(pca.transform(means)), atol=1e-4)


def test_rare_labels_do_not_look_far_away_by_chance() -> None:
    """Labels of 4, 20 and 2,000 utterances of one distribution are near 0; one that lies elsewhere keeps its place."""
    labels, counts, width = LabelSet(("rare", "some", "many", "away")), (4, 20, 2000, 4), 64
    gold = np.repeat(np.arange(4), counts)
    squares, plain = [], []
    for seed in range(30):
        vectors = np.random.default_rng(seed).normal(size=(len(gold), width))
        vectors[gold == 3, 0] += 8
        prototypes = Prototypes.fit(vectors, gold, labels)
        found = between_means(prototypes)
        np.testing.assert_array_equal(found, found.T)
        assert (found.diagonal() == 0).all()
        squares.append(found**2)
        plain.append(((prototypes.centres[0] - prototypes.centres[2]) ** 2).sum())
    mean = np.mean(squares, axis=0) ** 0.5 / width**0.5  # 1 is about the distance of an utterance to its mean
    assert np.mean(plain) ** 0.5 / width**0.5 > 0.45
    assert mean[:3, :3].max() < 0.2
    np.testing.assert_allclose(mean[3, :3], 1.0, atol=0.15)


def test_labels_have_no_part_in_the_projection(labeler: Labeler, tiny_corpus: Any) -> None:
    import dataclasses

    def shuffled(conversations: Any) -> Any:
        turn = {"Calm": "Cross", "Cross": "Glad", "Glad": "Calm"}
        return tuple(
            dataclasses.replace(
                one, utterances=tuple(dataclasses.replace(u, label=turn[u.label]) for u in one.utterances)
            )
            for one in conversations
        )

    other = dataclasses.replace(tiny_corpus, splits={n: shuffled(s) for n, s in tiny_corpus.splits.items()})
    one, two = (map_emotions(labeler, corpus, "train") for corpus in (tiny_corpus, other))
    np.testing.assert_allclose(one.points, two.points, atol=1e-6)
    assert one.gold.tolist() != two.gold.tolist()


def test_few_of_a_label_are_drawn(labeler: Labeler, tiny_corpus: Any) -> None:
    found = map_emotions(labeler, tiny_corpus, "train", per_label=4, projection="tsne")
    assert np.bincount(found.gold).tolist() == [4, 4, 4]
    assert np.isfinite(found.points).all()
    assert "t-SNE" in found.facts[0]
    assert "at most 4 of a label" in found.facts[1]


def test_what_is_written_holds_no_utterance(labeler: Labeler, tiny_corpus: Any) -> None:
    found = map_emotions(labeler, tiny_corpus, "train")
    written = json.dumps(found.to_dict()) + format_emotion_map(found)
    assert not [text for text in found.texts if len(text.split()) > 3 and text in written]
    assert "label" in format_emotion_map(found)
    with pytest.raises(SettingError, match="Did you mean 'tsne'"):
        map_emotions(labeler, tiny_corpus, "train", projection="t-sne")
