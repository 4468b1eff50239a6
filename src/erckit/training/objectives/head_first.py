"""The label head alone, trained on isolated utterances before everything else."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from erckit.errors import SettingError, nearest
from erckit.labels import LabelSet
from erckit.networks.network import ConversationModel
from erckit.progress import Progress
from erckit.recipe.training_settings import HeadFirstSettings
from erckit.training.data import TrainingData
from erckit.training.objectives.objective import class_weights


def train_head_first(
    model: ConversationModel,
    data: TrainingData,
    label_set: LabelSet,
    settings: HeadFirstSettings,
    seed: int,
    quiet: bool = True,
) -> float:
    """Draw isolated utterances and train the head on them; the model is changed in place.

    Args:
        model: One whose label head scores vectors of a frozen backbone.
        data: All training utterances and their vectors.
        label_set: The labels.
        settings: How.
        seed: Fixes the draw and the order.
        quiet: No progress.

    Returns:
        Mean loss of the last epoch.

    Raises:
        SettingError: Another model, or a label that the corpus lacks.
    """
    known = data.prepared.vectors
    if not model.trains_head_first(model.settings) or known is None:
        raise SettingError(
            "'training.head_first' needs a model whose label head reads vectors of a frozen backbone; "
            "set its epochs to 0."
        )
    rows = draw_utterances(data.labels, label_set, settings.utterances, seed)
    was_training = model.training
    model.eval()  # one dropout mask must not stay with the vectors for all epochs
    with torch.no_grad():
        vectors = model.project(known[rows].to(model.label_bias.device))
    model.train(was_training)
    return fit_head(model, vectors, data.labels[rows], settings, seed, quiet)


def fit_head(
    model: ConversationModel,
    vectors: Tensor,
    labels: Tensor,
    settings: HeadFirstSettings,
    seed: int,
    quiet: bool = True,
) -> float:
    """Train the head to score sentence vectors, changed in place.

    Source: SentEmoContext, section 3: 50 epochs, Adam 5e-4, batches of 16, cross-entropy weighted by the counts of
    the drawn utterances.

    Args:
        model: Its head is trained, nothing else.
        vectors: Sentence vectors of the drawn utterances as the model's projection gives them, (N, H).
        labels: Theirs, (N,).
        settings: How.
        seed: Fixes the order.
        quiet: No progress.

    Returns:
        Mean loss of the last epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = class_weights("inverse", labels.tolist(), len(model.label_bias)).to(vectors.device)
    optimizer = torch.optim.Adam(model.head_parameters(), lr=settings.rate)
    total = 0.0
    with Progress(settings.epochs, "Training the head", "epochs", quiet) as bar:
        for _ in range(settings.epochs):
            total = 0.0
            for rows in torch.randperm(len(labels), generator=generator).split(settings.batch):
                loss = F.cross_entropy(model.score(vectors[rows]), labels[rows].to(vectors.device), weight=weights)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            bar.advance(note=f"loss {total / max(1, len(labels)):.3f}")
    model.zero_grad(set_to_none=True)
    return total / max(1, len(labels))


def draw_utterances(labels: Tensor, label_set: LabelSet, wanted: Mapping[str, int], seed: int) -> Tensor:
    """Rows of utterances drawn per label, again and again where a label has fewer than wanted.

    Args:
        labels: Of all utterances, ``NO_LABEL`` for none.
        label_set: The labels.
        wanted: Utterances per label; all of a label that is not named.
        seed: Fixes the draw.

    Raises:
        SettingError: A label the corpus lacks.
    """
    for label in wanted:
        if label not in label_set.labels:
            hint = nearest(label, label_set.labels)
            raise SettingError(f"'training.head_first.utterances.{label}': no such label. {hint}")
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for number, label in enumerate(label_set.labels):
        rows = torch.nonzero(labels == number)[:, 0]
        if label in wanted and len(rows):
            times = -(-wanted[label] // len(rows))
            shuffled = [rows[torch.randperm(len(rows), generator=generator)] for _ in range(times)]
            rows = torch.cat(shuffled)[: wanted[label]]
        parts.append(rows)
    return torch.cat(parts)
