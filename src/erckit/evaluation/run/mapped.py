"""Scoring a model on a corpus with other labels: both mapped to one label set, scored on the labels they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.conversation import Conversation, LabelledConversation
from erckit.corpora.mappings.mappings import find_mapping, map_corpus
from erckit.errors import LabelSetError, nearest
from erckit.label_mapping import LabelMapping
from erckit.labelling.map_labelled import map_labelled
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus


@dataclass(frozen=True, slots=True)
class SharedLabels:
    """What a model and a corpus have in common under a mapping.

    Args:
        corpus: The corpus, its labels mapped.
        model: The model's labels mapped.
        label_set: Labels that both reach, in the target's order; neutral if it is among them.
    """

    corpus: Corpus
    model: LabelMapping
    label_set: LabelSet

    def map_labelled(
        self, labelled: Sequence[LabelledConversation], is_named: bool = False
    ) -> list[LabelledConversation]:
        """Predictions in the shared labels: scores of merged labels added up, the rest divided by its sum.

        A gold label that is not shared becomes None, so that its utterance is not scored. For ``is_named`` see
        ``map_labelled``.
        """
        mapped = map_labelled(labelled, self.model, self.label_set.labels, is_named=is_named)
        return [
            LabelledConversation(_without_other_labels(one.conversation, self.label_set), one.predictions)
            for one in mapped
        ]


def share_labels(
    labels: Sequence[str],
    corpus: Corpus,
    target: str | Path | None = None,
    only: Sequence[str] | None = None,
) -> SharedLabels:
    """Map a model's labels and a corpus' labels to one label set.

    Args:
        labels: The model's.
        corpus: As loaded, or mapped already.
        target: Name of a label set or a mapping file. None takes the labels of the corpus as they are, for a
            corpus that was mapped before: labels that only one side has are not scored.
        only: Score these of the shared labels and no others, so that another system can be scored on the same ones.

    Raises:
        LabelSetError: No such target, no mapping from either side, fewer than two shared labels, or a label of
            ``only`` that is not shared.
    """
    if target is None:
        kept = {label: label if label in corpus.label_set else None for label in labels}
        model = LabelMapping(corpus.mapping, tuple(labels), corpus.label_set, kept)
        theirs = corpus.label_set.labels
    else:
        model = find_mapping(labels, target)
        mapping = find_mapping(corpus.label_set.labels, target)
        corpus, theirs = map_corpus(corpus, mapping), mapping.reachable
    shared = tuple(label for label in model.reachable if label in theirs)
    if len(shared) < 2:
        raise LabelSetError(
            f"mapped to {model.name}, the model reaches {list(model.reachable)} and corpus '{corpus.name}' "
            f"{list(theirs)}; they share {len(shared)} of them and at least two are needed. Choose another label set."
        )
    if only is not None:
        shared = _chosen(only, shared, model.name)
    neutral = model.target.neutral if model.target.neutral in shared else None
    return SharedLabels(corpus, model, LabelSet(shared, neutral))


def _chosen(only: Sequence[str], shared: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The shared labels that are asked for, in their own order."""
    for label in only:
        if label not in shared:
            raise LabelSetError(
                f"mapped to {name}, model and corpus do not share a label '{label}'. {nearest(label, shared)}"
            )
    chosen = tuple(label for label in shared if label in only)
    if len(chosen) < 2:
        raise LabelSetError(f"at least two labels are needed to be scored, got {list(chosen)} of {list(shared)}.")
    return chosen


def _without_other_labels(conversation: Conversation, label_set: LabelSet) -> Conversation:
    if all(utterance.label is None or utterance.label in label_set for utterance in conversation.utterances):
        return conversation
    utterances = tuple(
        replace(one, label=one.label if one.label in label_set else None) for one in conversation.utterances
    )
    return replace(conversation, utterances=utterances)
