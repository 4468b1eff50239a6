"""Metric-learning losses over a batch of utterance vectors; the losses are those of pytorch-metric-learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from erckit.errors import SettingError
from erckit.recipe.training_settings import MetricSettings
from erckit.training.objectives.objective import NO_LABEL


class MetricObjective:
    """The loss that ``MetricSettings`` names.

    Source: triplets, SentEmoContext (Gendron and Guibon 2024), section 3; supervised contrastive, Khosla et al. 2020,
    equation 2; prototypes, SPCL (Song et al. 2022), section 3.3.
    Deviations from SPCL: a prototype is the mean of the whole queue, not of a random part of it; prototypes are
    anchors, too; there is no curriculum.

    Args:
        settings: Which loss.
        labels: Number of labels, L.
        width: Of the vectors, V.
        device: Where the queue is kept.

    Raises:
        SettingError: pytorch-metric-learning is not installed.
    """

    def __init__(self, settings: MetricSettings, labels: int, width: int, device: torch.device) -> None:
        try:
            from pytorch_metric_learning import distances, losses, miners
        except ImportError:
            raise SettingError(
                f"'training.metric.loss: {settings.loss}' needs pytorch-metric-learning: pip install 'erckit[metric]'."
            ) from None
        self.settings = settings
        is_cosine = settings.distance == "cosine"
        distance = distances.CosineSimilarity() if is_cosine else distances.LpDistance(normalize_embeddings=False)
        self._miner: Any = None
        if settings.loss == "triplet":
            self._loss: Any = losses.TripletMarginLoss(margin=settings.margin, distance=distance)
            if settings.miner == "hard":
                self._miner = miners.BatchHardMiner(distance=distance)
            elif settings.miner == "semihard":
                self._miner = miners.TripletMarginMiner(settings.margin, "semihard", distance=distance)
        else:
            self._loss = losses.SupConLoss(settings.temperature)
        rows = settings.queue if settings.loss == "prototypes" else 0
        self._queue = torch.zeros(labels, rows, width, device=device)
        self._pushed = torch.zeros(labels, dtype=torch.int64, device=device)  # vectors ever put in, by label

    def __call__(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of a batch.

        Args:
            vectors: (R, V).
            labels: (R,), ``NO_LABEL`` for none; those are left out.

        Returns:
            A scalar, 0 where the batch holds no pair to learn from.
        """
        with torch.autocast(vectors.device.type, enabled=False):
            chosen = self._choose(labels)
            vectors, labels = vectors[chosen].float(), labels[chosen]
            if not len(labels):
                return 0.0 * vectors.sum()
            if self.settings.loss == "prototypes":
                return self._with_prototypes(vectors, labels)
            if self.settings.miner == "uniform" and self.settings.loss == "triplet":
                triplets = uniform_triplets(labels, self.settings.triplets)
                return self._loss(vectors, labels, triplets) if triplets is not None else 0.0 * vectors.sum()
            mined = None if self._miner is None else self._miner(vectors.detach(), labels)
            return self._loss(vectors, labels, mined)  # type: ignore[no-any-return]

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {"metric.queue": self._queue, "metric.pushed": self._pushed}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        self._queue.copy_(tensors["metric.queue"])
        self._pushed.copy_(tensors["metric.pushed"])

    def _choose(self, labels: Tensor) -> Tensor:
        """Rows that take part: at most ``per_label`` of each label, in order."""
        most = self.settings.per_label
        if not most:
            return torch.nonzero(labels != NO_LABEL)[:, 0]
        order = torch.randperm(len(labels)).to(labels.device)
        parts = [order[labels[order] == label][:most] for label in labels.unique().tolist() if label != NO_LABEL]
        return torch.cat(parts).sort().values if parts else order[:0]

    def _with_prototypes(self, vectors: Tensor, labels: Tensor) -> Tensor:
        size = self.settings.queue
        known = torch.nonzero(self._pushed)[:, 0]  # labels that have a prototype
        filled = self._pushed[known].clamp(max=size)
        prototypes = self._queue[known].sum(1) / filled[:, None]  # rows not filled yet are zero
        loss: Tensor = self._loss(torch.cat([vectors, prototypes]), torch.cat([labels, known]), None)
        with torch.no_grad():
            for vector, label in zip(F.normalize(vectors, dim=1), labels.tolist(), strict=True):
                self._queue[label, int(self._pushed[label]) % size] = vector
                self._pushed[label] += 1
        return loss


def uniform_triplets(labels: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor] | None:
    """Triplets whose labels are drawn evenly, whatever the labels' counts.

    Args:
        labels: (R,), without ``NO_LABEL``.
        count: Triplets to draw, K.

    Returns:
        Rows of anchors, positives (another utterance of the same label) and negatives, (K,) each; None where no
        label has two utterances, or there is one label only.
    """
    names, sizes = labels.unique(return_counts=True)
    pairs = torch.nonzero(sizes >= 2)[:, 0]
    if len(pairs) == 0 or len(names) < 2:
        return None
    order = torch.argsort(labels, stable=True)  # utterances by label
    starts = sizes.cumsum(0) - sizes

    def draw(below: Tensor) -> Tensor:
        return (torch.rand(count).to(labels.device) * below).long().clamp(max=below - 1)

    same = pairs[draw(torch.full((count,), len(pairs), device=labels.device))]
    first = draw(sizes[same])
    second = (first + 1 + draw(sizes[same] - 1)) % sizes[same]
    other = (same + 1 + draw(torch.full((count,), len(names) - 1, device=labels.device))) % len(names)
    third = draw(sizes[other])
    return order[starts[same] + first], order[starts[same] + second], order[starts[other] + third]
