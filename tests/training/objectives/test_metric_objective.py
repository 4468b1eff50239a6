"""Metric losses against pytorch-metric-learning used directly and against naive loops."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners
from torch.nn import functional as F

from erckit.recipe.training_settings import MetricSettings
from erckit.training.objectives.metric_objective import MetricObjective, uniform_triplets
from erckit.training.objectives.objective import NO_LABEL

LABELS = torch.tensor([0, 0, 1, 2, 1, 0, 2, NO_LABEL, 0])


def _vectors() -> torch.Tensor:
    return torch.randn(len(LABELS), 5, generator=torch.Generator().manual_seed(3), requires_grad=False)


def _objective(**values: Any) -> MetricObjective:
    return MetricObjective(MetricSettings(per_label=0, **values), 3, 5, torch.device("cpu"))


def _known() -> tuple[torch.Tensor, torch.Tensor]:
    return _vectors()[LABELS != NO_LABEL], LABELS[LABELS != NO_LABEL]


def test_all_triplets_by_hand() -> None:
    vectors, labels = _known()
    found = []
    for a in range(8):
        for p in range(8):
            for n in range(8):
                if a != p and labels[a] == labels[p] != labels[n]:
                    found.append(max(0.0, 1 + math.dist(vectors[a], vectors[p]) - math.dist(vectors[a], vectors[n])))
    positive = [x for x in found if x > 0]  # triplets that are in order already do not count, as in the library
    loss = _objective(loss="triplet", margin=1.0)(_vectors(), LABELS)
    assert loss.item() == pytest.approx(sum(positive) / len(positive), abs=1e-5)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("miner", ["all", "hard", "semihard"])
def test_triplets_of_the_library(distance: str, miner: str) -> None:
    vectors, labels = _known()
    measure = (
        distances.LpDistance(normalize_embeddings=False) if distance == "euclidean" else distances.CosineSimilarity()
    )
    mined = {
        "all": lambda: None,
        "hard": lambda: miners.BatchHardMiner(distance=measure)(vectors, labels),
        "semihard": lambda: miners.TripletMarginMiner(0.7, "semihard", distance=measure)(vectors, labels),
    }[miner]()
    expected = losses.TripletMarginLoss(0.7, distance=measure)(vectors, labels, mined)
    loss = _objective(loss="triplet", margin=0.7, distance=distance, miner=miner)(_vectors(), LABELS)
    torch.testing.assert_close(loss, expected)


def test_supervised_contrastive_by_hand() -> None:
    vectors, labels = _known()
    unit = F.normalize(vectors, dim=1)
    total = []
    for i in range(8):
        others = [j for j in range(8) if j != i]
        below = sum(math.exp(float(unit[i] @ unit[j]) / 0.2) for j in others)
        same = [j for j in others if labels[j] == labels[i]]
        total.append(-sum(math.log(math.exp(float(unit[i] @ unit[j]) / 0.2) / below) for j in same) / len(same))
    loss = _objective(loss="contrastive", temperature=0.2)(_vectors(), LABELS)
    assert loss.item() == pytest.approx(sum(total) / 8, abs=1e-5)


def test_prototypes_are_members_of_the_batch() -> None:
    objective = _objective(loss="prototypes", temperature=0.2, queue=2)
    vectors, labels = _known()
    plain = losses.SupConLoss(0.2)
    torch.testing.assert_close(objective(_vectors(), LABELS), plain(vectors, labels))  # none yet
    unit = F.normalize(vectors, dim=1)
    latest = [torch.stack([unit[i] for i in range(8) if labels[i] == k][-2:]).mean(0) for k in range(3)]
    lone_vectors, lone_labels = torch.randn(2, 5), torch.tensor([1, 2])  # without prototypes nothing to learn from
    expected = plain(torch.cat([lone_vectors, torch.stack(latest)]), torch.cat([lone_labels, torch.arange(3)]))
    torch.testing.assert_close(objective(lone_vectors, lone_labels), expected)
    other = _objective(loss="prototypes", temperature=0.2, queue=2)
    other.restore({name: tensor.clone() for name, tensor in objective.tensors().items()})
    torch.testing.assert_close(other(_vectors(), LABELS), objective(_vectors(), LABELS))


def test_gradient_reaches_the_vectors() -> None:
    for values in ({"loss": "triplet", "miner": "uniform"}, {"loss": "contrastive"}, {"loss": "prototypes"}):
        vectors = _vectors().requires_grad_()
        objective = _objective(**values)
        (objective(vectors, LABELS) + objective(vectors, LABELS)).backward()
        assert vectors.grad is not None
        assert (vectors.grad[LABELS != NO_LABEL].abs().sum(1) > 0).float().mean() > 0.5
        assert (vectors.grad[LABELS == NO_LABEL] == 0).all()


def test_uniform_triplets_are_valid_and_even() -> None:
    torch.manual_seed(0)
    labels = torch.tensor([0] * 90 + [1] * 8 + [2] * 2 + [3])
    anchors, positives, negatives = uniform_triplets(labels, 6000)  # type: ignore[misc]
    assert (labels[anchors] == labels[positives]).all()
    assert (anchors != positives).all()
    assert (labels[anchors] != labels[negatives]).all()
    drawn = Counter(labels[anchors].tolist())
    assert set(drawn) == {0, 1, 2}  # a label with one utterance has no positive
    assert all(abs(count - 2000) < 200 for count in drawn.values())  # 2,000 +- 5 standard deviations
    others = Counter(labels[negatives][labels[anchors] == 0].tolist())
    assert all(abs(count - drawn[0] / 3) < 120 for count in others.values())
    assert len(set(anchors.tolist())) == 100  # everyone is drawn sooner or later
    assert uniform_triplets(torch.tensor([1, 1, 1]), 5) is None
    assert uniform_triplets(torch.tensor([0, 1, 2]), 5) is None


def test_a_batch_without_pairs_gives_zero_and_a_gradient() -> None:
    for values in (
        {"loss": "triplet", "miner": "uniform"},
        {"loss": "triplet"},
        {"loss": "triplet", "miner": "hard"},
        {"loss": "triplet", "miner": "semihard"},
        {"loss": "contrastive"},
    ):
        for labels in (torch.tensor([0, 1, 2]), torch.tensor([NO_LABEL] * 3)):
            vectors = torch.randn(3, 5, requires_grad=True)
            loss = _objective(**values)(vectors, labels)
            assert loss.item() == 0
            loss.backward()


def test_most_per_label() -> None:
    objective = MetricObjective(MetricSettings(loss="contrastive", per_label=2), 3, 5, torch.device("cpu"))
    seen = set()
    for _ in range(30):
        chosen = objective._choose(LABELS)
        assert Counter(LABELS[chosen].tolist()) == {0: 2, 1: 2, 2: 2}
        seen.update(chosen.tolist())
    assert seen == {0, 1, 2, 3, 4, 5, 6, 8}
