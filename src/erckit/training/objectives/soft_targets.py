"""Soft targets: what other models' results say about the training utterances."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.recipe.training_settings import TrainingSettings
from erckit.storage.compact_predictions import unpack_predictions


def load_soft_targets(
    settings: TrainingSettings, conversations: Sequence[Conversation], label_set: LabelSet
) -> Tensor | None:
    """Targets that mix the gold label with the mean score of teachers, (utterances, L), or None without teachers.

    Teachers are result files of the training split (``erckit evaluate MODEL --split train --json FILE``); one that
    holds several seeds counts with their mean.

    Raises:
        SettingError: A teacher that does not score every training utterance over the same labels.
    """
    if not settings.teachers:
        return None
    total = torch.zeros(sum(len(c) for c in conversations), len(label_set))
    paths = [Path(p) for p in settings.teachers]
    for path in paths:
        try:
            predictions = unpack_predictions(json.loads(path.read_text(encoding="utf-8"))["predictions"])
            found: dict[tuple[str, str], list[Mapping[str, float]]] = {}  # one per seed of the result
            for p in predictions:
                found.setdefault((p["conversation"], p["utterance"]), []).append(p["scores"])
            rows = [found[c.id, u.id] for c in conversations for u in c.utterances]
            total += torch.tensor(
                [[sum(scores[label] for scores in runs) / len(runs) for label in label_set.labels] for runs in rows]
            )
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise SettingError(
                f"teacher '{path}' does not score the training split ({error!r}). Make it with "
                "'erckit evaluate MODEL --split train --json FILE'."
            ) from None
    teacher = total / total.sum(1, keepdim=True)
    labels = torch.tensor([i for c in conversations for i in label_set.indices((u.label for u in c.utterances), 0)])
    gold = torch.nn.functional.one_hot(labels, len(label_set)).float()
    return (1 - settings.teacher_share) * gold + settings.teacher_share * teacher
