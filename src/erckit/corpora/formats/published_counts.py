"""Counts of one split as published, or derived from the published files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ANY_TASK = (
    "conversations", "utterances", "speakers", "words_mean", "words_max", "length_mean", "length_min", "length_max",
    "speakers_per_conversation", "one_utterance", "one_speaker",
)  # fmt: skip
_OF_THE_LABELS = ("emotions_per_conversation", "changes_same_speaker", "changes_any_neighbour")


def published_counts(values: tuple[float, ...], labels: Mapping[str, int]) -> dict[str, Any]:
    """Counts of a split by field name of ``SplitStatistics``.

    Args:
        values: Conversations, utterances, speakers, words per utterance (mean, max), utterances per conversation
            (mean, min, max), speakers per conversation, conversations of one utterance and of one speaker; then,
            where they are known, distinct labels per conversation and label changes (same speaker, any neighbour).
            Means are rounded to two decimals.
        labels: Utterances per label.
    """
    keys = _ANY_TASK if len(values) == len(_ANY_TASK) else (*_ANY_TASK, *_OF_THE_LABELS)
    return {**dict(zip(keys, values, strict=True)), "labels": dict(labels)}


def without_labels(counts: Mapping[str, Any], labels: Mapping[str, int]) -> dict[str, Any]:
    """The same split with the labels of another task: what depends on labels is left out, ``labels`` are put in."""
    return {**{key: counts[key] for key in _ANY_TASK}, "labels": dict(labels)}
