"""The labels of a user's corpus: the set they make, and those that are a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from erckit.conversation import Conversation
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet

NEUTRAL = ("neutral", "no emotion", "none")
# How programs write that there is no value. An empty cell or null means an utterance without a label.
_MISSING = frozenset({"nan", "null", "n/a", "<na>"})

Splits = Mapping[str, tuple[Conversation, ...]]


def refuse_missing_labels(path: Path, conversations: Sequence[Conversation], line_of: Callable[[str], int]) -> None:
    """Pass where no label is a word for a missing value.

    Args:
        path: The file, for messages.
        conversations: Read from it.
        line_of: Gives the line on which a label stands first.

    Raises:
        CorpusError: Such a label; the message names its line.
    """
    for conversation in conversations:
        for utterance in conversation.utterances:
            label = utterance.label
            if label is not None and label.casefold() in _MISSING:
                raise CorpusError(
                    f"{path}:{line_of(label)}: utterance '{utterance.id}' of '{conversation.id}' has the label "
                    f"'{label}', which means a missing value. Leave it empty (in JSON: null) if it has none."
                )


def own_label_set(name: object, splits: Splits, neutral: str | None) -> LabelSet:
    """Labels of train (of all splits where there is no train), the most frequent first.

    Args:
        name: Of the corpus, for messages.
        splits: Its conversations.
        neutral: The label that means no emotion; None takes ``neutral``, ``no emotion`` or ``none``, where there
            is one.

    Raises:
        CorpusError: Fewer than two labels, labels that differ in case only, no such neutral label, or a label
            that train lacks.
    """
    counts = {split: Counter(_labels(conversations)) for split, conversations in splits.items()}
    total = counts.get("train") or sum(counts.values(), Counter())
    labels = tuple(sorted(total, key=lambda label: (-total[label], label)))
    by_case: dict[str, str] = {}
    for label in (label for count in counts.values() for label in count):
        other = by_case.setdefault(label.casefold(), label)
        if other != label:
            raise CorpusError(f"{name}: labels '{other}' and '{label}' differ in case only. Write them alike.")
    if len(labels) < 2:
        raise CorpusError(
            f"{name}: has the label{'s' * (len(labels) != 1)} {', '.join(map(repr, labels)) or 'none'} only; at least "
            "two are needed to tell apart. Check that the label column is the right one."
        )
    for split, count in counts.items():
        for label, number in count.items():
            if label not in total:
                raise CorpusError(
                    f"{name}: the label '{label}' occurs in {split} ({number} utterance{'s' * (number != 1)}) and "
                    "never in train, so no model can learn it. Correct it, leave it empty, or put examples into "
                    "train."
                )
    return LabelSet(labels, neutral=_neutral(name, labels, neutral))


def _neutral(name: object, labels: tuple[str, ...], neutral: str | None) -> str | None:
    if neutral is not None:
        if neutral not in labels:
            raise CorpusError(
                f"{name}: the neutral label '{neutral}' is not one of its labels. {nearest(neutral, labels)}"
            )
        return neutral
    by_name = {" ".join(label.casefold().replace("_", " ").replace("-", " ").split()): label for label in labels}
    return next((by_name[word] for word in NEUTRAL if word in by_name), None)


def _labels(conversations: Sequence[Conversation]) -> list[str]:
    return [u.label for c in conversations for u in c.utterances if u.label is not None]
