"""Losses against scikit-learn's weights and plain sums."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from erckit.training.objectives.objective import NO_LABEL, class_weights, symmetric_divergence, weighted_cross_entropy


def test_published_weights_are_min_count() -> None:
    """systems.md 2.1 prints Sad 1.0, Powerful .856, Peaceful .746, Mad .624, Scared .522, Joyful .307, Neutral .221."""
    counts = [671, 784, 900, 1076, 1285, 2184, 3034]
    labels = [y for y, count in enumerate(counts) for _ in range(count)] + [NO_LABEL] * 50
    found = class_weights("min_count", labels, 7)
    assert [round(w, 3) for w in found.tolist()] == [1.0, 0.856, 0.746, 0.624, 0.522, 0.307, 0.221]


@pytest.mark.parametrize("kind", ["inverse", "sqrt_inverse"])
def test_inverse_weights_average_to_one_over_utterances(kind: str) -> None:
    labels = [0] * 50 + [1] * 10 + [2] * 5
    found = class_weights(kind, labels, 3)
    assert found[labels].mean().item() == pytest.approx(1)
    power = 1 if kind == "inverse" else 0.5
    assert (found[2] / found[0]).item() == pytest.approx(10**power)
    if kind == "inverse":
        balanced = compute_class_weight("balanced", classes=np.arange(3), y=np.array(labels))
        np.testing.assert_allclose(found.numpy(), balanced, rtol=1e-6)


def test_no_weights_and_a_class_nobody_has() -> None:
    assert class_weights("none", [0, 0], 3).tolist() == [1, 1, 1]
    for kind in ("min_count", "inverse", "sqrt_inverse"):
        two, three = class_weights(kind, [0, 0, 1], 2), class_weights(kind, [0, 0, 1], 3)
        assert torch.isfinite(three).all()
        assert three[:2].tolist() == two.tolist()  # it does not move the others
        assert class_weights(kind, [NO_LABEL, NO_LABEL], 3).tolist() == [1, 1, 1]


@given(st.lists(st.sampled_from([0, 1, 2, NO_LABEL]), min_size=1, max_size=12), st.sampled_from([0.0, 0.2]))
def test_sum_over_utterances_of_weight_times_cross_entropy(labels: list[int], smoothing: float) -> None:
    generator = torch.Generator().manual_seed(len(labels))
    logits = torch.randn(len(labels), 3, generator=generator)
    weights = torch.tensor([0.2, 1.0, 0.5])
    expected = 0.0
    for row, y in zip(logits.double().log_softmax(1), labels, strict=True):
        if y != NO_LABEL:
            target = (1 - smoothing) * F.one_hot(torch.tensor(y), 3) + smoothing / 3
            expected += weights[y].item() * -(target * row).sum().item()
    found = weighted_cross_entropy(logits, torch.tensor(labels), weights, smoothing=smoothing)
    assert found.item() == pytest.approx(expected, abs=1e-4)


def test_soft_targets_replace_the_label_but_not_its_weight() -> None:
    logits, labels, weights = torch.randn(4, 3), torch.tensor([0, 1, NO_LABEL, 2]), torch.tensor([0.2, 1.0, 0.5])
    hard = F.one_hot(labels.clamp(min=0), 3).float()
    torch.testing.assert_close(
        weighted_cross_entropy(logits, labels, weights, soft=hard), weighted_cross_entropy(logits, labels, weights)
    )
    even = torch.full((4, 3), 1 / 3)
    expected = sum(-weights[y] * logits[i].log_softmax(0).mean() for i, y in ((0, 0), (1, 1), (3, 2)))
    torch.testing.assert_close(weighted_cross_entropy(logits, labels, weights, soft=even), expected)


def test_divergence_is_the_mean_of_both_directions() -> None:
    first, second = torch.randn(5, 4), torch.randn(5, 4)
    labels = torch.tensor([0, NO_LABEL, 1, 2, 3])
    p, q = (x[labels >= 0].log_softmax(1) for x in (first, second))
    expected = 0.5 * (
        F.kl_div(p, q, log_target=True, reduction="sum") + F.kl_div(q, p, log_target=True, reduction="sum")
    )
    torch.testing.assert_close(symmetric_divergence(first, second, labels), expected)
    assert symmetric_divergence(first, first, labels).item() == 0


def test_nothing_labelled_costs_nothing() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    loss = weighted_cross_entropy(logits, torch.tensor([NO_LABEL] * 2), torch.ones(3))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_impossible_labels_take_no_part() -> None:
    """The loss over some labels is the loss of a model that has only those."""
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(3), requires_grad=True)
    labels, weights = torch.tensor([0, 2, 0, NO_LABEL, 2]), torch.tensor([1.0, 0.3, 0.5, 2.0])
    possible = torch.tensor([[True, False, True, False]] * 5)
    found = weighted_cross_entropy(logits, labels, weights, smoothing=0.1, possible=possible)
    among = torch.tensor([0, 2])
    renumbered = torch.tensor([0, 1, 0, NO_LABEL, 1])
    wanted = weighted_cross_entropy(logits[:, among], renumbered, weights[among], smoothing=0.1)
    torch.testing.assert_close(found, wanted)
    found.backward()
    assert logits.grad is not None
    assert logits.grad[:, [1, 3]].abs().max() == 0


def test_all_labels_possible_is_no_restriction() -> None:
    logits, labels, weights = torch.randn(4, 3), torch.tensor([0, 1, NO_LABEL, 2]), torch.tensor([0.2, 1.0, 0.5])
    torch.testing.assert_close(
        weighted_cross_entropy(logits, labels, weights, smoothing=0.2, possible=torch.ones(4, 3, dtype=torch.bool)),
        weighted_cross_entropy(logits, labels, weights, smoothing=0.2),
    )
