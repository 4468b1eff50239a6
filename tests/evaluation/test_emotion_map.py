"""Maps of emotions: distances by hand, a projection that never sees a label, and nothing of the corpus on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from erckit.errors import SettingError
from erckit.evaluation.emotion_map import format_emotion_map, map_emotions
from erckit.evaluation.split_vectors import split_vectors
from erckit.labelling import Labeler


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


def test_distances_and_projection_by_hand(labeler: Labeler, tiny_corpus: Any) -> None:
    data = split_vectors(labeler, tiny_corpus, "train")
    found = map_emotions(labeler, tiny_corpus, "train", distance="euclidean")
    vectors = data.vectors.astype(float)
    means = np.stack([vectors[data.gold == i].mean(axis=0) for i in range(3)])
    spread = np.mean([np.linalg.norm(v - means[g]) for v, g in zip(vectors, data.gold, strict=True)])
    for i in range(3):
        for j in range(3):
            assert found.distances[i, j] == pytest.approx(np.linalg.norm(means[i] - means[j]) / spread, abs=1e-6)
    assert found.counts.tolist() == np.bincount(data.gold).tolist()
    pca = PCA(2, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(np.abs(found.points), np.abs(pca.transform(vectors)), atol=1e-4)
    np.testing.assert_allclose(np.abs(found.prototypes), np.abs(pca.transform(means)), atol=1e-4)


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
