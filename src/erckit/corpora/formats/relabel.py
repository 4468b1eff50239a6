"""Another task on the same conversations: a label that stands beside the emotion becomes the gold label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet


def relabel(
    conversations: Sequence[Conversation], key: str, label_set: LabelSet, path: Path
) -> tuple[Conversation, ...]:
    """Conversations whose gold label is ``extra[key]``; the emotion they had is kept in ``extra["emotion"]``.

    Args:
        conversations: Labelled with emotions.
        key: Where the other label stands.
        label_set: What it must be one of.
        path: The file they come from, for messages.

    Raises:
        CorpusError: An utterance without that label, or with one the label set lacks.
    """
    return tuple(
        replace(c, utterances=tuple(_relabelled(u, c.id, key, label_set, path) for u in c.utterances))
        for c in conversations
    )


def _relabelled(utterance: Utterance, conversation: str, key: str, label_set: LabelSet, path: Path) -> Utterance:
    label = utterance.extra.get(key)
    if label not in label_set:
        what = f"no '{key}'" if label is None else f"the {key} '{str(label)[:40]}'"
        raise CorpusError(
            f"{path}: utterance '{utterance.id}' of '{conversation}' has {what}. "
            f"{nearest(str(label), label_set.labels)} Mend it, or get the corpus again."
        )
    extra = {name: value for name, value in utterance.extra.items() if name != key}
    return replace(utterance, label=label, extra={**extra, "emotion": utterance.label})
