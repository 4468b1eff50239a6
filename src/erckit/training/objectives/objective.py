"""The loss: cross-entropy weighted per utterance, so that any batch size gives the same gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

NO_LABEL = -100
IMPOSSIBLE = -1e4  # finite, so that zero times it stays zero


def class_weights(kind: str, labels: Sequence[int], classes: int) -> Tensor:
    """Weight of every class, (L,).

    Args:
        kind: ``none``; ``min_count``, smallest count / count, as EmoNet publishes (the rarest class weighs 1);
            ``inverse``, 1 / count scaled so that the mean over utterances is 1; ``sqrt_inverse``, its square root,
            scaled likewise.
        labels: Gold label of every utterance, ``NO_LABEL`` for none.
        classes: L. Those that nobody has take no part in the scale.
    """
    known = torch.tensor([y for y in labels if y != NO_LABEL], dtype=torch.int64)
    counts = torch.bincount(known, minlength=classes).float()
    present = counts > 0  # a class that nobody has weighs nothing, but must not move the others
    if kind == "none" or not present.any():
        return torch.ones(classes)
    safe = counts.clamp(min=1)
    if kind == "min_count":
        return (counts[present].min() / safe).clamp(max=1)
    weights = safe.reciprocal() if kind == "inverse" else safe.rsqrt()
    return weights * counts.sum() / (weights * counts)[present].sum()


def bar_impossible(logits: Tensor, possible: Tensor | None) -> Tensor:
    """Logits with labels that an utterance's corpus does not have pushed far down, so that they get no score.

    A corpus without "surprise" does not say that nobody in it was surprised: its utterances must not teach a model
    that learns from several corpora never to predict that label.

    Args:
        logits: (R, L).
        possible: Which labels an utterance can have, (R, L) booleans; None for all.
    """
    return logits if possible is None else logits.masked_fill(~possible, IMPOSSIBLE)


def weighted_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    *,
    smoothing: float = 0.0,
    soft: Tensor | None = None,
    possible: Tensor | None = None,
) -> Tensor:
    """Sum over utterances of weight[label] x cross-entropy; utterances without a label add nothing.

    A sum, not a mean: the caller divides by the labelled utterances of the whole optimiser step, so that a batch of
    N gives the gradient of N batches of one. (Dividing by the sum of weights, as ``CrossEntropyLoss(weight=)``
    does, or weighting a mean, as the published code does, does not.)

    Args:
        logits: (R, L).
        labels: (R,), ``NO_LABEL`` for none.
        weights: (L,).
        smoothing: Share of the target spread evenly over all labels, in [0, 1); not applied to ``soft``.
        soft: Target distributions that replace the labels (their weights stay the labels'), (R, L), or None.
        possible: Which labels an utterance can have, (R, L) booleans; the others take no part. None for all.

    Returns:
        A scalar.
    """
    known = labels != NO_LABEL
    logits, labels = bar_impossible(logits.float(), possible)[known], labels[known]
    if soft is None and possible is not None:
        among = possible[known].float()
        spread = smoothing * among / among.sum(1, keepdim=True)
        target = (1 - smoothing) * F.one_hot(labels, logits.shape[1]) + spread  # (R, L)
        losses = -(target * logits.log_softmax(1)).sum(1)
    elif soft is None:
        losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
    else:
        losses = F.cross_entropy(logits, soft[known], reduction="none")
    return (weights[labels] * losses).sum()


def symmetric_divergence(first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
    """Sum over labelled utterances of the mean of both Kullback-Leibler divergences.

    Source: R-Drop (Liang et al. 2021), equation 2.

    Args:
        first: Logits of one pass, (R, L).
        second: Logits of another pass with other dropout, (R, L).
        labels: (R,), ``NO_LABEL`` for none.
    """
    known = labels != NO_LABEL
    p, q = first[known].float().log_softmax(1), second[known].float().log_softmax(1)
    return 0.5 * ((p.exp() - q.exp()) * (p - q)).sum()
