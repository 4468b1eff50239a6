"""The loss of a step: weighted cross-entropy, R-Drop and metric learning, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from erckit.labels import LabelSet
from erckit.networks.network import ModelOutput
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.objectives.metric_objective import MetricObjective
from erckit.training.objectives.objective import (
    NO_LABEL,
    bar_impossible,
    class_weights,
    symmetric_divergence,
    weighted_cross_entropy,
)


class StepLoss:
    """Sum over the labelled utterances of a batch.

    Args:
        settings: The training's settings.
        weights: Class weights from the whole corpus, (L,).
        metric: Loss on the vectors, or None.
        factors: What class weights that are counted in a batch are multiplied with, (L,), or None.
    """

    def __init__(
        self, settings: TrainingSettings, weights: Tensor, metric: MetricObjective | None, factors: Tensor | None = None
    ) -> None:
        self.settings, self.weights, self.metric = settings, weights, metric
        self.factors = torch.ones_like(weights) if factors is None else factors

    def __call__(
        self,
        forward: Callable[[], ModelOutput],
        labels: Tensor,
        soft: Tensor | None,
        phase: str = "joint",
        possible: Tensor | None = None,
    ) -> tuple[Tensor, ModelOutput]:
        """Loss of a batch and what the model said.

        Args:
            forward: Runs the model on the batch, each time with new dropout.
            labels: (R,), ``NO_LABEL`` for none.
            soft: Target distributions, (R, L), or None.
            phase: ``joint``, or only the ``cross-entropy``, or only the ``metric`` loss.
            possible: Which labels an utterance can have, (R, L) booleans; None for all.
        """
        settings = self.settings
        output = forward()
        known = int((labels != NO_LABEL).sum())
        if phase == "metric":
            assert self.metric is not None
            # a mean, where the caller divides by the utterances
            loss = settings.metric.weight * known * self.metric(output.vectors, labels)
            return loss + 0 * output.logits.sum(), output  # the head takes no part, but has a gradient
        weights = self._weights(labels)

        def objective(logits: Tensor) -> Tensor:
            return weighted_cross_entropy(
                logits, labels, weights, smoothing=settings.label_smoothing, soft=soft, possible=possible
            )

        loss = objective(output.logits)
        if settings.r_drop:
            other = forward().logits
            loss = 0.5 * (loss + objective(other))
            first, second = bar_impossible(output.logits, possible), bar_impossible(other, possible)
            loss = loss + settings.r_drop * symmetric_divergence(first, second, labels)
        if self.metric is not None and phase == "joint":
            loss = loss + settings.metric.weight * known * self.metric(output.vectors, labels)
        return loss, output

    def _weights(self, labels: Tensor) -> Tensor:
        if self.settings.weights_from == "corpus":
            return self.weights.to(labels.device)
        counted = class_weights(self.settings.class_weights, labels.tolist(), len(self.weights))
        return (counted * self.factors).to(labels.device)


def make_step_loss(
    settings: TrainingSettings, labels: Sequence[int], label_set: LabelSet, width: int, device: torch.device
) -> StepLoss:
    """The loss of a training.

    Args:
        settings: The training's settings.
        labels: Of all training utterances, ``NO_LABEL`` for none.
        label_set: The labels.
        width: Of the vectors that a metric loss compares, V.
        device: Where it is computed.
    """
    weights = class_weights(settings.class_weights, labels, len(label_set))
    factors = torch.ones_like(weights)
    if label_set.neutral is not None:
        factors[label_set.index(label_set.neutral)] = settings.neutral_weight
    metric = None
    if settings.metric.loss != "none":
        metric = MetricObjective(settings.metric, len(label_set), width, device)
    return StepLoss(settings, weights * factors, metric, factors)
